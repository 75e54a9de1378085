"""A run with every value known: what the orchestrator reads and nothing else.

The plan is written once, before anything runs, and never changed. It holds no Python
objects, so that any process on any machine can read it.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.output_registration import OutputRegistration, read_below
from azml_pipelines.pipeline.environment_definition import EnvironmentDefinition
from azml_pipelines.pipeline.parallel_run_settings import ParallelRunSettings

__all__ = [
    "AnyScriptStepPlan",
    "Argument",
    "CommandStepPlan",
    "ComputePlan",
    "ConditionPlan",
    "DataTransferStepPlan",
    "InputPlan",
    "Joined",
    "OutputPlan",
    "ParallelRunStepPlan",
    "PythonScriptStepPlan",
    "Reference",
    "RunPlan",
    "ScriptLimits",
    "StepPlan",
    "WorkspacePlan",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Reference(_Frozen):
    """Stands in ``arguments`` for the local path of an input or an output."""

    port: Literal["input", "output"]
    name: str


class Joined(_Frozen):
    """Stands in ``arguments`` for one text that is put together from parts."""

    parts: tuple[str | Reference, ...]


Argument = str | Reference | Joined


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
    form: Literal["data", "dataset"] = "data"
    """``dataset``: of an ``OutputFileDatasetConfig``; its folder exists beforehand."""
    is_directory: bool | None = None
    """Whether it is a folder; None leaves it to the script."""
    file_name: str | None = None
    """The file in that folder that others read; None for all that is in it."""

    @property
    def source(self) -> DataSource:
        """Where those that read it find it."""
        path = self.path_on_datastore
        return DataSource(
            url=self.url,
            path=path if self.file_name is None else f"{path}/{self.file_name}",
            datastore=self.datastore,
            options=self.options,
        )


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

    @property
    def definition(self) -> DatasetDefinition | None:
        """What is read, whether a step of the run makes it or not."""
        if self.produced_by is None:
            return self.dataset
        return read_below(self.produced_by.source, self.reading)


class ComputePlan(_Frozen):
    """Which compute target runs a step; ``local`` is this machine."""

    name: str = "local"
    kind: Literal["local"] = "local"
    max_nodes: int | None = None
    """That all steps of the run may use at the same time; None sets no limit."""


class ConditionPlan(_Frozen):
    """What has to be so for a step to run."""

    step_run_id: str
    """The step that is looked at."""
    step_name: str
    operator: Literal[">", ">=", "<", "<=", "==", "!=", "exists"]
    metric: str | None = None
    value: bool | int | float | str | None = None
    output: OutputPlan | None = None
    """Set exactly when ``metric`` is not."""


class _StepPlan(_Frozen):
    """What the plans of all kinds of steps have."""

    step_run_id: str
    name: str
    source_directory: str = ""
    """The folder to copy at submission, the run uses only its copy; empty when the
    step has no files of its own."""
    arguments: tuple[Argument, ...] = ()
    compute: ComputePlan = ComputePlan()
    after: tuple[str, ...] = ()
    """Names of the steps (``step_run_id``) that must have finished."""
    when: tuple[ConditionPlan, ...] = ()
    """What else has to be so; otherwise the step is skipped."""
    allow_reuse: bool = True
    environment: EnvironmentDefinition | None = None
    """As declared; its variables stand elsewhere."""

    @property
    def all_inputs(self) -> tuple[InputPlan, ...]:
        """Everything that it reads."""
        return ()

    @property
    def all_outputs(self) -> tuple[OutputPlan, ...]:
        """Everything that it writes."""
        return ()

    @property
    def variables(self) -> dict[str, str]:
        """Variables of its processes; secrets stand there as ``env:NAME``."""
        return {}

    @property
    def script(self) -> str:
        """The file of its source directory that it runs; empty when it runs none."""
        return ""


class ParallelRunStepPlan(_StepPlan):
    """One ParallelRunStep of a run."""

    kind: Literal["parallel_run"] = "parallel_run"
    settings: ParallelRunSettings
    inputs: tuple[InputPlan, ...]
    """Cut into mini-batches, one after the other, in this order."""
    side_inputs: tuple[InputPlan, ...] = ()
    """Given whole to every worker."""
    output: OutputPlan | None = None
    """Where rows go, and what the script itself writes."""
    side_outputs: tuple[OutputPlan, ...] = ()
    """Folders that the script writes to by itself."""

    @property
    def all_inputs(self) -> tuple[InputPlan, ...]:
        """Inputs and side inputs."""
        return (*self.inputs, *self.side_inputs)

    @property
    def all_outputs(self) -> tuple[OutputPlan, ...]:
        """The output, if there is one, and the side outputs."""
        rows = () if self.output is None else (self.output,)
        return (*rows, *self.side_outputs)

    @property
    def variables(self) -> dict[str, str]:
        """Those of its settings."""
        return self.settings.environment_variables

    @property
    def script(self) -> str:
        """The entry script."""
        return self.settings.entry_script


class ScriptLimits(_Frozen):
    """What the process of a script or command may take."""

    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds of one try; None sets no limit."""
    max_try: int = Field(default=1, ge=1)
    """How often it is started when it fails, the first time included."""
    memory: int | None = Field(default=None, ge=1)
    """Bytes of all its processes together; None sets no limit."""


class _ScriptStepPlan(_StepPlan):
    inputs: tuple[InputPlan, ...] = ()
    outputs: tuple[OutputPlan, ...] = ()
    environment_variables: dict[str, str] = Field(default_factory=dict)
    parameters: dict[str, str] = Field(default_factory=dict)
    """What the script finds as ``AML_PARAMETER_<name>``."""
    limits: ScriptLimits = ScriptLimits()
    version: str | None = None
    """The author's own mark."""

    @property
    def all_inputs(self) -> tuple[InputPlan, ...]:
        """The inputs."""
        return self.inputs

    @property
    def all_outputs(self) -> tuple[OutputPlan, ...]:
        """The outputs."""
        return self.outputs

    @property
    def variables(self) -> dict[str, str]:
        """Those that were declared."""
        return self.environment_variables


class PythonScriptStepPlan(_ScriptStepPlan):
    """One PythonScriptStep of a run."""

    kind: Literal["python_script"] = "python_script"
    script_name: str
    """Relative to ``source_directory``, with forward slashes."""

    @property
    def script(self) -> str:
        """The script."""
        return self.script_name


class CommandStepPlan(_ScriptStepPlan):
    """One CommandStep of a run; a shell gets its arguments, joined by spaces."""

    kind: Literal["command"] = "command"


class DataTransferStepPlan(_StepPlan):
    """One DataTransferStep of a run: a copy of files from one place to another."""

    kind: Literal["data_transfer"] = "data_transfer"
    source: InputPlan
    destination: OutputPlan
    source_type: Literal["file", "directory"] | None = None
    """What the source has to be; either if None."""
    destination_type: Literal["file", "directory"] | None = None
    """What the copy becomes; what the source is if None."""

    @property
    def all_inputs(self) -> tuple[InputPlan, ...]:
        """What is copied."""
        return (self.source,)

    @property
    def all_outputs(self) -> tuple[OutputPlan, ...]:
        """Where it is copied to."""
        return (self.destination,)


AnyScriptStepPlan: TypeAlias = PythonScriptStepPlan | CommandStepPlan
StepPlan: TypeAlias = Annotated[
    ParallelRunStepPlan | PythonScriptStepPlan | CommandStepPlan | DataTransferStepPlan,
    Field(discriminator="kind"),
]


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
    steps: tuple[StepPlan, ...]
    """In an order in which every step comes after those it needs."""
    resubmitted_from: str | None = None
    regenerate: tuple[str, ...] = ()
    """Steps (``step_run_id``) that run although a result may be there to be reused."""
    incremental: Literal["no", "mini_batches", "items"] = "no"
    """What a step takes over from its last result when only its input has changed."""
