"""Submits the run of one firing: its pipeline, its values, under its reserved id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.plan.assignment import parse_assignment
from azml_pipelines.plan.compiler import compile_plan
from azml_pipelines.plan.parameter_values import declared_parameter
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.pipeline_endpoint import PipelineEndpoint
from azml_pipelines.run.published_pipeline import PublishedPipeline
from azml_pipelines.run.published_values import accepted_values
from azml_pipelines.run.submission import Submission, describe_workspace
from azml_pipelines.schedule.definition import DataTrigger, ScheduleDefinition
from azml_pipelines.schedule.watched_files import sources_of

if TYPE_CHECKING:
    from azml_pipelines.plan.definition import PipelineDefinition
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.schedule.definition import ScheduledValue
    from azml_pipelines.store.catalog import FiringRecord, ScheduleRecord

__all__ = [
    "FiringDetails",
    "check_values",
    "definition_of",
    "lots_of",
    "published_pipeline",
    "resolved_values",
    "submit_firing",
]

SCHEDULE_TAG = "azml.schedule"
NOMINAL_TAG = "azml.nominal_time"


class FiringDetails(BaseModel):
    """What a firing is about, and what its values turned out to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[str, ...] = ()
    """New and changed files, relative to the watched datastore."""
    datasets: dict[str, str] = Field(default_factory=dict)
    """Registered datasets as ``name:version``, by the parameter that got them."""


def definition_of(record: ScheduleRecord) -> ScheduleDefinition:
    """Return what a schedule was asked to do."""
    return ScheduleDefinition.model_validate_json(record.definition)


def published_pipeline(
    workspace: Workspace, definition: ScheduleDefinition
) -> PublishedPipeline:
    """Return the pipeline that a schedule submits at this moment.

    Raises:
        UserErrorException: There is none with this id, or its endpoint is disabled.
    """
    if definition.pipeline_endpoint_id is not None:
        endpoint = PipelineEndpoint.get(workspace, id=definition.pipeline_endpoint_id)
        endpoint.check_active()
        return endpoint.get_pipeline()
    return PublishedPipeline.get(workspace, definition.pipeline_id or "")


def check_values(workspace: Workspace, definition: ScheduleDefinition) -> None:
    """Make sure that the values of a schedule can be submitted.

    Raises:
        UserErrorException: There is no such pipeline.
        ParameterError: A value is not accepted, or the parameter that is to get the
            files takes none.
        DeclarationError: A setting cannot have the value that its parameter gets.
    """
    pipeline = published_pipeline(workspace, definition).definition()
    values = resolved_values(workspace, definition, pipeline, ())
    trigger = definition.trigger
    if isinstance(trigger, DataTrigger) and trigger.parameter is not None:
        declared = declared_parameter(pipeline, trigger.parameter)
        example = _files_for(pipeline, trigger.parameter, (_EXAMPLE,))
        values = {**values, declared.name: example}
    changed, accepted = accepted_values(pipeline, values)
    compile_plan(
        changed,
        accepted,
        run_id=str(uuid4()),
        experiment=definition.experiment,
        workspace=describe_workspace(workspace),
    )


def lots_of(
    workspace: Workspace, definition: ScheduleDefinition, files: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """Return new and changed files as runs get them.

    A dataset takes all of them at once. A ``DataPath`` is one place, and a folder with
    several of them holds others, too: each file has a run of its own.

    Raises:
        UserErrorException: There is no such pipeline any more.
    """
    trigger = definition.trigger
    if not files:
        return []
    if isinstance(trigger, DataTrigger) and trigger.parameter is not None:
        pipeline = published_pipeline(workspace, definition).definition()
        if declared_parameter(pipeline, trigger.parameter).kind == "datapath":
            return [(file,) for file in files]
    return [files]


def submit_firing(
    workspace: Workspace,
    schedule: ScheduleRecord,
    firing: FiringRecord,
    *,
    starts: bool = True,
) -> tuple[PipelineRun, FiringDetails]:
    """Submit the run of a firing, or go on with its submission.

    Returns:
        The run, and the details with the datasets that were found.

    Raises:
        AzmlError: It cannot be submitted.
        OSError: The same, for now: a full disk, for example.
    """
    definition = definition_of(schedule)
    details = FiringDetails.model_validate_json(firing.details)
    published = published_pipeline(workspace, definition)
    pipeline = published.definition()
    values = resolved_values(workspace, definition, pipeline, details.files)
    run = published.submit_to(
        Experiment(workspace, definition.experiment),
        values,
        Submission(
            tags={SCHEDULE_TAG: schedule.name, NOMINAL_TAG: firing.nominal},
            continue_on_step_failure=definition.continue_on_step_failure,
            run_id=firing.run_id,
            starts=starts,
        ),
    )
    found = {
        name: f"{value.name}:{value.version}"
        for name, value in run.plan.parameters.items()
        if isinstance(value, DatasetDefinition) and value.name is not None
    }
    return run, details.model_copy(update={"datasets": found})


def resolved_values(
    workspace: Workspace,
    definition: ScheduleDefinition,
    pipeline: PipelineDefinition,
    files: tuple[str, ...],
) -> dict[str, Any]:
    """Return the values of a firing: datasets as registered now, and the files.

    Raises:
        ParameterError: Text for a dataset names none, or files go to a parameter that
            takes none.
        UserErrorException: The watched datastore is gone.
    """
    values: dict[str, Any] = {
        name: _resolved(workspace, pipeline, name, value)
        for name, value in definition.parameters.items()
    }
    trigger = definition.trigger
    if files and isinstance(trigger, DataTrigger) and trigger.parameter is not None:
        sources = sources_of(workspace, trigger, files)
        values[trigger.parameter] = _files_for(pipeline, trigger.parameter, sources)
    return values


_EXAMPLE = DataSource(url="file:///", path="example")


def _resolved(
    workspace: Workspace, pipeline: PipelineDefinition, name: str, value: ScheduledValue
) -> ScheduledValue:
    declared = pipeline.parameter(name)
    if (
        declared is not None
        and declared.kind in {"file", "tabular"}
        and isinstance(value, str)
    ):
        return parse_assignment(pipeline, name, value, workspace.find_dataset)
    return value


def _files_for(
    pipeline: PipelineDefinition, name: str, sources: tuple[DataSource, ...]
) -> DatasetDefinition:
    """Return files as a parameter takes them; a table is read as its default is.

    A parameter that takes none refuses them, with what it takes.
    """
    default = declared_parameter(pipeline, name).default
    if isinstance(default, DatasetDefinition):
        return default.model_copy(
            update={"sources": sources, "name": None, "version": None}
        )
    return DatasetDefinition(kind="file", sources=sources)
