"""Parquet files, cut at row groups and inside of them, and read without the rest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.data.column_types import convert
from azml_pipelines.data.parquet_schema import (
    INDEX_NAME,
    as_declared,
    declared_types,
)
from azml_pipelines.data.record_cut import AUTO_BYTES
from azml_pipelines.data.table_format import TO_THE_END, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from azml_pipelines.data.column_types import ColumnType
    from azml_pipelines.data.mini_batch_size import MiniBatchSize

__all__ = ["ParquetTable"]

_BATCH_ROWS = 1 << 16
_BUFFER = 1 << 20


class ParquetTable:
    """The format ``parquet``: see ``TableFormat``. Pieces count rows of the file.

    Args:
        declared: Columns and Arrow's names of their types, as the first file has them.
    """

    def __init__(
        self,
        declared: Optional[Mapping[str, str]] = None,  # noqa: UP045 - loaded by workers
    ) -> None:
        self._declared = declared or {}
        self._open: Optional[_OpenFile] = None  # noqa: UP045

    def cut(
        self,
        path: str,
        size: MiniBatchSize,
        *,
        first_file: bool = False,
        count_rows: bool = False,
    ) -> Iterator[Piece]:
        """See ``TableFormat``; bytes are those that rows take up in the file."""
        metadata = self._file(path).file.metadata
        if size.unit == "rows":
            yield from _by_rows(metadata.num_rows, size.amount)
        else:
            yield from _by_bytes(metadata, size.amount or AUTO_BYTES)

    def read(
        self,
        path: str,
        piece: Piece,
        types: Optional[Mapping[str, ColumnType]] = None,  # noqa: UP045
        on_error: str = "fail",
    ) -> pd.DataFrame:
        """See ``TableFormat``."""
        file = self._file(path)
        total = file.file.metadata.num_rows
        end = total if piece.end == TO_THE_END else piece.end
        if end > total:
            msg = f"{path} has {total} rows, and had at least {end} when it was listed"
            raise ValueError(msg)
        try:
            table = as_declared(file.rows(piece.start, end), self._declared)
            frame = _to_pandas(table)
            return convert(frame, types or {}, on_error)
        except (ValueError, OSError) as error:
            self._open = None
            if isinstance(error, OSError) and error.errno is not None:
                raise
            msg = f"{path}, rows {piece.start} to {end - 1}: {_one_line(error)}"
            raise ValueError(msg) from error

    def column_names(self, path: str) -> Optional[list[str]]:  # noqa: UP045
        """See ``TableFormat``."""
        return list(self.types(path))

    def types(self, path: str) -> dict[str, str]:
        """Return the columns of a file and Arrow's names of their types."""
        return declared_types(self._file(path).file.schema_arrow)

    def _file(self, path: str) -> _OpenFile:
        """Open a file, unless it is the one that is open."""
        found = os.stat(path)
        identity = (path, found.st_ino, found.st_size, found.st_mtime_ns)
        if self._open is None or self._open.identity != identity:
            try:
                self._open = _OpenFile(path, identity)
            except (ValueError, OSError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                # Of pyarrow: no file of the kind, or one that needs a key.
                msg = f"{path} cannot be read as parquet: {_one_line(error)}"
                raise ValueError(msg) from error
        return self._open


class _OpenFile:
    """One file, and where in it the last piece ended.

    The row groups of some files are large, and rows can be skipped only by reading
    them: pieces in ascending order cost one pass in all.
    """

    def __init__(self, path: str, identity: tuple[str, int, int, int]) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - only what reads parquet pays for it

        self.identity = identity
        # A buffer, or whole column chunks would be loaded; no map, or a file that gets
        # shorter would kill the process.
        self._opened = _openable(path)
        self.file = pq.ParquetFile(
            self._opened,
            buffer_size=_BUFFER,
            pre_buffer=False,
            page_checksum_verification=True,
        )
        self._position = int(self.file.metadata.num_rows)
        self._batches: Iterator[Any] = iter(())
        self._left: Any = None

    def __del__(self) -> None:
        opened = getattr(self, "_opened", None)
        if opened is not None and not isinstance(opened, str):
            opened.close()

    def rows(self, start: int, end: int) -> Any:  # noqa: ANN401 - a table of pyarrow
        """Return the rows from ``start`` to ``end - 1``."""
        import pyarrow as pa  # noqa: PLC0415 - loaded by the constructor

        if start < self._position or self._group(start) > self._group(self._position):
            self._seek(start, end)
        taken = []
        try:
            while self._position < end:
                batch = self._next_batch()
                first = max(start - self._position, 0)
                last = min(end - self._position, batch.num_rows)
                if last > first:
                    taken.append(batch.slice(first, last - first))
                if last < batch.num_rows:
                    self._left = batch.slice(last)
                self._position += last
        except BaseException:
            self._position = self.file.metadata.num_rows
            self._left = None
            raise
        return pa.Table.from_batches(
            taken, schema=None if taken else self.file.schema_arrow
        )

    def _next_batch(self) -> Any:  # noqa: ANN401 - a batch of pyarrow
        if self._left is not None:
            batch, self._left = self._left, None
            return batch
        return next(self._batches)

    def _seek(self, start: int, end: int) -> None:
        """Go to the beginning of the row group of ``start``."""
        metadata = self.file.metadata
        group = self._group(start)
        self._position = sum(metadata.row_group(g).num_rows for g in range(group))
        self._left = None
        self._batches = self.file.iter_batches(
            batch_size=max(1, min(_BATCH_ROWS, end - start)),
            row_groups=list(range(group, metadata.num_row_groups)),
            use_threads=False,
        )

    def _group(self, row: int) -> int:
        metadata = self.file.metadata
        for group in range(metadata.num_row_groups):
            row -= metadata.row_group(group).num_rows
            if row < 0:
                return group
        return int(metadata.num_row_groups)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _openable(path: str) -> Any:  # noqa: ANN401 - what pyarrow opens
    """Return the path, or the open file where its name is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return open(path, "rb")
    return path


def _by_rows(total: int, amount: int) -> Iterator[Piece]:
    for start in range(0, total, amount):
        end = min(start + amount, total)
        yield Piece(start, end, end - start)


def _by_bytes(metadata: Any, size: int) -> Iterator[Piece]:  # noqa: ANN401 - of pyarrow
    """Put small row groups together, and cut large ones into equal pieces."""
    start = end = 0
    gathered = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        stored = sum(
            group.column(column).total_compressed_size
            for column in range(group.num_columns)
        )
        if start < end and gathered + stored > size:
            yield Piece(start, end, end - start)
            start, gathered = end, 0
        end += group.num_rows
        gathered += stored
        if gathered > size and group.num_rows > 1:
            pieces = min(-(-gathered // size), group.num_rows)
            yield from _equal(start, end, pieces)
            start, gathered = end, 0
    if start < end:
        yield Piece(start, end, end - start)


def _equal(start: int, end: int, pieces: int) -> Iterator[Piece]:
    rows = end - start
    for number in range(pieces):
        first = start + rows * number // pieces
        last = start + rows * (number + 1) // pieces
        yield Piece(first, last, last - first)


def _to_pandas(table: Any) -> pd.DataFrame:  # noqa: ANN401 - a table of pyarrow
    """Return the rows; numbers keep their type where a piece has nulls."""
    import pandas as pd  # noqa: PLC0415 - who reads parquet has paid for it
    import pyarrow as pa  # noqa: PLC0415

    table = table.select([n for n in table.column_names if not INDEX_NAME.fullmatch(n)])
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    for number, field in enumerate(table.schema):
        column = table.column(number)
        whole = pa.types.is_integer(field.type) or pa.types.is_boolean(field.type)
        if whole and column.null_count:
            # As pandas calls it: int64 is Int64 where cells may be null.
            name = str(field.type)
            dtype = "boolean" if name == "bool" else _nullable(name)
            frame.isetitem(number, pd.array(column.to_pylist(), dtype=dtype))
    return frame


def _nullable(name: str) -> str:
    return name.replace("uint", "UInt") if name[0] == "u" else name.replace("i", "I", 1)
