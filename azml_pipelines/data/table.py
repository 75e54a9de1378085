"""A tabular dataset as workers know it: how its files are cut, read and refined."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.data.column_types import ColumnType, ColumnTypeError, convert
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.operations import Arrivals, Operation, apply
from azml_pipelines.data.partition_format import Partition
from azml_pipelines.data.table_format import TO_THE_END, Piece, table_formats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from azml_pipelines.data.table_format import TableFormat

__all__ = ["PlacedPiece", "Table", "TableReader", "decoded_partition", "stamp_of"]


_EVERYTHING = 1 << 60


@dataclass(frozen=True)
class Table:
    """What becomes of files so that they are rows; JSON, no file is named."""

    format: str = "csv"
    """Name in the registry of dataset formats."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the format."""
    types: dict[str, ColumnType] = field(default_factory=dict)
    columns: Optional[tuple[str, ...]] = None  # noqa: UP045 - loaded by workers
    """The columns that each file must have; None checks nothing."""
    include_path: bool = False
    partition: Optional[Partition] = None  # noqa: UP045
    operations: tuple[Operation, ...] = ()

    @classmethod
    def decode(cls, fields: dict[str, Any]) -> Table:
        """Make a table of what ``asdict`` gave, after its way through JSON."""
        fields = dict(fields)
        partition = fields.pop("partition")
        operations = [
            Operation(**{**one, "columns": tuple(one["columns"])})
            for one in fields.pop("operations")
        ]
        columns = fields.pop("columns")
        return cls(
            types=_types(fields.pop("types")),
            columns=None if columns is None else tuple(columns),
            partition=partition and decoded_partition(partition),
            operations=tuple(operations),
            **fields,
        )

    def encode(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    def raw(self) -> Table:
        """Return the same files as rows without operations."""
        return replace(self, operations=())


def decoded_partition(fields: dict[str, Any]) -> Partition:
    """Make what ``asdict`` took apart."""
    return Partition(**{**fields, "types": _types(fields["types"])})


def _types(fields: dict[str, Any]) -> dict[str, ColumnType]:
    return {name: ColumnType.decode(one) for name, one in fields.items()}


@dataclass(frozen=True)
class PlacedPiece:
    """A piece of a file, as the list of mini-batches names it."""

    path: str
    """Relative to the root of the input."""
    piece: Piece
    stamp: str
    """Of the file when it was cut."""
    places: tuple[int, ...] = ()
    """See ``operations.apply``."""


def stamp_of(path: str) -> str:
    """Return a text that changes when a file does; empty for one that is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}"


class TableReader:
    """Cuts and reads the files of one table.

    Args:
        table: How.
        root: Local folder; paths are relative to it.
        stamped: Whether pieces say what their file was like.
    """

    def __init__(self, table: Table, root: str, *, stamped: bool = True) -> None:
        self._stamped = stamped
        self.table = table
        self.root = root
        self._format: TableFormat = table_formats.get(table.format)(**table.options)

    def pieces(
        self, paths: Iterable[str], size: MiniBatchSize
    ) -> Iterator[PlacedPiece]:
        """Cut files, in order; a piece never crosses the border of a file.

        A file that cannot be cut is one piece, which fails when it is read: the others
        are not held up by it.
        """
        arrivals = Arrivals(self.table.operations)
        for position, path in enumerate(paths):
            for placed in self._cut(path, size, first=position == 0, arrivals=arrivals):
                if not arrivals.needed:
                    yield placed
                    continue
                piece = placed.piece
                if piece.rows is None:
                    rows = len(self._rows(path, piece))
                    piece = Piece(piece.start, piece.end, rows)
                places, may_be_left = arrivals.next_piece(
                    piece.rows or 0, partial(self._rows, path, piece)
                )
                if may_be_left:
                    yield PlacedPiece(path, piece, placed.stamp, tuple(places))
                if arrivals.exhausted:
                    return

    def _cut(
        self, path: str, size: MiniBatchSize, *, first: bool, arrivals: Arrivals
    ) -> Iterator[PlacedPiece]:
        whole = os.path.join(self.root, path)
        stamp = stamp_of(whole) if self._stamped else ""
        end = 0
        try:
            cut = self._format.cut(
                whole, size, first_file=first, count_rows=arrivals.needed
            )
            for piece in cut:
                yield PlacedPiece(path, piece, stamp)
                end = piece.end
        except (OSError, ValueError):
            if arrivals.needed:
                raise
            yield PlacedPiece(path, Piece(end, TO_THE_END), stamp)

    def read(
        self,
        path: str,
        piece: Piece,
        places: Sequence[int] = (),
        on_error: str = "fail",
    ) -> pd.DataFrame:
        """Read one piece, with everything that the definition does to it.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no such table.
        """
        frame = self._rows(path, piece, on_error)
        return apply(frame, self.table.operations, places)

    def whole(self, path: str, *, first: bool = False) -> list[Piece]:
        """Return all rows of a file as one piece; none for a file without rows."""
        whole = os.path.join(self.root, path)
        everything = MiniBatchSize(_EVERYTHING, "bytes")
        return list(self._format.cut(whole, everything, first_file=first))

    def column_names(self, path: str) -> Optional[list[str]]:  # noqa: UP045 - 3.9
        """Return the names in a file; None for an empty one."""
        return self._format.column_names(os.path.join(self.root, path))

    def _rows(self, path: str, piece: Piece, on_error: str = "fail") -> pd.DataFrame:
        whole = os.path.join(self.root, path)
        frame = self._format.read(whole, piece, self.table.types, on_error)
        frame = self._checked(whole, frame)
        if self.table.include_path:
            frame.insert(0, "Path", whole)
        if self.table.partition is not None:
            frame = self._with_partition(frame, path, self.table.partition, on_error)
        return frame

    def _with_partition(
        self, frame: pd.DataFrame, path: str, partition: Partition, on_error: str
    ) -> pd.DataFrame:
        """Add the columns of the path, in the types that were set for them."""
        frame = partition.add_to(frame, path)
        types = self.table.types
        chosen = {name: types[name] for name in partition.names if name in types}
        if not chosen:
            return frame
        try:
            return convert(frame, chosen, on_error)
        except ColumnTypeError as error:
            msg = f"{os.path.join(self.root, path)}: {error}"
            raise ColumnTypeError(msg) from error

    def _checked(self, path: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns in the order of the first file's."""
        wanted = self.table.columns
        if wanted is None or list(wanted) == list(frame.columns):
            return frame
        if set(wanted) == set(frame.columns):
            return frame[list(wanted)]
        missing = [name for name in wanted if name not in frame.columns]
        extra = [name for name in frame.columns if name not in wanted]
        what = (
            f"has no column {missing[0]!r}"
            if missing
            else f"has the column {extra[0]!r}"
        )
        otherwise = {"csv": "header='COMBINE_ALL_FILES_HEADERS'"}
        msg = (
            f"{path} {what}, unlike the first file: it has "
            f"{', '.join(map(repr, frame))}, and that one "
            f"{', '.join(map(repr, wanted))}; make them equal, or pass "
            f"{otherwise.get(self.table.format, 'validate=False')}"
        )
        raise ValueError(msg)
