"""A document of version 2 and the places in it, as messages name them."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import BadDocumentError
from azml_pipelines.strict_yaml import load_located, load_text
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Document", "Place", "read_document"]

_LONGEST_PATH = 120


@dataclass(frozen=True)
class Document:
    """What a file holds; paths in it are relative to its folder."""

    file: Path
    content: dict[str, Any]
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)
    """See ``LocatedYaml``."""

    @property
    def folder(self) -> Path:
        """Where its relative paths start."""
        return self.file.parent

    @property
    def top(self) -> Place:
        """The whole of it."""
        return Place(self)

    def with_values(self, assignments: Iterable[tuple[str, str]]) -> Document:
        """Return it with other values, each given as a dotted path and YAML text.

        Raises:
            BadDocumentError: A path leads through something that has no keys.
            BadYamlError: A value is no YAML.
        """
        content = copy.deepcopy(self.content)
        for path, text in assignments:
            *folders, last = path.split(".")
            place: Any = content
            for name in folders:
                place = place.setdefault(name, {})
                if not isinstance(place, dict):
                    problem = f"{path}: {name} is {shown(place)}, which has no keys."
                    raise BadDocumentError([problem])
            place[last] = load_text(text, path)
        return Document(self.file, content, self.lines)


@dataclass(frozen=True)
class Place:
    """Where in a document something stands."""

    document: Document
    path: tuple[str | int, ...] = ()

    def __truediv__(self, key: str | int) -> Place:
        return Place(self.document, (*self.path, key))

    def __str__(self) -> str:
        path = self.path
        while path and path not in self.document.lines:
            path = path[:-1]
        line = self.document.lines.get(path)
        number = "" if line is None else f":{line}"
        name = ".".join(map(str, self.path))
        where = f"{shown(self.document.file.name, _LONGEST_PATH)[1:-1]}{number}"
        return f"{where}: {shown(name, _LONGEST_PATH)[1:-1]}" if name else where

    def problem(self, text: str) -> BadDocumentError:
        """Return the error that this place is wrong."""
        return BadDocumentError([f"{self}: {text}"])

    def warn(self, text: str) -> None:
        """Say that something here has no effect, on one line."""
        warnings.warn(f"{self}: {text}", UserWarning, stacklevel=2)


def read_document(file: str | Path) -> Document:
    """Read a document.

    Raises:
        BadYamlError: It cannot be read, or could be read in two ways.
        BadDocumentError: It has no keys.
    """
    found = load_located(file)
    if not isinstance(found.content, dict):
        problem = f"{file} holds {shown(found.content)}; a document has keys."
        raise BadDocumentError([problem])
    return Document(Path(file).absolute(), found.content, found.lines)
