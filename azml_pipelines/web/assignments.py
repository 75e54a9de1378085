"""From what a request assigns to values that a submission takes."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.errors import ParameterError
from azml_pipelines.plan.assignment import parse_assignment
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.plan.definition import PipelineDefinition
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.web.messages import ResubmitRequest, SubmitRequest

__all__ = ["assigned_values"]


def assigned_values(
    workspace: Workspace,
    definition: PipelineDefinition,
    body: SubmitRequest | ResubmitRequest,
) -> dict[str, object]:
    """Return the values by parameter name.

    Scalars may come as text, as version 1's clients send them. A dataset parameter
    takes the name of a registered dataset, never a path of this machine. What is not
    declared is passed on as it is.

    Raises:
        ParameterError: A text means no value of the declared type.
        UserErrorException: A datastore or a dataset is not registered.
    """
    values: dict[str, object] = {}
    for name, value in body.ParameterAssignments.items():
        values[name] = _scalar(workspace, definition, name, value)
    for name, place in body.DataPathAssignments.items():
        path = PurePosixPath(place.RelativePath)
        if ".." in path.parts or path.is_absolute():
            msg = (
                f"DataPathAssignments[{shown(name)}]: {shown(place.RelativePath)} "
                "leaves the datastore; give a path below its root."
            )
            raise ParameterError(msg)
        datastore = workspace.get_datastore(place.DataStoreName)
        values[name] = DataPath(datastore, place.RelativePath)
    for name, one in body.DataSetDefinitionValueAssignments.items():
        found = workspace.find_dataset_by_id(one.SavedDataSetReference.Id)
        values[name] = found.definition
    return values


def _scalar(
    workspace: Workspace, definition: PipelineDefinition, name: str, value: object
) -> object:
    declared = definition.parameter(name)
    if declared is None:
        return value
    text = str(value)
    if declared.kind in {"file", "tabular"}:
        known, _, version = text.partition(":")
        number = int(version) if version.isdecimal() else None
        return workspace.find_dataset(known, number).definition
    return parse_assignment(definition, name, text, workspace.find_dataset)
