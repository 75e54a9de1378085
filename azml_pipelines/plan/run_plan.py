"""A run with every value known: what the orchestrator reads and nothing else.

The plan is written once, before anything runs, and never changed. It holds no Python
objects, so that any process on any machine can read it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.data.output_registration import OutputRegistration
from azml_pipelines.pipeline.parallel_run_settings import ParallelRunSettings

__all__ = [
    "Argument",
    "ComputePlan",
    "InputPlan",
    "OutputPlan",
    "ParallelRunStepPlan",
    "Reference",
    "RunPlan",
    "WorkspacePlan",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Reference(_Frozen):
    """Stands in ``arguments`` for the local path of an input or an output."""

    port: Literal["input", "output"]
    name: str


Argument = str | Reference


class OutputPlan(_Frozen):
    """Where a step's output lands; ``url`` is the datastore's root in fsspec's form."""

    name: str
    datastore: str
    url: str
    path_on_datastore: str
    """``azureml/<step run id>/<output name>``, as in version 1."""
    options: dict[str, JsonValue] = Field(default_factory=dict)
    """How the datastore is opened; secrets stand there as ``env:NAME``."""
    registrations: tuple[OutputRegistration, ...] = ()
    """Datasets to register when the step has finished."""


class InputPlan(_Frozen):
    """What a step reads under ``name``: a dataset, or an output of an earlier step."""

    name: str
    mode: Literal["direct", "mount", "download"]
    path_on_compute: str | None = None
    dataset: DatasetDefinition | None = None
    produced_by: OutputPlan | None = None
    """Set exactly when ``dataset`` is not."""
    reading: DatasetDefinition | None = None
    """How what is produced becomes a table; a pattern below it is its source."""
    parameter: str | None = None
    """The pipeline parameter that the dataset is the value of, if it is one."""


class ComputePlan(_Frozen):
    """Which compute target runs a step; ``local`` is this machine."""

    name: str = "local"
    kind: Literal["local"] = "local"


class ParallelRunStepPlan(_Frozen):
    """One ParallelRunStep of a run."""

    kind: Literal["parallel_run"] = "parallel_run"
    step_run_id: str
    name: str
    settings: ParallelRunSettings
    source_directory: str
    """The folder to copy at submission; the run uses only its copy."""
    inputs: tuple[InputPlan, ...]
    """Cut into mini-batches, one after the other, in this order."""
    side_inputs: tuple[InputPlan, ...] = ()
    """Given whole to every worker."""
    output: OutputPlan | None = None
    arguments: tuple[Argument, ...] = ()
    compute: ComputePlan = ComputePlan()
    after: tuple[str, ...] = ()
    """Names of the steps (``step_run_id``) that must have finished."""
    allow_reuse: bool = True


class WorkspacePlan(_Frozen):
    """The workspace of a run, as its scripts see it."""

    name: str
    root: str
    """Absolute path of the folder with the workspace's ``config.json``."""
    subscription_id: str = "local"
    resource_group: str = "local"
    cache_folder: str | None = None
    """For fetched files; by default in the workspace's storage."""
    cache_bytes: int | None = None
    """What they may need together; by default 20 GiB."""


class RunPlan(_Frozen):
    """Everything a run needs."""

    schema_version: Literal[1] = 1
    run_id: str
    experiment: str
    workspace: WorkspacePlan
    parameters: dict[str, str | int | float | bool | DatasetDefinition] = Field(
        default_factory=dict
    )
    """The value of every declared parameter, for people; steps hold theirs already."""
    continue_on_step_failure: bool = False
    steps: tuple[ParallelRunStepPlan, ...]
    """In an order in which every step comes after those it needs."""
    resubmitted_from: str | None = None
