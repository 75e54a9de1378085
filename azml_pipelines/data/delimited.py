"""Delimited text cut at line ends, and pieces of it read as tables.

Plain text only: a field that holds a newline is not understood here, so such files are
read whole (``support_multi_line``). Imported by worker processes: pandas comes late.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["Delimited", "Piece", "column_names", "cut_file", "read_piece"]

_NEWLINE_IS_ONE_BYTE = frozenset(
    {"utf8", "utf8bom", "ascii", "latin1", "iso88591", "windows1252"}
)
_CODECS = {"utf8bom": "utf-8-sig", "iso88591": "latin-1", "windows1252": "cp1252"}
Piece = "tuple[int, int]"
"""First byte and the byte after the last one; never the header line."""


@dataclass(frozen=True)
class Delimited:
    """How the text is written; the fields of ``DelimitedFormat`` a worker needs."""

    separator: str = ","
    header: str = "ALL_FILES_HAVE_SAME_HEADERS"
    encoding: str = "utf8"
    include_path: bool = False
    empty_as_string: bool = False
    column_types: dict[str, str] | None = None
    columns: list[str] | None = None
    """Names from the first file, where the others have no header of their own."""
    splittable: bool = field(default=True)
    """False where fields may hold newlines."""

    @property
    def codec(self) -> str:
        """Python's name of the encoding."""
        return _CODECS.get(self.encoding, self.encoding)


def _has_header(text: Delimited, *, first_file: bool) -> bool:
    if text.header == "NO_HEADERS":
        return False
    return first_file or text.header != "ONLY_FIRST_FILE_HAS_HEADERS"


def column_names(path: str, text: Delimited) -> list[str] | None:
    """Return the names in the header line of a file; None for an empty file."""
    import pandas as pd  # noqa: PLC0415 - a worker on files never pays for pandas

    try:
        frame = pd.read_csv(path, sep=text.separator, encoding=text.codec, nrows=0)
    except pd.errors.EmptyDataError:
        return None
    return [str(name) for name in frame.columns]


def cut_file(
    path: str, text: Delimited, size: int, *, first_file: bool
) -> Iterator[tuple[int, int]]:
    """Cut one file into pieces of about ``size`` bytes, at line ends.

    Args:
        path: A local file.
        text: How it is written.
        size: Bytes per piece; a piece grows to the end of its last line.
        first_file: Whether this is the first file of the dataset.

    Yields:
        ``(start, end)`` byte offsets, without the header line; none when the file has no
        line but its header.
    """
    end = os.path.getsize(path)
    with open(path, "rb") as file:
        if _has_header(text, first_file=first_file):
            file.readline()
        start = file.tell()
        if text.encoding not in _NEWLINE_IS_ONE_BYTE or not text.splittable:
            start = 0
            size = max(end, 1)
        while start < end:
            file.seek(min(start + size, end) - 1)
            file.readline()
            stop = file.tell()
            yield start, stop
            start = stop


def read_piece(path: str, start: int, end: int, text: Delimited) -> pd.DataFrame:
    """Read one piece as a table with an index from 0.

    Raises:
        ValueError: The bytes are not such a table; pandas' message names the line.
    """
    import pandas as pd  # noqa: PLC0415 - a worker on files never pays for pandas

    with open(path, "rb") as file:
        whole = start == 0
        own_header = text.columns is None and text.header != "NO_HEADERS"
        head = b"" if whole or not own_header else file.readline()
        file.seek(start)
        piece = file.read(end - start)
    frame = pd.read_csv(
        io.BytesIO(head + piece),
        sep=text.separator,
        encoding=text.codec,
        header=0 if own_header else None,
        names=None if own_header else text.columns,
        dtype=text.column_types,  # type: ignore[arg-type] # names are checked by pandas
        keep_default_na=not text.empty_as_string,
    )
    if not own_header and text.columns is None:
        frame.columns = pd.Index([f"Column{n + 1}" for n in range(frame.shape[1])])
    if text.include_path:
        frame.insert(0, "Path", path)
    return frame
