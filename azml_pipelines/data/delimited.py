"""Delimited text, cut at the ends of its records, and pieces of it read as tables.

Imported by worker processes: pandas comes late.
"""

from __future__ import annotations

import io
import re
import warnings
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.data.column_types import (
    convert,
    mistaken,
    only_zeros_and_ones,
    reading_types,
)
from azml_pipelines.data.compressed import TextFile
from azml_pipelines.data.record_cut import cut_records
from azml_pipelines.data.record_scan import (
    LONGEST_RECORD,
    EndlessRecordError,
    Shape,
    windows,
)
from azml_pipelines.data.table_format import TO_THE_END

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from azml_pipelines.data.column_types import ColumnType
    from azml_pipelines.data.mini_batch_size import MiniBatchSize
    from azml_pipelines.data.table_format import Piece

__all__ = ["DelimitedTable", "TextStream", "piece_of_text", "text_begin"]

"""Bytes that are read of a piece whose end nobody knows."""
_HEAD = 1 << 16
_LINE_FEED, _CARRIAGE_RETURN = 0x0A, 0x0D
_NO_HEADERS, _FIRST_ONLY = "NO_HEADERS", "ONLY_FIRST_FILE_HAS_HEADERS"
_CODECS = {
    "utf8": "utf-8",
    "utf8bom": "utf-8",
    "iso88591": "latin-1",
    "latin1": "latin-1",
    "windows1252": "cp1252",
    "utf16": "utf-16",
    "utf32": "utf-32",
}
_UNITS = {"utf-16": 2, "utf-32": 4}
_MARKS = {
    "utf-8": ((b"\xef\xbb\xbf", ""),),
    "utf-16": ((b"\xff\xfe", "-le"), (b"\xfe\xff", "-be")),
    "utf-32": ((b"\xff\xfe\x00\x00", "-le"), (b"\x00\x00\xfe\xff", "-be")),
}


_WORDS = re.compile(rb"true|false", re.IGNORECASE)


@dataclass(frozen=True)
class _Head:
    """How one file begins."""

    path: str
    shape: Shape
    first_record: int
    """Offset of the first record that is not blank."""
    second_record: int
    """Offset behind it."""
    line: bytes
    """That record as UTF-8: the header, or the first row."""


class DelimitedTable:
    """The format ``csv``: see ``TableFormat``.

    Args:
        separator: One character.
        header: Which files begin with names: ``ALL_FILES_HAVE_SAME_HEADERS`` etc.
        encoding: One of version 1's names.
        empty_as_string: Empty cells of text columns are empty text, not null.
        text_cells: Columns without a type are text.
        columns: The names, where files have no header of their own.
    """

    def __init__(  # noqa: PLR0917 - made by name, of JSON
        self,
        separator: str = ",",
        header: str = "ALL_FILES_HAVE_SAME_HEADERS",
        encoding: str = "utf8",
        empty_as_string: bool = False,
        text_cells: bool = False,
        columns: Optional[list[str]] = None,  # noqa: UP045 - Python 3.9
    ) -> None:
        self._separator = separator
        self._header = header
        self._encoding = encoding
        self._empty_as_string = empty_as_string
        self._text_cells = text_cells
        self._columns = columns
        self._text = TextFile()
        self._last_head: Optional[_Head] = None  # noqa: UP045

    def cut(
        self,
        path: str,
        size: MiniBatchSize,
        *,
        first_file: bool = False,
        count_rows: bool = False,
    ) -> Iterator[Piece]:
        """See ``TableFormat``; pieces count bytes of the text."""
        head = self._head(path)
        if head is None:
            return
        start = head.first_record
        if self._has_header(first_file=first_file):
            start = head.second_record
        text = TextStream(self._text, path, start)
        yield from cut_records(
            windows(text, head.shape, start), size, count_rows=count_rows
        )

    def read(
        self,
        path: str,
        piece: Piece,
        types: Optional[Mapping[str, ColumnType]] = None,  # noqa: UP045
        on_error: str = "fail",
    ) -> pd.DataFrame:
        """See ``TableFormat``."""
        try:
            head = self._head(path)
        except UnicodeError as error:
            msg = f"{path}: {error}"
            raise ValueError(msg) from error
        if head is None:
            msg = f"{path} is empty, and was not when the mini-batches were listed"
            raise ValueError(msg)
        text = self._bytes(path, piece, head)
        try:
            return self._parsed(text, head, types or {}, on_error)
        except ValueError as error:
            where = f"{path}, piece at byte {piece.start}"
            msg = f"{where}: {str(error).strip()}"
            raise ValueError(msg) from error

    def column_names(self, path: str) -> Optional[list[str]]:  # noqa: UP045
        """See ``TableFormat``."""
        head = self._head(path)
        if head is None:
            return None
        if self._columns is not None:
            return list(self._columns)
        if self._header == _NO_HEADERS:
            return self._numbered(head)
        return [str(n) for n in self._read_csv(head.line, header=0, nrows=0).columns]

    def _has_header(self, *, first_file: bool) -> bool:
        if self._header == _NO_HEADERS:
            return False
        return first_file or self._header != _FIRST_ONLY

    def _head(self, path: str) -> Optional[_Head]:  # noqa: UP045
        """Return how a file begins; None when it has no record."""
        if self._last_head is not None and self._last_head.path == path:
            return self._last_head
        codec, start = text_begin(self._text, path, self._encoding)
        little = not codec.endswith("-be")
        shape = Shape(self._separator, codec, _UNITS.get(codec[:6], 1), little)
        stream = TextStream(self._text, path, start)
        for window in windows(stream, shape, start, _HEAD):
            row = window.skip_blank_lines(0)
            if row == len(window.data):
                continue
            stop = window.skip_blank_lines(window.end_from(row))
            first = window.start + row * shape.unit
            second = window.start + stop * shape.unit
            line = self._text.read(path, first, second - first).decode(codec)
            if "\0" in line:
                msg = (
                    f"{path}: its first record holds NUL; is it {self._encoding} text?"
                )
                raise ValueError(msg)
            head = _Head(path, shape, first, second, line.encode())
            self._last_head = head
            return head
        return None

    def _bytes(self, path: str, piece: Piece, head: _Head) -> bytes:
        """Return a piece as UTF-8."""
        start = piece.start or head.first_record
        raw = piece_of_text(self._text, path, start, piece.end)
        if head.shape.codec != "utf-8":
            raw = raw.decode(head.shape.codec).encode()
        nothing = raw.find(b"\0")
        if nothing >= 0:
            msg = (
                f"{path}: there is a NUL byte {nothing} bytes behind byte {start}; "
                f"{self._encoding} text holds none; is the encoding another one?"
            )
            raise ValueError(msg)
        return raw

    def _parsed(
        self, text: bytes, head: _Head, types: Mapping[str, ColumnType], on_error: str
    ) -> pd.DataFrame:
        import pandas as pd  # noqa: PLC0415 - a worker on files never pays for pandas

        options: dict[str, Any]
        if self._columns is not None:
            options = {"header": None, "names": self._columns}
        elif self._header == _NO_HEADERS:
            options = {"header": None, "names": self._numbered(head)}
        else:
            options = {"header": 0}
            text = head.line + text
        text = self._with_line_feeds(text)
        dtypes: dict[str, Any] = reading_types(types)
        plain = dict.fromkeys(types, str)
        if self._text_cells:
            dtypes, plain = defaultdict(lambda: str, dtypes), defaultdict(lambda: str)
        try:
            frame = self._read_csv(text, dtype=dtypes, **options)
            told = only_zeros_and_ones(frame, types) and _WORDS.search(text)
            if told or mistaken(frame, types):
                frame = self._read_csv(text, dtype=plain, **options)
        except pd.errors.ParserWarning as error:
            names = options.get("names") or self.column_names(head.path) or ()
            msg = f"it has lines with more cells than its {len(names)} columns"
            raise ValueError(msg) from error
        except pd.errors.ParserError:
            raise
        except (ValueError, OverflowError):
            # Some cell has not the type of its column, or is empty: look at each.
            frame = self._read_csv(text, dtype=plain, **options)
        return convert(frame, types, on_error)

    def _with_line_feeds(self, text: bytes) -> bytes:
        """Return text whose records end with line feeds.

        On a record that ends with a lone carriage return and begins with a space,
        pandas goes back to the beginning of the text, for ever.
        """
        if not _has_lone_returns(text):
            return text
        codes = bytearray(text)
        for window in windows(io.BytesIO(text), Shape(self._separator), 0):
            for end in window.record_ends().tolist():
                codes[window.start + end - 1] = _LINE_FEED
        return bytes(codes)

    def _read_csv(self, text: bytes, **options: Any) -> pd.DataFrame:  # noqa: ANN401 - of pandas
        import pandas as pd  # noqa: PLC0415 - a worker on files never pays for pandas

        wide = len(self._separator.encode()) > 1
        if not wide:
            # Read at once: types of columns must not depend on where memory is cut.
            options["low_memory"] = False
        with warnings.catch_warnings():
            # More cells in the rows than in the header: pandas would only drop them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame: pd.DataFrame = pd.read_csv(
                io.BytesIO(text),
                sep=self._separator,
                engine="python" if wide else "c",
                # A separator at the end of each line makes no index of a column.
                index_col=False,
                # Only an empty cell is null; the text NA is text (v1-surface 6.4).
                keep_default_na=False,
                na_values=[] if self._empty_as_string else [""],
                **options,
            )
            return frame

    def _numbered(self, head: _Head) -> list[str]:
        width = self._read_csv(head.line, header=None).shape[1]
        return [f"Column{number + 1}" for number in range(width)]


def _has_lone_returns(text: bytes) -> bool:
    if b"\r" not in text:
        return False
    import numpy as np  # noqa: PLC0415 - pandas has loaded it, or will

    codes = np.frombuffer(text, "u1")
    returns = np.flatnonzero(codes == _CARRIAGE_RETURN)
    if returns[-1] == len(codes) - 1:
        return True
    return bool((codes[returns + 1] != _LINE_FEED).any())


def text_begin(text: TextFile, path: str, encoding: str) -> tuple[str, int]:
    """Return the codec of a file, and where its text begins."""
    codec = _CODECS.get(encoding, encoding)
    beginning = text.read(path, 0, 4)
    for mark, order in _MARKS.get(codec, ()):
        if beginning.startswith(mark):
            return codec + order, len(mark)
    return codec + ("-le" if codec in _UNITS else ""), 0


class TextStream(io.RawIOBase):
    """The text of a file from some offset on, as ``windows`` reads it."""

    def __init__(self, text: TextFile, path: str, start: int) -> None:
        super().__init__()
        self._text = text
        self._path = path
        self._position = start

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; none at the end."""
        block = self._text.read(self._path, self._position, size)
        self._position += len(block)
        return block


def piece_of_text(text: TextFile, path: str, start: int, end: int) -> bytes:
    """Return the bytes of a piece.

    Args:
        text: Reads the file.
        path: Of it.
        start: Where the piece begins.
        end: Where it ends; ``TO_THE_END`` for what could not be cut.

    Raises:
        OSError: The file cannot be read.
        ValueError: What could not be cut is longer than any record.
    """
    if end != TO_THE_END:
        return text.read(path, start, end - start)
    rest = text.rest(path, start, LONGEST_RECORD)
    if rest is None:
        msg = f"{path}: {EndlessRecordError(start)}"
        raise ValueError(msg)
    return rest
