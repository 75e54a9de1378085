"""What steps read, write and are started with, as it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from azml_pipelines.data.data_reference import DataPath, DataReference
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.masking import stored_variables
from azml_pipelines.pipeline.environment_variables import checked_variables
from azml_pipelines.pipeline.mini_batch_size import ByteCount
from azml_pipelines.pipeline.parallel_run_config import compute_name
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.pipeline.pipeline import LOCAL_COMPUTE
from azml_pipelines.pipeline.pipeline_data import PipelineData
from azml_pipelines.pipeline.step_arguments import JoinedArgument
from azml_pipelines.plan.definition import (
    ArgumentDefinition,
    ConditionDefinition,
    InputDefinition,
    JoinedDefinition,
    OutputDefinition,
    ParameterReference,
    StepOutputReference,
)
from azml_pipelines.plan.run_plan import ComputePlan, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.data.abstract_datastore import AbstractDatastore
    from azml_pipelines.pipeline.input_port import InputPort
    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.pipeline.step import PipelineStep
    from azml_pipelines.pipeline.step_arguments import ScriptArgument

__all__ = [
    "DescribedPipeline",
    "bindable",
    "datapath_source",
    "describe_argument",
    "describe_conditions",
    "describe_input",
    "describe_output",
    "describe_variables",
]


@dataclass(frozen=True)
class DescribedPipeline:
    """A pipeline that is being written down, and what was looked up for it."""

    pipeline: Pipeline
    keys: Mapping[PipelineStep, str]
    """Of all steps."""
    _datastores: dict[str | None, AbstractDatastore] = field(default_factory=dict)
    _computes: dict[str, ComputePlan] = field(default_factory=dict)

    def datastore(self, name: str | None) -> AbstractDatastore:
        """Return a datastore of the workspace, which is asked for it once."""
        if name not in self._datastores:
            self._datastores[name] = self.pipeline.workspace.get_datastore(name)
        return self._datastores[name]

    def compute(self, target: object) -> ComputePlan:
        """Return what is known of a compute target, however a step has named it."""
        name = compute_name(cast("Any", target)) or LOCAL_COMPUTE
        if name not in self._computes:
            most = None
            if name != LOCAL_COMPUTE:
                known = self.pipeline.workspace.compute_targets.get(name)
                scale = getattr(known, "scale_settings", None)
                most = getattr(scale, "maximum_node_count", None)
            self._computes[name] = ComputePlan(name=name, max_nodes=most)
        return self._computes[name]

    def after(self, step: PipelineStep) -> tuple[str, ...]:
        """Return the keys of the steps that have to finish before one."""
        return tuple(self.keys[other] for other in self.pipeline.graph.needed_by(step))


def datapath_source(path: DataPath) -> DataSource:
    """Return the place that a DataPath names."""
    return data_sources(path)[0]


def bindable(value: object) -> object:
    """Return a setting as it is written down, a parameter as a reference."""
    if isinstance(value, PipelineParameter):
        return ParameterReference(parameter=value.name)
    if isinstance(value, ByteCount):
        return value.written
    as_python = getattr(value, "item", None)  # a number of numpy
    return as_python() if callable(as_python) else value


def describe_input(place: DescribedPipeline, port: InputPort) -> InputDefinition:
    """Write down what a step reads."""
    return InputDefinition(
        name=port.name,
        mode=port.mode,
        path_on_compute=port.path_on_compute,
        source=_input_source(place, port),
    )


def _input_source(
    place: DescribedPipeline, port: InputPort
) -> DatasetDefinition | ParameterReference | StepOutputReference:
    source = port.current_source()
    if isinstance(source, PipelineParameter):
        return ParameterReference(parameter=source.name)
    if isinstance(source, PipelineData):
        producer = place.keys[place.pipeline.graph.producers[source]]
        return StepOutputReference(
            step=producer, output=source.output_name, reading=port.reading
        )
    if isinstance(source, DataReference):
        return DatasetDefinition(kind="file", sources=data_sources(source))
    return source.definition


def describe_output(place: DescribedPipeline, data: PipelineData) -> OutputDefinition:
    """Write down what a step writes, and onto which datastore."""
    datastore = data.datastore or place.pipeline.default_datastore
    if datastore is None or isinstance(datastore, str):
        datastore = place.datastore(datastore)
    return OutputDefinition(
        name=data.output_name,
        datastore=datastore.settings.name,
        url=datastore.settings.url,
        options=datastore.settings.options,
        path_template=data.path_template,
        registrations=tuple(data.registrations),
        form="data" if data.path_template is None else "dataset",
        is_directory=data.is_directory,
        file_name=data.file_name,
        pipeline_output_name=None
        if data.pipeline_output_name is None
        else str(data.pipeline_output_name),
    )


def describe_conditions(
    place: DescribedPipeline, step: PipelineStep
) -> tuple[ConditionDefinition, ...]:
    """Write down what has to be so for a step to run."""
    return tuple(
        ConditionDefinition(
            step=place.keys[condition.step],
            operator=condition.operator,
            metric=condition.metric,
            value=condition.value,
            output=None if condition.output is None else condition.output.output_name,
        )
        for condition in step.conditions
    )


def describe_argument(argument: ScriptArgument) -> ArgumentDefinition:
    """Write down one argument."""
    if isinstance(argument, str):
        return argument
    if isinstance(argument, PipelineParameter):
        return ParameterReference(parameter=argument.name)
    if isinstance(argument, JoinedArgument):
        parts = [describe_argument(cast("Any", one)) for one in argument.parts]
        return JoinedDefinition(parts=tuple(cast("Any", parts)))
    return Reference(port=argument.port, name=argument.name)


def describe_variables(step: PipelineStep) -> dict[str, str]:
    """Write down the environment variables of a step.

    References only: a definition is stored, and a stored secret is no secret.

    Raises:
        DeclarationError: A name or a value cannot be set.
    """
    return stored_variables(checked_variables(step.name, step.environment_variables))
