"""How much one mini-batch holds: files, bytes, rows, or what a run finds out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import shown

__all__ = [
    "ACCEPTED_SIZES",
    "DEFAULT_BYTES",
    "DEFAULT_FILES",
    "MiniBatchSize",
    "SizeUnit",
    "WrittenSize",
    "parse_size",
    "read_size",
]

SizeUnit = Literal["files", "bytes", "rows", "auto"]
ACCEPTED_SIZES = (
    "a whole number or text such as '5' (files; of tables bytes), '10KB', '1MB' or "
    "'2GB', '500 rows' (tables), or 'auto'"
)
DEFAULT_FILES = 10
DEFAULT_BYTES = 1024 * 1024
_WRITTEN = re.compile(
    r"(?P<number>[0-9]{1,18})(?:(?P<unit>[kmg]b)|(?P<rows> ?rows?))?", re.IGNORECASE
)
_MOST = 10**18
_BYTES = {"kb": 1024, "mb": 1024**2, "gb": 1024**3}


@dataclass(frozen=True)
class MiniBatchSize:
    """How much one mini-batch holds.

    ``bytes`` cuts tables into pieces of about that size, and puts files together until
    the next one would make them larger. With ``auto`` the run measures.
    """

    amount: int
    """At least 1; 0 exactly when ``unit`` is ``auto``."""
    unit: SizeUnit

    def __str__(self) -> str:
        """Return the number as version 1's command line has it, or what was written."""
        if self.unit == "auto":
            return "auto"
        return f"{self.amount} rows" if self.unit == "rows" else str(self.amount)


@dataclass(frozen=True)
class WrittenSize:
    """A size as it was written, before anyone knows what it is a size of."""

    amount: int
    unit: Literal["number", "bytes", "rows", "auto"]
    """A bare ``number`` means files, and bytes of tables."""

    def of(self, kind: Literal["file", "tabular"]) -> MiniBatchSize:
        """Return what this means for an input.

        Raises:
            DeclarationError: It is out of range, or rows of files. The message is only
                the reason; where the size stands is added by who knows.
        """
        if self.unit == "auto":
            return MiniBatchSize(0, "auto")
        if not 1 <= self.amount <= _MOST:
            msg = f"it has to be from 1 to 10**18; give {ACCEPTED_SIZES}."
            raise DeclarationError(msg)
        if self.unit == "rows":
            if kind == "file":
                msg = (
                    "only tables have rows, and this step reads files; give a number "
                    "of files such as 5, or '10MB', or 'auto'."
                )
                raise DeclarationError(msg)
            return MiniBatchSize(self.amount, "rows")
        if self.unit == "bytes" or kind == "tabular":
            return MiniBatchSize(self.amount, "bytes")
        return MiniBatchSize(self.amount, "files")


def parse_size(text: str) -> WrittenSize | None:
    """Read ``5``, ``10KB``, ``500 rows`` or ``auto``; None for any other text."""
    if text == "auto":
        return WrittenSize(0, "auto")
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    number = int(match["number"])
    if match["rows"]:
        return WrittenSize(number, "rows")
    if match["unit"]:
        return WrittenSize(number * _BYTES[match["unit"].lower()], "bytes")
    return WrittenSize(number, "number")


def read_size(size: object) -> WrittenSize:
    """Read a size that is a number or text.

    Raises:
        DeclarationError: It is neither, or the text is none of the accepted forms.
    """
    written = None
    if isinstance(size, str):
        written = parse_size(size)
    elif isinstance(size, int):  # True passes as 1, as in version 1
        written = WrittenSize(int(size), "number")
    if written is None:
        msg = f"mini_batch_size={shown(size)} is not allowed. Give {ACCEPTED_SIZES}."
        raise DeclarationError(msg)
    return written
