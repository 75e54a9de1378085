"""What a pipeline of version 1 would be as a document of version 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.conversion import ConversionRow
from azml_pipelines.plan.definition import (
    CommandStepDefinition,
    DataTransferStepDefinition,
    ParallelRunStepDefinition,
    ParameterReference,
    PythonScriptStepDefinition,
    SettingsDefinition,
)
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.plan.definition import PipelineDefinition, StepDefinition

__all__ = ["definition_rows"]

_TASK = "task.entry_script, task.code"
_SETTINGS = {
    "mini_batch_size": ("mini_batch_size", "text in version 2: quote it"),
    "partition_keys": ("partition_keys", ""),
    "output_action": ("task.append_row_to", "leave it out for summary_only"),
    "append_row_file_name": ("outputs.NAME.path", "type uri_file"),
    "node_count": ("resources.instance_count", ""),
    "process_count_per_node": ("max_concurrency_per_instance", ""),
    "run_invocation_timeout": ("retry_settings.timeout", ""),
    "run_max_try": ("retry_settings.max_retries", "one less: tries after the first"),
    "error_threshold": ("error_threshold", "items"),
    "allowed_failed_count": ("mini_batch_error_threshold", ""),
    "allowed_failed_percent": (
        "task.program_arguments",
        "--allowed_failed_percent N",
    ),
    "logging_level": ("logging_level", "DEBUG, INFO or WARNING"),
    "environment_variables": ("environment_variables", ""),
}
_OURS = "ours: there is nothing like it in version 2"
_EXECUTION = frozenset({"entry_kind", "entry_options"})


def definition_rows(definition: PipelineDefinition) -> list[ConversionRow]:
    """Return a row for each thing that a pipeline says.

    Args:
        definition: Of a pipeline in Python, or of a run.
    """
    rows = [
        ConversionRow(
            f"parameter {one.name}",
            shown(getattr(one.default, "sources", one.default), 40),
            f"inputs.{one.name}",
            f"type {_TYPES.get(one.kind, 'uri_folder')}",
        )
        for one in definition.parameters
    ]
    for step in definition.steps:
        rows += _step_rows(step)
    return rows


_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "file": "uri_folder",
    "tabular": "mltable",
    "datapath": "uri_folder",
}


def _step_rows(step: StepDefinition) -> Iterator[ConversionRow]:
    key = step.key.replace("-", "_")
    name = f"step {step.name}"
    match step:
        case ParallelRunStepDefinition():
            yield ConversionRow(name, "ParallelRunStep", f"jobs.{key}", "type parallel")
            yield ConversionRow(f"{name}: entry_script", step.entry_script, _TASK)
            yield from _settings_rows(name, step.settings)
            inputs: Any = (*step.inputs, *step.side_inputs)
        case CommandStepDefinition():
            yield ConversionRow(name, "CommandStep", f"jobs.{key}", "type command")
            inputs = step.inputs
        case PythonScriptStepDefinition():
            note = f"type command: python {step.script_name} …"
            yield ConversionRow(name, "PythonScriptStep", f"jobs.{key}", note)
            inputs = step.inputs
        case DataTransferStepDefinition():
            note = "type command: cp; data_transfer is another kind in version 2"
            yield ConversionRow(name, "DataTransferStep", f"jobs.{key}", note)
            inputs = (step.source,)
    for one in inputs:
        target = f"inputs.{one.name}"
        source = f"{name}: input {one.name}"
        yield ConversionRow(source, one.mode, target, _MODES[one.mode])
    yield from _rest_rows(name, step)


def _rest_rows(name: str, step: StepDefinition) -> Iterator[ConversionRow]:
    for output in step.all_outputs:
        yield ConversionRow(
            f"{name}: output {output.name}", output.datastore, f"outputs.{output.name}"
        )
    if step.arguments:
        target = "task.program_arguments"
        if not isinstance(step, ParallelRunStepDefinition):
            target = "command"
        count = f"{len(step.arguments)} arguments"
        note = "inputs and outputs as ${{inputs.NAME}}, ${{outputs.NAME}}"
        yield ConversionRow(f"{name}: arguments", count, target, note)
    if step.when:
        yield ConversionRow(f"{name}: when", "…", "nothing", _OURS)
    if not step.allow_reuse:
        target = "is_deterministic: false"
        yield ConversionRow(f"{name}: allow_reuse", "False", target)


_MODES = {
    "direct": "mode direct, for tables",
    "mount": "mode ro_mount",
    "download": "mode download",
}


def _settings_rows(name: str, settings: SettingsDefinition) -> Iterator[ConversionRow]:
    for field, value in settings:
        default = SettingsDefinition.model_fields[field].default
        if value in (None, default, {}) or field in _EXECUTION:
            continue
        text = shown(value, 40)
        if isinstance(value, ParameterReference):
            text = f"${{{{parent.inputs.{value.parameter}}}}}"
        target, note = _SETTINGS.get(field, ("nothing", _OURS))
        yield ConversionRow(f"{name}: {field}", text, target, note)
