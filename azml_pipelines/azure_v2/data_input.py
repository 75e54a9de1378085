"""What a step gets for an input that is data: files mounted, rows, or a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.azure_v2.asset import found_data, local_place
from azml_pipelines.azure_v2.bound import Made
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.mltable import read_mltable
from azml_pipelines.errors import AzmlError
from azml_pipelines.pipeline.output_tables import (
    PipelineOutputTabularDataset,
    parsed_mltable,
)

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.bound import Data, Stored
    from azml_pipelines.data.consumption import DatasetConsumptionConfig
    from azml_pipelines.data.tabular_dataset import TabularDataset
    from azml_pipelines.run.workspace import Workspace

__all__ = ["main_input", "whole_input"]

_DOWNLOADS = frozenset({"download", "eval_download"})
_EVALUATES = frozenset({"eval_mount", "eval_download"})


def main_input(
    name: str, data: Data, workspace: Workspace, *, partitioned: bool
) -> object:
    """Return the input that a parallel step is cut by.

    Args:
        name: What the step calls it.
        data: What it is bound to.
        workspace: Where names are looked up.
        partitioned: Whether it is cut by partition keys.

    Raises:
        BadDocumentError: It does not exist, or cannot be read as its type says.
    """
    table = data.type == "mltable"
    direct = data.mode == "direct"
    if isinstance(data.source, Made):
        if table:
            return _made_table(name, data.source, tabular=direct)
        return _made_files(name, data.source)
    dataset = _stored(data.source, data, workspace, evaluated=table)
    if isinstance(dataset, FileDataset):
        return _files(name, dataset, data, direct=partitioned)
    if not direct:
        text = (
            f"{data.mode or 'ro_mount'} gives files, and this is a table. "
            "Set mode: direct."
        )
        raise data.place.problem(text)
    return dataset.as_named_input(name)


def whole_input(name: str, data: Data, workspace: Workspace) -> object:
    """Return an input that a step sees as a path.

    Raises:
        BadDocumentError: It does not exist.
    """
    evaluated = data.mode in _EVALUATES
    if isinstance(data.source, Made):
        if evaluated:
            return _made_table(name, data.source, tabular=False)
        return _made_files(name, data.source)
    dataset = _stored(data.source, data, workspace, evaluated=evaluated)
    if isinstance(dataset, FileDataset):
        return _files(name, dataset, data)
    text = "is a table, which has no path here. Make it the input_data of a parallel."
    raise data.place.problem(text)


def _stored(
    source: Stored, data: Data, workspace: Workspace, *, evaluated: bool
) -> FileDataset | TabularDataset:
    """Return stored data; of an MLTable, what it describes if that is wanted."""
    found = found_data(source, data.type, workspace, data.place)
    if not evaluated or not isinstance(found, FileDataset):
        return found
    sources = found.definition.sources
    if len(sources) != 1:
        text = f"{source.text!r} is no folder with an MLTable."
        raise data.place.problem(text)
    try:
        return read_mltable(local_place(found) or sources[0], workspace)
    except AzmlError as error:
        raise data.place.problem(str(error)) from error


def _files(
    name: str, dataset: FileDataset, data: Data, *, direct: bool = False
) -> DatasetConsumptionConfig:
    named = dataset.as_named_input(name)
    if direct:
        return named
    if data.mode in _DOWNLOADS:
        return named.as_download(data.path_on_compute)
    return named.as_mount(data.path_on_compute)


def _made_table(name: str, made: Made, *, tabular: bool) -> object:
    reading = parsed_mltable("tabular" if tabular else "file")
    return PipelineOutputTabularDataset(made.data, reading, name)


def _made_files(name: str, made: Made) -> object:
    if not made.below:
        return made.data.as_dataset().as_named_input(name)
    below = DatasetDefinition(
        kind="file", sources=(DataSource(url="", path=made.below),)
    )
    return PipelineOutputTabularDataset(made.data, below, name)
