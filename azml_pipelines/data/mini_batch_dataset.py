"""The files or rows of one mini-batch as a dataset of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.data.definition import (
    DatasetDefinition,
    DataSource,
    ParquetFormat,
)
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.tabular_dataset import TabularDataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["dataset_of", "dataset_of_rows"]

_FOLDER = "azml-mini-batches"


def dataset_of(
    definition: str, root: str, paths: Sequence[str]
) -> FileDataset | TabularDataset:
    """Return some files of a dataset.

    Args:
        definition: Of the whole dataset, as JSON.
        root: The folder on this machine that its files lie below.
        paths: Relative to it.
    """
    whole = DatasetDefinition.model_validate_json(definition)
    url = folder_url(str(Path(root).absolute()))
    few = whole.model_copy(
        update={
            "sources": tuple(
                DataSource(url=url, path=path, wildcards="none") for path in paths
            ),
            "name": None,
            "version": None,
        }
    )
    if few.kind == "file":
        return FileDataset(few.model_copy(update={"operations": ()}))
    return TabularDataset(few)


def dataset_of_rows(rows: pd.DataFrame) -> TabularDataset:
    """Return a dataset of rows, kept in the memory of this process.

    Those of the mini-batch before are forgotten: a worker has one at a time.
    """
    import fsspec  # noqa: PLC0415 - only scripts that ask pay for it

    memory = fsspec.filesystem("memory")
    if memory.exists(f"/{_FOLDER}"):
        memory.rm(f"/{_FOLDER}", recursive=True)
    path = f"{uuid4().hex}.parquet"
    memory.pipe_file(f"/{_FOLDER}/{path}", rows.to_parquet(index=False))
    source = DataSource(url=f"memory://{_FOLDER}", path=path)
    return TabularDataset(
        DatasetDefinition(kind="tabular", sources=(source,), format=ParquetFormat())
    )
