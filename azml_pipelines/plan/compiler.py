"""From a definition and values to a plan in which nothing is left open."""

from __future__ import annotations

import contextlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import ValidationError

from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.data.mini_batch_size import (
    ACCEPTED_SIZES,
    DEFAULT_BYTES,
    DEFAULT_FILES,
    MiniBatchSize,
    WrittenSize,
    parse_size,
)
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.parallel_run_settings import (
    DEFAULT_APPEND_ROW_FILE_NAME,
    ParallelRunSettings,
)
from azml_pipelines.pipeline.step_arguments import option_value
from azml_pipelines.plan.assignment import parse_assignment
from azml_pipelines.plan.definition import (
    ParameterReference,
    StepOutputReference,
)
from azml_pipelines.plan.parameter_values import PlainValue, resolve_values
from azml_pipelines.plan.problems import one_line
from azml_pipelines.plan.run_plan import (
    Argument,
    InputPlan,
    OutputPlan,
    ParallelRunStepPlan,
    RunPlan,
)
from azml_pipelines.plan.secrets import refuse_secret
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.plan.definition import (
        ArgumentDefinition,
        InputDefinition,
        OutputDefinition,
        ParallelRunStepDefinition,
        PipelineDefinition,
    )
    from azml_pipelines.plan.run_plan import WorkspacePlan

__all__ = ["compile_plan", "parse_assignment"]

_DEFAULTS: Mapping[str, object] = {
    "process_count_per_node": 1,
    "run_invocation_timeout": 60,
    "run_max_try": 3,
    "logging_level": "INFO",
}
_HEADER_OPTION = "append_row_dataframe_header"
_YES, _NO = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})


def compile_plan(
    definition: PipelineDefinition,
    values: Mapping[str, object],
    *,
    run_id: str,
    experiment: str,
    workspace: WorkspacePlan,
    continue_on_step_failure: bool = False,
    resubmitted_from: str | None = None,
) -> RunPlan:
    """Resolve every parameter, name every step run and place every output.

    Nothing is read or written.

    Args:
        definition: The pipeline.
        values: Values for some of its parameters: text, numbers, datasets, definitions
            of datasets, DataPaths.
        run_id: Of the run to be.
        experiment: Name of its experiment.
        workspace: As scripts see it.
        continue_on_step_failure: Whether steps that do not need a failed one go on.
        resubmitted_from: Id of the run whose definition this is.

    Raises:
        ParameterError: A name is not declared, or a value is of another type.
        DeclarationError: A setting has a value that it cannot have.
    """
    resolved = resolve_values(definition, values)
    for declared in definition.parameters:
        refuse_secret(
            f"Parameter {shown(declared.name)}: default_value", declared.default
        )
        refuse_secret(f"Parameter {shown(declared.name)}", resolved[declared.name])
    compiled = _Compiled(resolved, {}, {})
    return RunPlan(
        run_id=run_id,
        experiment=experiment,
        workspace=workspace,
        parameters=resolved,
        continue_on_step_failure=continue_on_step_failure,
        steps=tuple(compiled.step(step) for step in definition.steps),
        resubmitted_from=resubmitted_from,
    )


@dataclass(frozen=True)
class _Compiled:
    """What is known while a pipeline's steps are compiled, one after the other."""

    values: Mapping[str, PlainValue]
    step_run_ids: dict[str, str]
    """By key of a step, for the steps so far."""
    outputs: dict[tuple[str, str], OutputPlan]
    """By key of a step and name of its output."""

    def step(self, step: ParallelRunStepDefinition) -> ParallelRunStepPlan:
        """Compile a step whose predecessors are compiled already."""
        step_run_id = self.step_run_ids[step.key] = str(uuid4())
        output = None if step.output is None else _output(step.output, step_run_id)
        if output is not None:
            self.outputs[step.key, output.name] = output
        arguments = tuple(self._argument(argument) for argument in step.arguments)
        for argument in arguments:
            refuse_secret(f"Step {shown(step.name)}: arguments", argument)
        inputs = tuple(map(self._input, step.inputs))
        return ParallelRunStepPlan(
            step_run_id=step_run_id,
            name=step.name,
            settings=self._settings(step, inputs, arguments),
            source_directory=step.source_directory,
            inputs=inputs,
            side_inputs=tuple(map(self._input, step.side_inputs)),
            output=output,
            arguments=arguments,
            compute=step.compute,
            after=tuple(self.step_run_ids[key] for key in step.after),
            allow_reuse=step.allow_reuse,
        )

    def _argument(self, argument: ArgumentDefinition) -> Argument:
        """Resolve an argument; the value of a parameter is given as text."""
        if isinstance(argument, ParameterReference):
            return str(self.values[argument.parameter])
        return argument

    def _input(self, port: InputDefinition) -> InputPlan:
        source = port.source
        produced_by = reading = None
        parameter = None
        dataset: object = source
        if isinstance(source, StepOutputReference):
            produced_by = self.outputs[source.step, source.output]
            reading = source.reading
            dataset = None
        elif isinstance(source, ParameterReference):
            parameter = source.parameter
            dataset = self.values[parameter]
        return InputPlan(
            name=port.name,
            mode=port.mode,
            path_on_compute=port.path_on_compute,
            dataset=dataset if isinstance(dataset, DatasetDefinition) else None,
            produced_by=produced_by,
            reading=reading,
            parameter=parameter,
        )

    def _settings(
        self,
        step: ParallelRunStepDefinition,
        inputs: Sequence[InputPlan],
        arguments: Sequence[Argument],
    ) -> ParallelRunSettings:
        """Fill in the settings.

        Raises:
            DeclarationError: One cannot have its value; the parameter it came from is
                named.
        """
        content: dict[str, Any] = {}
        origins: dict[str, str] = {}
        for field, bound in step.settings:
            content[field] = bound
            if isinstance(bound, ParameterReference):
                content[field] = self.values[bound.parameter]
                origins[field] = f"parameter {shown(bound.parameter)}"
            if content[field] is None and field in _DEFAULTS:
                content[field] = _DEFAULTS[field]
        try:
            content |= {
                "entry_script": step.entry_script,
                "mini_batch_size": _mini_batch_size(content["mini_batch_size"], inputs),
                "partition_keys": _partition_keys(content["partition_keys"], inputs),
                "logging_level": _logging_level(content["logging_level"]),
                "append_row_file_name": content["append_row_file_name"]
                or _file_name(content["output_format"]),
                _HEADER_OPTION: _header(arguments),
            }
            return ParallelRunSettings.model_validate(content)
        except ValidationError as error:
            msg = f"Step {shown(step.name)}: {one_line(error, origins)}."
            raise DeclarationError(msg) from None
        except _BadSettingError as bad:
            origin = origins.get(bad.field)
            where = f" (from {origin})" if origin else ""
            msg = (
                f"Step {shown(step.name)}: {bad.field}={shown(bad.value)}{where}: "
                f"{bad.reason}"
            )
            raise DeclarationError(msg) from None


class _BadSettingError(Exception):
    """A setting whose text means nothing; where it came from is added above."""

    def __init__(self, *, field: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.value = value
        self.reason = reason


def _output(output: OutputDefinition, step_run_id: str) -> OutputPlan:
    return OutputPlan(
        name=output.name,
        datastore=output.datastore,
        url=output.url,
        options=output.options,
        path_on_datastore=_path(output, step_run_id),
        registrations=output.registrations,
    )


def _file_name(output_format: object) -> str:
    if output_format is None:
        return DEFAULT_APPEND_ROW_FILE_NAME
    return f"{DEFAULT_APPEND_ROW_FILE_NAME.removesuffix('.txt')}.{output_format}"


def _path(output: OutputDefinition, step_run_id: str) -> str:
    if output.path_template is None:
        return f"azureml/{step_run_id}/{output.name}"
    path = output.path_template.replace("{run-id}", step_run_id)
    return path.replace("{output-name}", output.name)


def _mini_batch_size(size: object, inputs: Sequence[InputPlan]) -> MiniBatchSize:
    read = [port.dataset or port.reading for port in inputs]
    tables = any(found and found.kind == "tabular" for found in read)
    written = _written_size(size, DEFAULT_BYTES if tables else DEFAULT_FILES)
    reason = f"give {ACCEPTED_SIZES}."
    if written is not None:
        try:
            return written.of("tabular" if tables else "file")
        except DeclarationError as error:
            reason = error.message
    raise _BadSettingError(field="mini_batch_size", value=size, reason=reason)


def _partition_keys(
    keys: object, inputs: Sequence[InputPlan]
) -> tuple[str, ...] | None:
    """Return the partition keys; those of a parameter are JSON, or have commas."""
    if keys is None:
        return None
    if isinstance(keys, str):
        with contextlib.suppress(ValueError):
            keys = json.loads(keys)
    if isinstance(keys, str):
        keys = [key.strip() for key in keys.split(",")]
    given = tuple(map(str, keys)) if isinstance(keys, (list, tuple)) else ()
    for port in inputs:
        found = port.dataset or port.reading
        known = found.partition_keys if found else ()
        unknown = [key for key in given if key not in known]
        if unknown or not given:
            reason = (
                f"input {shown(port.name)} has the partition keys {listed(known)}; "
                "give some of them, or make it with a partition_format."
            )
            raise _BadSettingError(field="partition_keys", value=keys, reason=reason)
    return given


def _written_size(size: object, default: int) -> WrittenSize | None:
    if isinstance(size, str):
        return parse_size(size)
    number = default if size is None else size
    if isinstance(number, int) or (isinstance(number, float) and number.is_integer()):
        return WrittenSize(int(number), "number")
    return None


def _logging_level(level: object) -> str:
    known = logging.getLevelNamesMapping()
    for name, number in known.items():
        if level == number or str(level).upper() == name:
            return name
    reason = f"give one of {', '.join(known)}."
    raise _BadSettingError(field="logging_level", value=level, reason=reason)


def _header(arguments: Sequence[Argument]) -> bool:
    """Whether the arguments ask for a header line; they stay as they are."""
    value = option_value(arguments, _HEADER_OPTION)
    text = str(value).lower()
    if value is None or text in _NO:
        return False
    if text in _YES:
        return True
    reason = "give True or False after it in arguments."
    raise _BadSettingError(field=f"--{_HEADER_OPTION}", value=value, reason=reason)
