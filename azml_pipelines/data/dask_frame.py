"""A tabular dataset as a Dask DataFrame: one partition per piece."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.remote_files import bring_all
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.data.table import Table, TableReader
from azml_pipelines.data.table_reading import joined, open_table
from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    import pandas as pd

    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.data.table_format import Piece

__all__ = ["to_dask"]

_PIECE = MiniBatchSize(64 << 20, "bytes")


def to_dask(definition: DatasetDefinition, on_error: str) -> Any:  # noqa: ANN401 - of dask
    """Return a lazy DataFrame; its pieces are cut now and read when they are needed.

    Remote files are fetched now, and stay here until this process ends.

    Raises:
        UserErrorException: There is no file, or one of them is no such table.
    """
    import dask.dataframe as dd  # noqa: PLC0415 - takes a second

    if is_remote(definition):
        folder = tempfile.mkdtemp(prefix="azml-dask-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        definition = bring_all(definition, Path(folder).resolve())
    with open_table(definition) as table:
        reader = table.reader
        try:
            pieces = list(reader.pieces(table.paths, _PIECE))
        except (ValueError, OSError) as error:
            msg = f"The dataset cannot be read: {error}."
            raise UserErrorException(msg, inner_exception=error) from error
        if not pieces:
            return dd.from_pandas(joined(definition), npartitions=1)
        one = pieces[0]
        first = reader.read(one.path, one.piece, one.places).iloc[:0]
        fields, root = reader.table.encode(), reader.root
    return dd.from_map(
        _read,
        [(p.path, p.piece, p.places) for p in pieces],
        fields=fields,
        root=root,
        on_error=on_error,
        meta=first,
    )


def _read(
    where: tuple[str, Piece, tuple[int, ...]],
    *,
    fields: dict[str, Any],
    root: str,
    on_error: str,
) -> pd.DataFrame:
    path, piece, places = where
    table = Table.decode(fields)
    return TableReader(table, root).read(path, piece, places, on_error)
