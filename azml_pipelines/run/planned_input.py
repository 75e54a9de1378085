"""A dataset that a step reads directly, out of the plan of its run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.run_plan import RunPlan
from azml_pipelines.store.workspace_folder import RunFolder
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.data.definition import DatasetDefinition

__all__ = ["dataset_of", "planned_dataset"]


def planned_dataset(
    run_folder: str, step_run_id: str, name: str
) -> FileDataset | TabularDataset:
    """Return the dataset that a step reads under ``name``.

    Raises:
        UserErrorException: The step reads no dataset under this name.
    """
    text = RunFolder(Path(run_folder)).plan.read_text(encoding="utf-8")
    for step in RunPlan.model_validate_json(text).steps:
        for one in step.all_inputs if step.step_run_id == step_run_id else ():
            found = one.definition
            if one.name == name and found is not None:
                return dataset_of(found)
    msg = f"Step run {step_run_id} reads no dataset under the name {shown(name)}."
    raise UserErrorException(msg)


def dataset_of(definition: DatasetDefinition) -> FileDataset | TabularDataset:
    """Return a dataset as its user holds it."""
    kind = FileDataset if definition.kind == "file" else TabularDataset
    return kind(definition)
