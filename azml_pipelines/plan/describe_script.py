"""Steps of one script or one command, as they are written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from azml_pipelines.errors import DeclarationError, UnknownStepKindError
from azml_pipelines.pipeline.command_step import CommandStep
from azml_pipelines.pipeline.problems import one_line
from azml_pipelines.pipeline.python_script_step import PythonScriptStep
from azml_pipelines.plan.definition import (
    CommandStepDefinition,
    DataTransferStepDefinition,
    PythonScriptStepDefinition,
)
from azml_pipelines.plan.describe_ports import (
    DescribedPipeline,
    bindable,
    describe_argument,
    describe_conditions,
    describe_input,
    describe_output,
    describe_variables,
)
from azml_pipelines.plan.run_plan import ScriptLimits
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.data_transfer_step import DataTransferStep
    from azml_pipelines.pipeline.script_step import ScriptStep
    from azml_pipelines.plan.definition import ScriptStepDefinition

__all__ = ["describe_script_step", "describe_transfer"]


def describe_script_step(
    place: DescribedPipeline, step: ScriptStep
) -> ScriptStepDefinition:
    """Write down a step that runs a script or a command.

    Raises:
        DeclarationError: Its script is missing, or something cannot be written down.
        UnknownStepKindError: It is of another kind.
    """
    fields = _fields(place, step)
    if isinstance(step, PythonScriptStep):
        source = step.source(place.pipeline.default_source_directory)
        return PythonScriptStepDefinition(
            source_directory=str(source.directory),
            script_name=source.entry_script,
            **fields,
        )
    if isinstance(step, CommandStep):
        folder = step.directory(place.pipeline.default_source_directory)
        return CommandStepDefinition(source_directory=str(folder), **fields)
    msg = f"Step {shown(step.name)} is a {type(step).__name__}, which cannot run."
    raise UnknownStepKindError(msg)


def describe_transfer(
    place: DescribedPipeline, step: DataTransferStep
) -> DataTransferStepDefinition:
    """Write down a step that copies files."""
    return DataTransferStepDefinition(
        key=place.keys[step],
        name=step.name,
        source=describe_input(place, step.source_port),
        destination=describe_output(place, step.destination),
        source_type=step.source_reference_type,
        destination_type=step.destination_reference_type,
        after=place.after(step),
        when=describe_conditions(place, step),
        allow_reuse=step.allow_reuse,
    )


def _fields(place: DescribedPipeline, step: ScriptStep) -> dict[str, Any]:
    environment = step.environment
    return {
        "key": place.keys[step],
        "name": step.name,
        "inputs": tuple(describe_input(place, port) for port in step.input_ports),
        "outputs": tuple(describe_output(place, data) for data in step.written),
        "arguments": tuple(map(describe_argument, step.script_arguments)),
        "environment": None if environment is None else environment.definition(),
        "environment_variables": describe_variables(step),
        "parameters": {
            name: bindable(value) for name, value in step.step_parameters.items()
        },
        "limits": _limits(step),
        "version": None if step.version is None else str(step.version),
        "compute": place.compute(step.compute_target),
        "after": place.after(step),
        "when": describe_conditions(place, step),
        "allow_reuse": bool(step.allow_reuse),
    }


def _limits(step: ScriptStep) -> ScriptLimits:
    timeout = step.limits.timeout
    if timeout is None and step.runconfig is not None:
        timeout = step.runconfig.max_run_duration_seconds
    try:
        return ScriptLimits(
            timeout=timeout,
            max_try=step.limits.max_try,
            memory=cast("int | None", step.limits.memory),
        )
    except ValidationError as error:
        msg = f"Step {shown(step.name)}: {one_line(error)}."
        raise DeclarationError(msg) from None
