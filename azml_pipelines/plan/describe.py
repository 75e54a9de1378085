"""From the objects a user made to the definition that is stored and compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from azml_pipelines.data.data_reference import DataPath, DataReference
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import DeclarationError, UnknownStepKindError
from azml_pipelines.masking import mask, stored_variables
from azml_pipelines.pipeline.entry_script_check import check_entry_script
from azml_pipelines.pipeline.environment_variables import (
    as_mapping,
    checked_variables,
)
from azml_pipelines.pipeline.mini_batch_size import ByteCount
from azml_pipelines.pipeline.output_checks import output_schema
from azml_pipelines.pipeline.parallel_run_config import compute_name
from azml_pipelines.pipeline.parallel_run_step import ParallelRunStep
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.pipeline.pipeline_data import PipelineData
from azml_pipelines.plan.definition import (
    ArgumentDefinition,
    InputDefinition,
    OutputDefinition,
    ParallelRunStepDefinition,
    ParameterDefinition,
    ParameterReference,
    PipelineDefinition,
    SettingsDefinition,
    StepOutputReference,
)
from azml_pipelines.plan.problems import one_line
from azml_pipelines.plan.run_plan import ComputePlan, Reference
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.pipeline.input_port import InputPort
    from azml_pipelines.pipeline.parallel_run_config import ParallelRunConfig
    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.pipeline.step import PipelineStep
    from azml_pipelines.pipeline.step_arguments import ScriptArgument

__all__ = ["datapath_source", "describe"]


def describe(pipeline: Pipeline) -> PipelineDefinition:
    """Write down a pipeline as it is now.

    Scripts are looked for again, registered datasets are looked up again.

    Raises:
        CycleError: Steps wait for each other.
        DeclarationError: There are no steps, a script is missing, or an attribute was
            assigned something that cannot be written down.
    """
    steps = pipeline.graph.in_order()
    if not steps:
        msg = "The pipeline has no steps. Pass steps=[…]."
        raise DeclarationError(msg)
    keys = _keys(steps)
    return PipelineDefinition(
        description=None
        if pipeline.description is None
        else mask(str(pipeline.description)),
        parameters=tuple(_parameter(p) for p in pipeline.parameters),
        steps=tuple(_step(pipeline, _parallel(step), keys) for step in steps),
    )


def datapath_source(path: DataPath) -> DataSource:
    """Return the place that a DataPath names."""
    return data_sources(path)[0]


def _keys(steps: Sequence[PipelineStep]) -> dict[PipelineStep, str]:
    """Give each step a name of its own; steps may share theirs."""
    keys: dict[PipelineStep, str] = {}
    free = {step.name for step in steps}
    taken = set(free)
    for step in steps:
        key, number = step.name, 2
        if key not in free:
            while (key := f"{step.name}-{number}") in taken:
                number += 1
        free.discard(key)
        taken.add(key)
        keys[step] = key
    return keys


def _parallel(step: PipelineStep) -> ParallelRunStep:
    if not isinstance(step, ParallelRunStep):
        msg = (
            f"Step {shown(step.name)} is a {type(step).__name__}, which cannot run "
            "yet. Use a ParallelRunStep."
        )
        raise UnknownStepKindError(msg)
    return step


def _parameter(parameter: PipelineParameter) -> ParameterDefinition:
    value = parameter.default_value
    if isinstance(value, (FileDataset, TabularDataset)):
        default: object = value.definition
    elif isinstance(value, DataPath):
        default = datapath_source(value)
    else:
        default = value
    return ParameterDefinition.model_validate(
        {"name": parameter.name, "kind": parameter.kind, "default": default}
    )


def _step(
    pipeline: Pipeline, step: ParallelRunStep, keys: Mapping[PipelineStep, str]
) -> ParallelRunStepDefinition:
    config = step.parallel_run_config
    config.check()
    _refuse_what_comes_later(step)
    source = step.source(pipeline.default_source_directory)
    check_entry_script(step.name, source.directory, source.entry_script)
    producers = pipeline.graph.producers
    needed = pipeline.graph.needed_by(step)
    return ParallelRunStepDefinition(
        key=keys[step],
        name=step.name,
        source_directory=str(source.directory),
        entry_script=source.entry_script,
        settings=_settings(step.name, config),
        environment=config.environment.definition(),
        inputs=tuple(_input(port, producers, keys) for port in step.input_ports),
        side_inputs=tuple(
            _input(port, producers, keys) for port in step.side_input_ports
        ),
        output=None if step.output is None else _output(pipeline, step.output),
        arguments=tuple(map(_argument, step.script_arguments)),
        compute=ComputePlan(name=compute_name(config.compute_target) or "local"),
        after=tuple(keys[other] for other in needed),
        allow_reuse=bool(step.allow_reuse),
    )


def _refuse_what_comes_later(step: ParallelRunStep) -> None:
    later = None
    if step.rank_mini_batch_count:
        later = f"--rank_mini_batch_count {step.rank_mini_batch_count}"
    if later is not None:
        msg = (
            f"Step {shown(step.name)} uses {later}, which this release cannot run yet. "
            "Split the input with mini_batch_size instead."
        )
        raise DeclarationError(msg)


def _settings(step: str, config: ParallelRunConfig) -> SettingsDefinition:
    variables = _variables(step, config)
    content = {
        "mini_batch_size": _bindable(config.mini_batch_size),
        "partition_keys": _partition_keys(config.partition_keys),
        "output_action": str(config.output_action).lower(),
        "append_row_file_name": config.append_row_file_name,
        "output_format": config.output_format,
        "output_schema": output_schema(config.output_schema),
        "partition_output_by": config.partition_output_by,
        "on_existing": config.on_existing,
        "node_count": _bindable(config.node_count),
        "process_count_per_node": _bindable(config.process_count_per_node),
        "run_invocation_timeout": _bindable(config.run_invocation_timeout),
        "run_max_try": _bindable(config.run_max_try),
        "error_threshold": config.error_threshold,
        "allowed_failed_count": config.allowed_failed_count,
        "allowed_failed_percent": config.allowed_failed_percent,
        "on_failed_mini_batch": config.on_failed_mini_batch,
        "memory_limit_per_process": config.memory_limit_per_process,
        "max_result_bytes": config.max_result_bytes,
        "logging_level": _bindable(config.logging_level),
        "environment_variables": variables,
    }
    try:
        return SettingsDefinition.model_validate(content)
    except ValidationError as error:
        msg = f"Step {shown(step)}: {one_line(error)}."
        raise DeclarationError(msg) from None


def _variables(step: str, config: ParallelRunConfig) -> dict[str, str]:
    """Return the environment variables; the configuration's win."""
    given = {
        **as_mapping(config.environment.environment_variables),
        **config.environment_variables,
    }
    # References only: a definition is stored, and a stored secret is no secret.
    return stored_variables(checked_variables(step, given))


def _bindable(value: object) -> object:
    if isinstance(value, PipelineParameter):
        return ParameterReference(parameter=value.name)
    if isinstance(value, ByteCount):
        return value.written
    as_python = getattr(value, "item", None)  # a number of numpy
    return as_python() if callable(as_python) else value


def _partition_keys(keys: object) -> object:
    if keys is None or isinstance(keys, PipelineParameter):
        return _bindable(keys)
    return tuple(str(key) for key in keys) if isinstance(keys, (list, tuple)) else keys


def _input(
    port: InputPort,
    producers: Mapping[PipelineData, PipelineStep],
    keys: Mapping[PipelineStep, str],
) -> InputDefinition:
    return InputDefinition(
        name=port.name,
        mode=port.mode,
        path_on_compute=port.path_on_compute,
        source=_input_source(port, producers, keys),
    )


def _input_source(
    port: InputPort,
    producers: Mapping[PipelineData, PipelineStep],
    keys: Mapping[PipelineStep, str],
) -> DatasetDefinition | ParameterReference | StepOutputReference:
    source = port.current_source()
    if isinstance(source, PipelineParameter):
        return ParameterReference(parameter=source.name)
    if isinstance(source, PipelineData):
        producer = keys[producers[source]]
        return StepOutputReference(
            step=producer, output=source.output_name, reading=port.reading
        )
    if isinstance(source, DataReference):
        return DatasetDefinition(kind="file", sources=data_sources(source))
    return source.definition


def _output(pipeline: Pipeline, data: PipelineData) -> OutputDefinition:
    datastore = data.datastore or pipeline.default_datastore
    if datastore is None or isinstance(datastore, str):
        datastore = pipeline.workspace.get_datastore(datastore)
    return OutputDefinition(
        name=data.output_name,
        datastore=datastore.settings.name,
        url=datastore.settings.url,
        options=datastore.settings.options,
        path_template=data.path_template,
        registrations=tuple(data.registrations),
        pipeline_output_name=None
        if data.pipeline_output_name is None
        else str(data.pipeline_output_name),
    )


def _argument(argument: ScriptArgument) -> ArgumentDefinition:
    if isinstance(argument, str):
        return argument
    if isinstance(argument, PipelineParameter):
        return ParameterReference(parameter=argument.name)
    return Reference(port=argument.port, name=argument.name)
