"""JSON lines, cut at line ends, and pieces of them read as tables."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.data.column_types import convert
from azml_pipelines.data.compressed import TextFile
from azml_pipelines.data.delimited import TextStream, piece_of_text, text_begin
from azml_pipelines.data.record_cut import cut_records
from azml_pipelines.data.record_scan import LineShape, windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from azml_pipelines.data.column_types import ColumnType
    from azml_pipelines.data.mini_batch_size import MiniBatchSize
    from azml_pipelines.data.table_format import Piece

__all__ = ["JsonLinesTable"]

_UNITS = {"utf-16": 2, "utf-32": 4}
_FIRST_LINES = 1 << 20


class JsonLinesTable:
    """The format ``jsonl``: see ``TableFormat``. Pieces count bytes of the text.

    Args:
        encoding: One of version 1's names.
        invalid_lines: ``error``, or ``drop`` for lines that are no JSON object.
        columns: The columns of the dataset; keys that a line lacks are null.
    """

    def __init__(
        self,
        encoding: str = "utf8",
        invalid_lines: str = "error",
        columns: Optional[list[str]] = None,  # noqa: UP045 - loaded by workers
    ) -> None:
        self._encoding = encoding
        self._invalid_lines = invalid_lines
        self._columns = columns
        self._text = TextFile()

    def cut(
        self,
        path: str,
        size: MiniBatchSize,
        *,
        first_file: bool = False,
        count_rows: bool = False,
    ) -> Iterator[Piece]:
        """See ``TableFormat``."""
        codec, start = text_begin(self._text, path, self._encoding)
        little = not codec.endswith("-be")
        shape = LineShape("", codec, _UNITS.get(codec[:6], 1), little)
        stream = TextStream(self._text, path, start)
        yield from cut_records(
            windows(stream, shape, start), size, count_rows=count_rows
        )

    def read(
        self,
        path: str,
        piece: Piece,
        types: Optional[Mapping[str, ColumnType]] = None,  # noqa: UP045
        on_error: str = "fail",
    ) -> pd.DataFrame:
        """See ``TableFormat``."""
        codec, begin = text_begin(self._text, path, self._encoding)
        start = piece.start or begin
        raw = piece_of_text(self._text, path, start, piece.end)
        where = f"{path}, piece at byte {start}"
        try:
            frame = self._frame(raw.decode(codec))
            return convert(frame, types or {}, on_error)
        except ValueError as error:
            msg = f"{where}: {error}"
            raise ValueError(msg) from error

    def column_names(self, path: str) -> Optional[list[str]]:  # noqa: UP045
        """See ``TableFormat``."""
        codec, start = text_begin(self._text, path, self._encoding)
        raw = self._text.read(path, start, _FIRST_LINES)
        raw = raw[: len(raw) - len(raw) % _UNITS.get(codec[:6], 1)]
        text = raw.decode(codec, "replace")
        if len(raw) == _FIRST_LINES:
            text = text[: text.rfind("\n") + 1]
        names: dict[str, None] = {}
        for row in self._rows(text):
            names.update(dict.fromkeys(row))
        return list(names) or None

    def _frame(self, text: str) -> pd.DataFrame:
        import pandas as pd  # noqa: PLC0415 - a worker on files never pays for pandas

        rows = list(self._rows(text))
        frame = pd.DataFrame.from_records(rows, columns=self._columns)
        for name in frame.columns:
            # A whole number stays one where other rows have none of that name.
            cells = [row.get(name) for row in rows]
            kinds = {type(cell) for cell in cells} - {type(None)}
            if kinds == {int} and None in cells and all(_fits(c) for c in cells):
                frame[name] = pd.array(cells, dtype="Int64")
        return frame

    def _rows(self, text: str) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(io.StringIO(text, newline=None)):
            if not line.strip():
                continue
            try:
                row = json.loads(
                    line, object_pairs_hook=_object, parse_constant=_no_constant
                )
                if not isinstance(row, dict):
                    msg = f"it is a JSON {type(row).__name__}, not an object"
                    raise ValueError(msg)  # noqa: TRY004, TRY301 - one way out for bad lines
            except (ValueError, RecursionError) as error:
                if self._invalid_lines == "drop":
                    continue
                msg = f"line {number} of the piece is no row: {error}"
                raise ValueError(msg) from error
            yield row


def _no_constant(name: str) -> None:
    msg = f"{name} is not JSON; write null for a number that is missing"
    raise ValueError(msg)


def _fits(cell: object) -> bool:
    return cell is None or (isinstance(cell, int) and abs(cell) < 1 << 63)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"it has the key {twice!r} twice"
        raise ValueError(msg)
    return row
