"""The files of one mini-batch as a dataset of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.tabular_dataset import TabularDataset

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["dataset_of"]


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
            "sources": tuple(DataSource(url=url, path=path) for path in paths),
            "name": None,
            "version": None,
        }
    )
    if few.kind == "file":
        return FileDataset(few.model_copy(update={"operations": ()}))
    return TabularDataset(few)
