"""Tabular datasets as Dask DataFrames, one partition per piece, and the way back."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.remote_files import bring_all
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.data.table import Table, TableReader
from azml_pipelines.data.table_reading import joined, open_table
from azml_pipelines.data.table_writing import (
    MANAGED,
    new_folder,
    parquet_dataset,
    place_of,
    write_parquet,
)
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import pandas as pd

    from azml_pipelines.data.dataset_home import DatasetHome
    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.data.table_format import Piece
    from azml_pipelines.data.tabular_dataset import TabularDataset

__all__ = ["to_dask", "written_dask"]

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


def written_dask(
    dataframe: object, target: object, *, show_progress: bool
) -> tuple[TabularDataset, DatasetHome]:
    """Write a Dask DataFrame to parquet files on a datastore, one per partition.

    Args:
        dataframe: Its partitions are computed one after the other, in this process
            unless a client of Dask is there.
        target: A datastore, ``(datastore, 'folder')`` or a DataPath; the files are
            written into a new folder below it.
        show_progress: Write one line of summary to standard output.

    Returns:
        A dataset of the files, and the workspace of the datastore.

    Raises:
        UserErrorException: ``dataframe`` is none.
        DeclarationError: ``target`` is none.
    """
    import dask.dataframe as dd  # noqa: PLC0415 - takes a second

    if not isinstance(dataframe, dd.DataFrame):
        msg = f"dataframe must be a Dask DataFrame, not {shown(type(dataframe))}."
        raise UserErrorException(msg)
    datastore, folder = place_of(target, alone=MANAGED)
    folder = new_folder(folder)
    with tempfile.TemporaryDirectory(prefix="azml-frame-") as temporary:
        for number in range(dataframe.npartitions):
            rows = cast("Any", dataframe).get_partition(number).compute()
            write_parquet(rows, Path(temporary, f"part-{number:05d}.parquet"))
        datastore.upload(
            temporary, target_path=folder, overwrite=False, show_progress=show_progress
        )
    return parquet_dataset(datastore, folder)
