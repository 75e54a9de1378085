"""Files that are on their way while a mini-batch waits for them, in workers.

Beside the folder of an input, ``<folder>.failed`` holds a small JSON file for each one
that does not come: who brings files and who waits share nothing but these folders.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from typing import TYPE_CHECKING, Optional

from azml_pipelines.data.loading import FileInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.data.loading import InputFacts

__all__ = [
    "FATAL_REASONS",
    "InputFileError",
    "InputStoreError",
    "SuppliedInput",
    "everything_failed",
    "failure_mark",
    "forget_failures",
    "wait_for",
]

FATAL_REASONS = frozenset({"denied", "unreachable"})
"""Not the fault of one file: the step cannot go on."""
_PATIENCE = 1200.0
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.02


class InputFileError(Exception):
    """A file of a remote input did not come; ``reason`` is the word for why."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class InputStoreError(Exception):
    """The store of an input cannot be used at all; no mini-batch is to blame."""


def failure_mark(folder: str, path: str) -> str:
    """Return the file that says why ``path`` does not come.

    Args:
        folder: Of the input.
        path: Relative to it.
    """
    name = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
    return os.path.join(folder + ".failed", name)


def forget_failures(
    folder: str,
    lines: Optional[Sequence[bytes]] = None,  # noqa: UP045 - Python 3.9
    number: int = 0,
) -> None:
    """Take back that files of an input do not come.

    Args:
        folder: Of the input.
        lines: Of the mini-batch list: only what they name; everything by default.
        number: Of the input.
    """
    if not os.path.isdir(folder + ".failed"):
        return
    if lines is None:
        marks = [entry.path for entry in os.scandir(folder + ".failed")]
    else:
        named = (json.loads(line) for line in lines)
        paths = (path for one in named if one[0] == number for path in one[2])
        marks = [failure_mark(folder, path) for path in paths]
    for mark in marks:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(mark)


def everything_failed(folder: str, message: str) -> None:
    """Say that no file of an input will come."""
    mark = failure_mark(folder, "")
    os.makedirs(folder + ".failed", mode=0o700, exist_ok=True)
    with open(f"{mark}.new", "w", encoding="utf-8") as file:
        json.dump({"reason": "unreachable", "message": message}, file)
    os.replace(f"{mark}.new", mark)


def wait_for(folder: str, path: str, patience: float = _PATIENCE) -> str:
    """Return the local path of a file when it is there.

    Raises:
        InputFileError: It does not come.
        InputStoreError: Nothing does.
    """
    place = os.path.join(folder, path)
    if os.path.exists(place):
        return place
    marks = [failure_mark(folder, path), failure_mark(folder, "")]
    pause = _FIRST_PAUSE
    deadline = time.monotonic() + patience
    while not os.path.exists(place):
        for mark in marks:
            if os.path.exists(mark):
                _raise(mark)
        if time.monotonic() > deadline:
            message = f"{path!r} has not arrived within {patience:g} s"
            raise InputStoreError(message)
        time.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE)
    return place


def _raise(mark: str) -> None:
    try:
        with open(mark, encoding="utf-8") as file:
            told = json.load(file)
    except FileNotFoundError:
        return
    if told["reason"] in FATAL_REASONS:
        raise InputStoreError(told["message"])
    raise InputFileError(told["message"], told["reason"])


class SuppliedInput(FileInput):
    """Files that are brought while they are read.

    Args:
        root: What scripts see as their folder.
        folder: Where they appear; the same, or what ``root`` leads to.
        facts: See ``FileInput``.
    """

    def __init__(
        self,
        root: str,
        folder: str,
        facts: Optional[InputFacts] = None,  # noqa: UP045 - Python 3.9
    ) -> None:
        super().__init__(root, facts)
        self._folder = folder

    def load(self, payload: Sequence[str]) -> list[str]:
        """Wait for the files of a mini-batch and return their paths."""
        for path in payload:
            wait_for(self._folder, path)
        return super().load(payload)
