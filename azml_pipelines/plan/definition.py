"""A pipeline as declared: JSON with its parameters still open, for any resubmission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.output_registration import OutputRegistration
from azml_pipelines.pipeline.environment_definition import EnvironmentDefinition
from azml_pipelines.pipeline.parallel_run_settings import (
    OnExisting,
    OnFailedMiniBatch,
    OutputAction,
    OutputFormat,
)
from azml_pipelines.pipeline.parameter import ParameterKind
from azml_pipelines.plan.run_plan import ComputePlan, Reference, ScriptLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ArgumentDefinition",
    "Bindable",
    "CommandStepDefinition",
    "ConditionDefinition",
    "DataTransferStepDefinition",
    "InputDefinition",
    "JoinedDefinition",
    "OutputDefinition",
    "ParallelRunStepDefinition",
    "ParameterDefinition",
    "ParameterReference",
    "PipelineDefinition",
    "PythonScriptStepDefinition",
    "ScriptStepDefinition",
    "SettingsDefinition",
    "StepDefinition",
    "StepOutputReference",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class ParameterDefinition(_Frozen):
    """A declared parameter."""

    name: str
    kind: ParameterKind
    default: bool | int | float | str | DatasetDefinition | DataSource


class ParameterReference(_Frozen):
    """Stands for the value of a parameter."""

    parameter: str


class StepOutputReference(_Frozen):
    """Stands for what another step of the pipeline writes."""

    step: str
    """Its ``key``."""
    output: str
    reading: DatasetDefinition | None = None
    """How it becomes a table; its only source is a pattern below the output."""


Bindable: TypeAlias = bool | int | float | str | ParameterReference | None


class JoinedDefinition(_Frozen):
    """Stands in ``arguments`` for one text that is put together from parts."""

    parts: tuple[str | ParameterReference | Reference, ...]


ArgumentDefinition: TypeAlias = str | ParameterReference | Reference | JoinedDefinition


class InputDefinition(_Frozen):
    """What a step reads under ``name``."""

    name: str
    mode: Literal["direct", "mount", "download"]
    path_on_compute: str | None = None
    source: DatasetDefinition | ParameterReference | StepOutputReference


class OutputDefinition(_Frozen):
    """What a step writes, and onto which datastore."""

    name: str
    datastore: str
    url: str
    options: dict[str, JsonValue] = Field(default_factory=dict)
    pipeline_output_name: str | None = None
    path_template: str | None = None
    """Where on the datastore; ``{run-id}`` and ``{output-name}`` are filled in."""
    registrations: tuple[OutputRegistration, ...] = ()
    form: Literal["data", "dataset"] = "data"
    """``dataset`` for an ``OutputFileDatasetConfig``."""
    is_directory: bool | None = None
    file_name: str | None = None
    """See ``OutputPlan``."""


class SettingsDefinition(_Frozen):
    """The settings of a parallel step; those that may be parameters are bindable."""

    mini_batch_size: Bindable = None
    partition_keys: tuple[str, ...] | ParameterReference | None = None
    output_action: OutputAction
    append_row_file_name: str | None = None
    output_format: OutputFormat | None = None
    output_schema: dict[str, ColumnType] | None = None
    partition_output_by: tuple[str, ...] | None = None
    on_existing: OnExisting = "replace"
    node_count: Bindable = 1
    process_count_per_node: Bindable = None
    run_invocation_timeout: Bindable = None
    run_max_try: Bindable = None
    error_threshold: int = -1
    allowed_failed_count: int | None = None
    allowed_failed_percent: float | None = None
    on_failed_mini_batch: OnFailedMiniBatch = "fail"
    memory_limit_per_process: int | None = None
    max_result_bytes: int = 256 * 1024 * 1024
    logging_level: Bindable = None
    entry_kind: str = "script"
    entry_options: str = ""
    environment_variables: dict[str, str] = Field(default_factory=dict)


class ConditionDefinition(_Frozen):
    """What has to be so for a step to run."""

    step: str
    """Key of the step that is looked at."""
    operator: Literal[">", ">=", "<", "<=", "==", "!=", "exists"]
    metric: str | None = None
    value: bool | int | float | str | None = None
    output: str | None = None
    """Name of an output of that step; set exactly when ``metric`` is not."""


class _StepDefinition(_Frozen):
    """What the definitions of all kinds of steps have."""

    key: str
    """Its name, with a number behind it when several steps have that name."""
    name: str
    source_directory: str = ""
    """Empty when the step has no files of its own."""
    arguments: tuple[ArgumentDefinition, ...] = ()
    compute: ComputePlan = ComputePlan()
    after: tuple[str, ...] = ()
    """Keys of the steps that have to finish first."""
    when: tuple[ConditionDefinition, ...] = ()
    allow_reuse: bool = True

    @property
    def all_outputs(self) -> tuple[OutputDefinition, ...]:
        """Everything that it writes."""
        return ()

    @property
    def script(self) -> str:
        """The file of its source directory that it runs; empty when it runs none."""
        return ""


class ParallelRunStepDefinition(_StepDefinition):
    """One ParallelRunStep of a pipeline."""

    kind: Literal["parallel_run"] = "parallel_run"
    entry_script: str
    settings: SettingsDefinition
    environment: EnvironmentDefinition
    inputs: tuple[InputDefinition, ...]
    side_inputs: tuple[InputDefinition, ...] = ()
    output: OutputDefinition | None = None
    side_outputs: tuple[OutputDefinition, ...] = ()

    @property
    def all_outputs(self) -> tuple[OutputDefinition, ...]:
        """The output, if there is one, and the side outputs."""
        rows = () if self.output is None else (self.output,)
        return (*rows, *self.side_outputs)

    @property
    def script(self) -> str:
        """The entry script."""
        return self.entry_script


class _ScriptStepDefinition(_StepDefinition):
    inputs: tuple[InputDefinition, ...] = ()
    outputs: tuple[OutputDefinition, ...] = ()
    environment: EnvironmentDefinition | None = None
    environment_variables: dict[str, str] = Field(default_factory=dict)
    parameters: dict[str, Bindable] = Field(default_factory=dict)
    """What the script finds as ``AML_PARAMETER_<name>``."""
    limits: ScriptLimits = ScriptLimits()
    version: str | None = None
    """The author's own; another one is another step."""

    @property
    def all_outputs(self) -> tuple[OutputDefinition, ...]:
        """The outputs."""
        return self.outputs


class PythonScriptStepDefinition(_ScriptStepDefinition):
    """One PythonScriptStep of a pipeline."""

    kind: Literal["python_script"] = "python_script"
    script_name: str

    @property
    def script(self) -> str:
        """The script."""
        return self.script_name


class CommandStepDefinition(_ScriptStepDefinition):
    """One CommandStep of a pipeline; its arguments are the command line."""

    kind: Literal["command"] = "command"


class DataTransferStepDefinition(_StepDefinition):
    """One DataTransferStep of a pipeline."""

    kind: Literal["data_transfer"] = "data_transfer"
    source: InputDefinition
    destination: OutputDefinition
    source_type: Literal["file", "directory"] | None = None
    destination_type: Literal["file", "directory"] | None = None

    @property
    def all_outputs(self) -> tuple[OutputDefinition, ...]:
        """Where it copies to."""
        return (self.destination,)


ScriptStepDefinition: TypeAlias = PythonScriptStepDefinition | CommandStepDefinition
StepDefinition: TypeAlias = Annotated[
    ParallelRunStepDefinition
    | PythonScriptStepDefinition
    | CommandStepDefinition
    | DataTransferStepDefinition,
    Field(discriminator="kind"),
]


class PipelineDefinition(_Frozen):
    """A pipeline, complete in itself but for the folders with its scripts."""

    schema_version: Literal[1] = 1
    description: str | None = None
    parameters: tuple[ParameterDefinition, ...] = ()
    steps: tuple[StepDefinition, ...]
    """In an order in which every step comes after those it needs."""

    def parameter(self, name: str) -> ParameterDefinition | None:
        """Return the parameter called ``name``, or None."""
        return next((p for p in self.parameters if p.name == name), None)

    def with_defaults(self, defaults: Mapping[str, object]) -> PipelineDefinition:
        """Return a copy whose parameters have other defaults, of the same types."""
        parameters = tuple(
            one.model_copy(update={"default": defaults.get(one.name, one.default)})
            for one in self.parameters
        )
        return self.model_copy(update={"parameters": parameters})

    def with_sources(self, folders: Mapping[str, str]) -> PipelineDefinition:
        """Return a copy whose scripts lie elsewhere.

        Args:
            folders: Key of a step (its name, if no other step has it) to the folder;
                steps that are not named keep theirs, and those without scripts have
                none.
        """
        steps = tuple(
            step.model_copy(update={"source_directory": str(folders[step.key])})
            if step.source_directory and step.key in folders
            else step
            for step in self.steps
        )
        return self.model_copy(update={"steps": steps})
