"""What a model was saved with, compared with what is installed here. Nothing runs."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["what_differs"]

_FILE = "requirements.txt"
_MOST_BYTES = 1 << 20
_STAND_INS = {"mlflow": "mlflow-skinny"}
"""Packages of which a smaller part is enough to score."""
_COMMENT = re.compile(r"(?:^|\s)#.*$")


def what_differs(folder: Path, python: object = None) -> list[str]:
    """Return what a model asks for and is not here, one text each.

    Args:
        folder: Of the model; its ``requirements.txt`` is read, if there is one.
        python: The version it was saved with, if it says so.
    """
    differences = []
    here = platform.python_version()
    minor = ".".join(here.split(".")[:2])
    if isinstance(python, str) and ".".join(python.split(".")[:2]) != minor:
        differences.append(f"python {python} (here {here})")
    file = folder / _FILE
    if not file.is_file():
        return differences
    text = file.read_bytes()[:_MOST_BYTES].decode("utf-8", "replace")
    for line in text.splitlines():
        plain = _COMMENT.sub("", line).strip()
        if plain:
            difference = _difference(plain)
            differences += [difference] if difference else []
    return differences


def _difference(line: str) -> str | None:
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        # An option, a path, a web address: nothing that could be compared.
        return f"{line[:80]} (not compared)"
    if wanted.marker is not None and not wanted.marker.evaluate():
        return None
    if wanted.url is not None:
        return f"{line[:80]} (not compared)"
    found = _installed(wanted.name)
    if found is None:
        return f"{wanted.name}{wanted.specifier} (not here)"
    if wanted.specifier.contains(found, prereleases=True):
        return None
    return f"{wanted.name}{wanted.specifier} (here {found})"


def _installed(name: str) -> str | None:
    known = canonicalize_name(name)
    for one in (known, _STAND_INS.get(known)):
        if one is not None:
            try:
                return version(one)
            except PackageNotFoundError:
                continue
    return None
