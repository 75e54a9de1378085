"""Parts of documents, checked field by field: one line for each that is not accepted.

A field that has no meaning here says so where it is declared: it is *unused*, which is
a warning, or *refused*, which is an error. No field is left out silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from azml_pipelines.errors import BadDocumentError
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azml_pipelines.azure_v2.document import Place

__all__ = [
    "Described",
    "Refused",
    "Schema",
    "Section",
    "Unused",
    "check_keys",
    "fates",
    "parse",
]

S = TypeVar("S", bound="Section")
_SHOULD = "input should be "


@dataclass(frozen=True)
class Unused:
    """The field is accepted and has no effect; a warning says why."""

    why: str


@dataclass(frozen=True)
class Refused:
    """The field is not accepted; the reason, and what to do instead."""

    why: str


class Section(BaseModel):
    """A mapping in a document, with all keys that it may have."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Schema = Annotated[str | None, Field(default=None, alias="$schema")]
Described = str | None
"""Text for people, which runs keep."""


def parse(kind: type[S], content: object, place: Place) -> S:
    """Check a part of a document.

    Args:
        kind: What it has to be.
        content: As YAML was read to.
        place: Where it stands.

    Raises:
        BadDocumentError: One line for each field that is not accepted.
    """
    if content is None:
        content = {}
    if not isinstance(content, dict):
        text = f"is {shown(content)}; it has keys: {listed(_names(kind), 200)}."
        raise place.problem(text)
    problems = [
        f"{place / name}: {found.why}."
        for name, found in fates(kind)
        if isinstance(found, Refused) and content.get(name) is not None
    ]
    try:
        made = kind.model_validate(content)
    except ValidationError as error:
        problems += _problems(kind, error, place, content)
    if problems:
        raise BadDocumentError(problems)
    for name, found in fates(kind):
        if isinstance(found, Unused) and content.get(name) is not None:
            (place / name).warn(found.why)
    return made


def check_keys(kind: type[Section], content: Mapping[str, Any], place: Place) -> None:
    """Refuse keys that a section does not have, before anything is made of the others.

    Raises:
        BadDocumentError: One line for each.
    """
    known = {name for name, _ in fates(kind)}
    problems = [
        f"{place / key}: {_unknown(kind, key)}" for key in content if key not in known
    ]
    if problems:
        raise BadDocumentError(problems)


def fates(kind: type[Section]) -> Iterator[tuple[str, Unused | Refused | None]]:
    """Yield each key of a section and what becomes of it; None when it is honoured."""
    for name, field in kind.model_fields.items():
        found = [one for one in field.metadata if isinstance(one, (Unused, Refused))]
        yield field.alias or name, found[0] if found else None


def _names(kind: type[Section]) -> list[str]:
    return [name for name, fate in fates(kind) if not isinstance(fate, Refused)]


def _problems(
    kind: type[Section], error: ValidationError, place: Place, content: object
) -> list[str]:
    lines: dict[str, str] = {}
    for found in error.errors(include_url=False):
        where = place
        absent = found["type"] == "missing"
        for key in _keys(found["loc"], content, absent=absent):
            where /= key
        text = _problem(kind, dict(found), where)
        before = lines.get(str(where))
        if before is not None:  # the other kinds of value that a key takes
            text = f"{before[:-1]} or {text.partition(_SHOULD)[2]}"
        lines[str(where)] = text
    return [f"{where}: {text}" for where, text in lines.items()]


def _keys(
    path: tuple[str | int, ...], content: object, *, absent: bool
) -> Iterator[str | int]:
    """Yield the keys of a path in a document, without pydantic's names of kinds."""
    for key in path:
        if isinstance(content, dict) and (absent or key in content):
            content = content.get(key)
        elif isinstance(content, list) and isinstance(key, int):
            content = content[key]
        else:
            continue
        yield key


def _unknown(kind: type[Section], key: str) -> str:
    names = _names(kind)
    hint = did_you_mean(key, names)
    return f"unknown key.{hint or f' Accepted: {listed(names, 200)}.'}"


def _problem(kind: type[Section], found: dict[str, Any], place: Place) -> str:
    if found["type"] == "extra_forbidden":
        return _unknown(kind, str(place.path[-1]))
    if found["type"] == "missing":
        return "is missing. Add it."
    message = " ".join(str(found["msg"]).split())
    return f"is {shown(found['input'])}: {message[0].lower()}{message[1:]}."
