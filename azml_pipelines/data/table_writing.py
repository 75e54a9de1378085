"""Rows written to files, and datasets of these files."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DatasetDefinition, ParquetFormat
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.local_url import relative_path
from azml_pipelines.data.table_reading import frames_of
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import DeclarationError, UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import pandas as pd

    from azml_pipelines.data.dataset_home import DatasetHome

__all__ = [
    "MANAGED",
    "new_folder",
    "parquet_dataset",
    "place_of",
    "write_parquet",
    "written_files",
    "written_frame",
]

MANAGED = "managed-dataset"
"""The folder on a datastore that is given alone."""


def place_of(
    target: object, *, alone: str | None = None
) -> tuple[AbstractDatastore, str]:
    """Return the datastore and the folder on it that ``target`` names.

    Args:
        target: ``(datastore, 'folder')``, a DataPath, or, where ``alone`` is a folder,
            a datastore.
        alone: The folder on a datastore that is given alone.

    Raises:
        DeclarationError: It is none of these.
    """
    match target:
        case (AbstractDatastore() as datastore, str() as folder):
            return datastore, relative_path(folder)
        case DataPath():
            return target.datastore, relative_path(target.path_on_datastore or "")
        case AbstractDatastore() if alone is not None:
            return target, alone
    msg = (
        f"target={shown(target)} is not allowed. Give (datastore, 'folder') or a "
        "DataPath."
    )
    raise DeclarationError(msg)


def new_folder(folder: str) -> str:
    """Return a new folder below ``folder``, which nothing else is written into."""
    return f"{folder}/{uuid.uuid4()}".strip("/")


def parquet_dataset(
    datastore: AbstractDatastore, path: str
) -> tuple[TabularDataset, DatasetHome]:
    """Return the dataset of parquet files on a datastore, and its workspace."""
    definition = DatasetDefinition(
        kind="tabular", sources=data_sources((datastore, path)), format=ParquetFormat()
    )
    return TabularDataset(definition), cast("DatasetHome", datastore.workspace)


def written_frame(
    dataframe: pd.DataFrame,
    target: object,
    *,
    show_progress: bool,
    row_group_size: int | None,
    unique: bool,
) -> tuple[TabularDataset, DatasetHome]:
    """Write a DataFrame to one parquet file on a datastore.

    Args:
        dataframe: The rows.
        target: A datastore, ``(datastore, 'folder')`` or a DataPath.
        show_progress: Write one line of summary to standard output.
        row_group_size: Rows per row group of the file.
        unique: Write into a new folder below the target.

    Returns:
        A dataset of the file, and the workspace of the datastore.

    Raises:
        UserErrorException: ``dataframe`` is none.
        DeclarationError: ``target`` is none.
    """
    import pandas as pd  # noqa: PLC0415 - who has a DataFrame has paid for it

    if not isinstance(dataframe, pd.DataFrame):
        msg = f"dataframe must be a pandas DataFrame, not {shown(type(dataframe))}."
        raise UserErrorException(msg)
    datastore, folder = place_of(target, alone=MANAGED)
    if unique:
        folder = new_folder(folder)
    with tempfile.TemporaryDirectory(prefix="azml-frame-") as temporary:
        file = Path(temporary, "dataframe.parquet")
        write_parquet(dataframe, file, row_group_size)
        datastore.upload_files(
            [str(file)], target_path=folder, overwrite=True, show_progress=show_progress
        )
    return parquet_dataset(datastore, f"{folder}/dataframe.parquet".strip("/"))


def written_files(
    definition: DatasetDefinition, form: str, separator: str = ","
) -> FileDataset:
    """Write the rows of a dataset to a temporary folder, one file per piece.

    Args:
        definition: Of a tabular dataset.
        form: ``csv`` or ``parquet``.
        separator: Between the cells of CSV.
    """
    folder = Path(tempfile.mkdtemp(prefix="azml-rows-"))
    for number, frame in enumerate(frames_of(definition)):
        file = folder / f"part-{number:05d}.{form}"
        if form == "csv":
            frame.to_csv(file, sep=separator, index=False)
        else:
            write_parquet(frame, file)
    sources = data_sources(str(folder))
    return FileDataset(DatasetDefinition(kind="file", sources=sources))


def write_parquet(
    frame: pd.DataFrame, file: Path, row_group_size: int | None = None
) -> None:
    """Write rows to a new parquet file, without their index.

    Raises:
        UserErrorException: A column holds values of several types.
    """
    import pyarrow as pa  # noqa: PLC0415 - only what writes parquet pays for it
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        table: Any = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        msg = (
            f"The rows cannot be written as parquet: {' '.join(map(str, error.args))}. "
            "Give each column values of one type."
        )
        raise UserErrorException(msg, inner_exception=error) from error
    pq.write_table(table, str(file), row_group_size=row_group_size)
