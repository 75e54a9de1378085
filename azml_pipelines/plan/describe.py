"""From the objects a user made to the definition that is stored and compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import DeclarationError, UnknownStepKindError
from azml_pipelines.masking import mask
from azml_pipelines.pipeline.data_transfer_step import DataTransferStep
from azml_pipelines.pipeline.entry_script_check import check_entry_script
from azml_pipelines.pipeline.output_checks import output_schema
from azml_pipelines.pipeline.parallel_run_step import ParallelRunStep
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.pipeline.problems import one_line
from azml_pipelines.pipeline.script_step import ScriptStep
from azml_pipelines.plan.definition import (
    ParallelRunStepDefinition,
    ParameterDefinition,
    PipelineDefinition,
    SettingsDefinition,
    StepDefinition,
)
from azml_pipelines.plan.describe_ports import (
    DescribedPipeline,
    bindable,
    datapath_source,
    describe_argument,
    describe_conditions,
    describe_input,
    describe_output,
    describe_variables,
)
from azml_pipelines.plan.describe_script import describe_script_step, describe_transfer
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.pipeline.step import PipelineStep

__all__ = ["describe"]


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
    place = DescribedPipeline(pipeline, _keys(steps))
    return PipelineDefinition(
        description=None
        if pipeline.description is None
        else mask(str(pipeline.description)),
        parameters=tuple(_parameter(p) for p in pipeline.parameters),
        steps=tuple(_step(place, step) for step in steps),
    )


def _keys(steps: Sequence[PipelineStep]) -> dict[PipelineStep, str]:
    """Give each step a name of its own; steps may share theirs."""
    keys: dict[PipelineStep, str] = {}
    free = {step.name for step in steps}
    taken = set(free)
    numbers = dict.fromkeys(free, 2)
    for step in steps:
        key = step.name
        if key not in free:
            while (key := f"{step.name}-{numbers[step.name]}") in taken:
                numbers[step.name] += 1
        free.discard(key)
        taken.add(key)
        keys[step] = key
    return keys


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


def _step(place: DescribedPipeline, step: PipelineStep) -> StepDefinition:
    if isinstance(step, ParallelRunStep):
        return _parallel_run(place, step)
    if isinstance(step, ScriptStep):
        return describe_script_step(place, step)
    if isinstance(step, DataTransferStep):
        return describe_transfer(place, step)
    msg = (
        f"Step {shown(step.name)} is a {type(step).__name__}, which cannot run. Use a "
        "ParallelRunStep, PythonScriptStep, CommandStep or DataTransferStep."
    )
    raise UnknownStepKindError(msg)


def _parallel_run(
    place: DescribedPipeline, step: ParallelRunStep
) -> ParallelRunStepDefinition:
    config = step.parallel_run_config
    config.check()
    _refuse_what_comes_later(step)
    source = step.source(place.pipeline.default_source_directory)
    if source.directory is not None and source.entry_script:
        check_entry_script(step.name, source.directory, source.entry_script)
    return ParallelRunStepDefinition(
        key=place.keys[step],
        name=step.name,
        source_directory=source.folder,
        entry_script=source.entry_script,
        settings=_settings(place, step),
        environment=config.environment.definition(),
        inputs=tuple(describe_input(place, port) for port in step.input_ports),
        side_inputs=tuple(
            describe_input(place, port) for port in step.side_input_ports
        ),
        output=None if step.output is None else describe_output(place, step.output),
        side_outputs=tuple(describe_output(place, one) for one in step.side_outputs),
        arguments=tuple(map(describe_argument, step.script_arguments)),
        compute=place.compute(config.compute_target),
        after=place.after(step),
        when=describe_conditions(place, step),
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


def _settings(place: DescribedPipeline, step: ParallelRunStep) -> SettingsDefinition:
    config = step.parallel_run_config
    content = {
        "mini_batch_size": bindable(config.mini_batch_size),
        "partition_keys": _partition_keys(config.partition_keys),
        "output_action": str(config.output_action).lower(),
        "append_row_file_name": config.append_row_file_name,
        "output_format": config.output_format,
        "output_schema": output_schema(config.output_schema),
        "partition_output_by": config.partition_output_by,
        "on_existing": config.on_existing,
        "node_count": bindable(config.node_count),
        "process_count_per_node": bindable(config.process_count_per_node),
        "run_invocation_timeout": bindable(config.run_invocation_timeout),
        "run_max_try": bindable(config.run_max_try),
        "error_threshold": config.error_threshold,
        "allowed_failed_count": config.allowed_failed_count,
        "allowed_failed_percent": config.allowed_failed_percent,
        "on_failed_mini_batch": config.on_failed_mini_batch,
        "memory_limit_per_process": config.memory_limit_per_process,
        "max_result_bytes": config.max_result_bytes,
        "logging_level": bindable(config.logging_level),
        "environment_variables": describe_variables(step),
    }
    if config.inference_server is not None:
        content["entry_kind"] = "inference_server"
        content["entry_options"] = config.inference_server.options(step.name)
    elif config.mlflow_model is not None:
        content["entry_kind"] = "mlflow"
        content["entry_options"] = config.mlflow_model.options(
            step.name,
            place.pipeline.workspace,
            here=config.environment.definition().python.build is None,
        )
    try:
        return SettingsDefinition.model_validate(content)
    except ValidationError as error:
        msg = f"Step {shown(step.name)}: {one_line(error)}."
        raise DeclarationError(msg) from None


def _partition_keys(keys: object) -> object:
    if keys is None or isinstance(keys, PipelineParameter):
        return bindable(keys)
    return tuple(str(key) for key in keys) if isinstance(keys, (list, tuple)) else keys
