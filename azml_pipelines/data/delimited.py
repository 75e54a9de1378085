"""Delimited text cut at line ends, and pieces of it read as tables.

Plain text only: a field that holds a newline is not understood here, so such files are
read whole (``support_multi_line``). Imported by worker processes: pandas comes late.
"""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["Delimited", "column_names", "cut_file", "read_piece"]

_NEWLINE_IS_ONE_BYTE = frozenset(
    {"utf8", "utf8bom", "ascii", "latin1", "iso88591", "windows1252"}
)
_COLUMN = "Column"
_CODECS = {"utf8bom": "utf-8-sig", "iso88591": "latin-1", "windows1252": "cp1252"}


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
    header_file: str | None = None
    """That first file, whose header line is no row."""
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
        ``(start, end)`` byte offsets, without the header line. Each piece starts with
        a row, so a file without rows has none. A file that cannot be cut is one piece.
    """
    end = os.path.getsize(path)
    if text.encoding not in _NEWLINE_IS_ONE_BYTE or not text.splittable:
        if end:
            yield 0, end
        return
    with open(path, "rb") as file:
        if _has_header(text, first_file=first_file):
            _read_header(file, text)
        start = _skip_blank_lines(file, text)
        while start < end:
            file.seek(min(start + size, end) - 1)
            file.readline()
            stop = _skip_blank_lines(file, text)
            yield start, stop
            start = stop


def _skip_blank_lines(file: BinaryIO, text: Delimited) -> int:
    """Go to the next line that pandas does not skip, and return its offset."""
    blank = b" \t\r\n".replace(text.separator.encode(), b"")
    while True:
        start = file.tell()
        line = file.readline()
        if not line or line.strip(blank):
            file.seek(start)
            return start


def _read_header(file: BinaryIO, text: Delimited) -> bytes:
    """Read the first line that is not blank, and return it.

    A carriage return ends a line too: a file of an old Macintosh has nothing else.
    """
    start = _skip_blank_lines(file, text)
    line = file.readline()
    text_end = len(line.rstrip(b"\r\n"))
    carriage_return = line.find(b"\r", 0, text_end)
    if carriage_return >= 0:
        line = line[: carriage_return + 1]
        file.seek(start + len(line))
    return line


def read_piece(path: str, start: int, end: int, text: Delimited) -> pd.DataFrame:
    """Read one piece as a table with an index from 0.

    Raises:
        ValueError: The bytes are not such a table, or no row fits its columns.
    """
    import pandas as pd  # noqa: PLC0415 - a worker on files never pays for pandas

    own_header = text.columns is None and text.header != "NO_HEADERS"
    with open(path, "rb") as file:
        head = b"" if start == 0 or not own_header else _read_header(file, text)
        file.seek(start)
        piece = file.read(end - start)
    numbered = text.columns is None and not own_header
    with warnings.catch_warnings():
        # More cells in the rows than in the header: pandas would only drop them.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame = pd.read_csv(
                io.BytesIO(head + piece),
                sep=text.separator,
                encoding=text.codec,
                header=0 if own_header else None,
                names=None if own_header else text.columns,
                # A separator at the end of each line makes no index of a column.
                index_col=False,
                skiprows=int(start == 0 and path == text.header_file),
                dtype=_numbered_types(text) if numbered else text.column_types,
                # Only an empty cell is null; the text NA is text (v1-surface 6.4).
                keep_default_na=False,
                na_values=[] if text.empty_as_string else [""],
            )
        except pd.errors.ParserWarning as error:
            count = len(text.columns or column_names(path, text) or ())
            msg = f"it has lines with more cells than its {count} columns"
            raise ValueError(msg) from error
    if numbered:
        frame.columns = pd.Index([f"{_COLUMN}{n + 1}" for n in range(frame.shape[1])])
    if text.include_path:
        frame.insert(0, "Path", path)
    return frame


def _numbered_types(text: Delimited) -> dict[int, str]:
    """Return the types of ``Column1`` and so on as pandas numbers them, from 0."""
    types = text.column_types or {}
    return {
        int(name[len(_COLUMN) :]) - 1: kind
        for name, kind in types.items()
        if name.startswith(_COLUMN) and name[len(_COLUMN) :].isdecimal()
    }
