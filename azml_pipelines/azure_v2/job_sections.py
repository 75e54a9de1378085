"""The keys of jobs and components, and what becomes of each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from azml_pipelines.azure_v2.section import (
    Described,
    Refused,
    Schema,
    Section,
    Unused,
)

__all__ = [
    "CommandComponent",
    "CommandJob",
    "CommandLimits",
    "InnerPipelineJob",
    "ParallelComponent",
    "ParallelJob",
    "ParallelTask",
    "PipelineComponent",
    "Resources",
    "RetrySettings",
]

_HERE = "has no effect: steps run on the machines of their compute target"
_RIGHTS = "has no effect: a run has the rights of whoever starts it"
_NO_CONTAINER = "has no effect: steps do not run in containers"
_ONE_PROCESS = (
    "is not available: a command is one process. Start what it needs in the command"
)
_COPIES = "is not available; put what the code needs into its folder"
Count = Annotated[int, Field(ge=1)]
Threshold = Annotated[int, Field(ge=-1)]
_WEEKEND = 259_200
_OUTERMOST = "has no effect: the settings of the outermost pipeline count"


class Resources(Section):
    """``resources`` of a job, a component or a deployment."""

    instance_count: Annotated[int, Field(ge=-1)] | None = None
    instance_type: Annotated[Any, Unused(_HERE)] = None
    properties: Annotated[Any, Unused(_HERE)] = None
    shm_size: Annotated[Any, Unused(_NO_CONTAINER)] = None
    docker_args: Annotated[Any, Unused(_NO_CONTAINER)] = None
    locations: Annotated[Any, Unused(_HERE)] = None
    max_instance_count: Annotated[Any, Unused(_HERE)] = None


class RetrySettings(Section):
    """``retry_settings``: tries after the first one, and seconds of one ``run()``."""

    max_retries: Annotated[int, Field(ge=0)] | None = None
    timeout: Annotated[float, Field(gt=0, le=_WEEKEND)] | None = None


class CommandLimits(Section):
    """``limits`` of a command."""

    timeout: Annotated[float, Field(gt=0)] | None = None


class ParallelTask(Section):
    """``task`` of a parallel job: the script and how it is called."""

    type: Literal["run_function"] = "run_function"
    code: str | None = None
    entry_script: str
    environment: Any = None
    program_arguments: str = ""
    append_row_to: str | None = None
    model: Annotated[
        Any, Refused("is not accepted; make the model an input of the job")
    ] = None


class _Named(Section):
    """What jobs and components have in common."""

    schema_: Schema
    type: str | None = None
    name: Described = None
    version: Any = None
    display_name: Described = None
    description: Described = None
    tags: dict[str, Any] | None = None
    properties: Annotated[
        Any, Unused("has no effect: only Azure's services read them")
    ] = None
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    is_deterministic: bool | None = None


class _Job(_Named):
    """What all jobs have."""

    component: Any = None
    compute: str | None = None
    comment: Described = None
    identity: Annotated[Any, Unused(_RIGHTS)] = None
    services: Annotated[
        Any, Refused("is not available: nobody can connect to a step")
    ] = None
    queue_settings: Annotated[Any, Unused(_HERE)] = None
    environment_variables: dict[str, Any] | None = None


class _Command(Section):
    """What commands are, in jobs and components."""

    command: str | None = None
    code: str | None = None
    environment: Any = None
    resources: Any = None
    distribution: Annotated[Any, Refused(_ONE_PROCESS)] = None
    additional_includes: Annotated[Any, Refused(_COPIES)] = None


class CommandComponent(_Command, _Named):
    """A component of ``type: command``."""


class CommandJob(_Command, _Job):
    """A job that runs one command."""

    limits: Any = None


class _Parallel(Section):
    """What parallel work is, in jobs and components."""

    input_data: str | None = None
    mini_batch_size: int | str | None = None
    partition_keys: list[str] | str | None = None
    resources: Any = None
    max_concurrency_per_instance: Count | None = None
    error_threshold: Threshold | None = None
    mini_batch_error_threshold: Threshold | None = None
    logging_level: str | None = None
    retry_settings: Any = None
    task: Any = None
    environment_variables: dict[str, Any] | None = None
    output_data: Annotated[
        Any, Unused("has no effect: task.append_row_to says where rows go")
    ] = None


class ParallelComponent(_Parallel, _Named):
    """A component of ``type: parallel``."""


class ParallelJob(_Parallel, _Job):
    """A job that runs a script over mini-batches."""


class PipelineComponent(_Named):
    """A component of ``type: pipeline``."""

    jobs: dict[str, Any] = Field(default_factory=dict)
    settings: Annotated[Any, Unused(_OUTERMOST)] = None


class InnerPipelineJob(_Job):
    """A job that is a pipeline itself."""

    settings: Annotated[Any, Unused(_OUTERMOST)] = None
    compute: Annotated[
        str | None, Unused("has no effect: name it in the jobs, or for all of them")
    ] = None
    environment_variables: Annotated[
        Any, Unused("has no effect: set them in the jobs themselves")
    ] = None
