"""All rows of a tabular dataset in this process, piece by piece."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.listing import list_files
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.remote_files import bring_all
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.data.table import Table, TableReader
from azml_pipelines.data.table_definition import table_of
from azml_pipelines.data.table_format import Piece
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from azml_pipelines.data.definition import DatasetDefinition

__all__ = ["OpenTable", "frames_of", "joined", "nothing_in", "open_table"]

_PIECE = MiniBatchSize(64 << 20, "bytes")


@dataclass(frozen=True)
class OpenTable:
    """A table on this machine."""

    reader: TableReader
    paths: list[str]
    """Its files, relative to the root of the reader."""

    def frames(
        self, size: MiniBatchSize = _PIECE, on_error: str = "fail"
    ) -> Iterator[pd.DataFrame]:
        """Read every piece.

        Raises:
            UserErrorException: A file is no such table.
        """
        try:
            for placed in self.reader.pieces(self.paths, size):
                yield self.reader.read(
                    placed.path, placed.piece, placed.places, on_error
                )
        except (ValueError, OSError) as error:
            raise _unreadable(self.reader.table, error) from error


@contextlib.contextmanager
def open_table(definition: DatasetDefinition) -> Iterator[OpenTable]:
    """Open a tabular dataset; remote files are here as long as it is open.

    Raises:
        UserErrorException: There is no file, or the first one is no such table.
    """
    with contextlib.ExitStack() as stack:
        if is_remote(definition):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="azml-"))
            definition = bring_all(definition, Path(folder).resolve())
        listing = list_files(definition)
        paths = list(listing.paths)
        if not paths:
            raise UserErrorException(nothing_in(definition))
        try:
            table = table_of(definition, listing.root, lambda: paths[0])
        except (ValueError, OSError) as error:
            raise _unreadable(None, error) from error
        if table is None:
            msg = "The dataset has files and no rows. Make it with Dataset.Tabular."
            raise UserErrorException(msg)
        yield OpenTable(TableReader(table, listing.root), paths)


def frames_of(
    definition: DatasetDefinition, on_error: str = "fail"
) -> Iterator[pd.DataFrame]:
    """Read a tabular dataset piece by piece.

    Raises:
        UserErrorException: There is no file, or one of them is no such table.
    """
    with open_table(definition) as table:
        yield from table.frames(on_error=on_error)


def joined(definition: DatasetDefinition, on_error: str = "fail") -> pd.DataFrame:
    """Read all rows of a tabular dataset, with an index from 0.

    Raises:
        UserErrorException: There is no file, or one of them is no such table.
    """
    import pandas as pd  # noqa: PLC0415 - declaring a pipeline never pays for pandas

    with open_table(definition) as table:
        frames = list(table.frames(on_error=on_error))
        if frames:
            return pd.concat(frames, ignore_index=True)
        try:
            return _without_rows(table)
        except (ValueError, OSError) as error:
            raise _unreadable(table.reader.table, error) from error


def _without_rows(table: OpenTable) -> pd.DataFrame:
    """Return the columns of a table that has no rows, or none that are left."""
    import pandas as pd  # noqa: PLC0415 - joined has loaded it

    reader = TableReader(table.reader.table.raw(), table.reader.root)
    for number, path in enumerate(table.paths):
        for piece in reader.whole(path, first=number == 0)[:1]:
            none = reader.read(path, Piece(piece.start, piece.end)).iloc[:0]
            return _refined(none, table)
    names = reader.column_names(table.paths[0])
    return _refined(pd.DataFrame(columns=names or []), table)


def _refined(frame: pd.DataFrame, table: OpenTable) -> pd.DataFrame:
    from azml_pipelines.data.operations import apply  # noqa: PLC0415 - of rows only

    choices = [
        step for step in table.reader.table.operations if step.kind in {"keep", "drop"}
    ]
    return apply(frame, choices)


def _unreadable(table: Table | None, error: Exception) -> UserErrorException:
    hint = "Correct the file"
    if table is not None and table.format == "csv":
        separator = shown(table.options.get("separator"))
        hint += f", or the separator, which is {separator}"
    msg = f"The dataset cannot be read: {error}. {hint}."
    return UserErrorException(msg, inner_exception=error)


def nothing_in(definition: DatasetDefinition) -> str:
    """Return the message for a dataset without one row."""
    places = ", ".join(
        f"{source.datastore or source.url}:{source.path}"
        for source in definition.sources
    )
    return (
        f"No row can be read from path {shown(places)}: there is no file, or all "
        "are empty. Correct the path, or put the files there."
    )
