"""What a step has written, as ``get_details()['outputDatasets']`` of version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_dataset import FileDataset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from azml_pipelines.plan.run_plan import OutputPlan

__all__ = ["output_datasets"]


def output_datasets(outputs: Iterable[OutputPlan]) -> tuple[Mapping[str, Any], ...]:
    """Return an entry for each output of a finished step, with a dataset of its files.

    ``entry['dataset'].download(folder)`` is what version 1's users do with it.
    """
    return tuple(
        {
            "identifier": {"outputName": output.name},
            "outputType": "RunOutput",
            "outputDetails": {"outputName": output.name},
            "dataset": FileDataset(
                DatasetDefinition(
                    kind="file",
                    sources=(
                        DataSource(
                            url=output.url,
                            path=output.path_on_datastore,
                            datastore=output.datastore,
                            options=output.options,
                        ),
                    ),
                )
            ),
        }
        for output in outputs
    )
