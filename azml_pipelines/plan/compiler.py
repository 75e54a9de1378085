"""From a definition and values to a plan in which nothing is left open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never, cast
from uuid import uuid4

from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.plan.assignment import parse_assignment
from azml_pipelines.plan.definition import (
    CommandStepDefinition,
    DataTransferStepDefinition,
    JoinedDefinition,
    ParallelRunStepDefinition,
    ParameterReference,
    PythonScriptStepDefinition,
    StepOutputReference,
)
from azml_pipelines.plan.parallel_settings import compile_settings
from azml_pipelines.plan.parameter_values import PlainValue, resolve_values
from azml_pipelines.plan.run_plan import (
    Argument,
    CommandStepPlan,
    ConditionPlan,
    DataTransferStepPlan,
    InputPlan,
    Joined,
    OutputPlan,
    ParallelRunStepPlan,
    PythonScriptStepPlan,
    RunPlan,
)
from azml_pipelines.plan.secrets import refuse_secret
from azml_pipelines.plan.shared_files import refuse_shared_files
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.plan.definition import (
        ArgumentDefinition,
        ConditionDefinition,
        InputDefinition,
        OutputDefinition,
        PipelineDefinition,
        ScriptStepDefinition,
        StepDefinition,
    )
    from azml_pipelines.plan.run_plan import StepPlan, WorkspacePlan

__all__ = ["compile_plan", "parse_assignment"]


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
        DeclarationError: A setting has a value that it cannot have, or two steps append
            their rows to the same file.
    """
    resolved = resolve_values(definition, values)
    for declared in definition.parameters:
        refuse_secret(
            f"Parameter {shown(declared.name)}: default_value", declared.default
        )
        refuse_secret(f"Parameter {shown(declared.name)}", resolved[declared.name])
    compiled = _Compiled(resolved, {}, {})
    steps = tuple(compiled.step(step) for step in definition.steps)
    refuse_shared_files(steps)
    return RunPlan(
        run_id=run_id,
        experiment=experiment,
        workspace=workspace,
        parameters=resolved,
        continue_on_step_failure=continue_on_step_failure,
        steps=steps,
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

    def step(self, step: StepDefinition) -> StepPlan:
        """Compile a step whose predecessors are compiled already."""
        step_run_id = self.step_run_ids[step.key] = str(uuid4())
        for declared in step.all_outputs:
            output = _output(declared, step_run_id)
            self.outputs[step.key, output.name] = output
        match step:
            case ParallelRunStepDefinition():
                return self._parallel_run(step)
            case PythonScriptStepDefinition(script_name=script_name):
                fields = self._script_fields(step)
                return PythonScriptStepPlan(script_name=script_name, **fields)
            case CommandStepDefinition():
                return CommandStepPlan(**self._script_fields(step))
            case DataTransferStepDefinition():
                return DataTransferStepPlan(
                    source=self._input(step.source),
                    destination=self._outputs(step)[0],
                    source_type=step.source_type,
                    destination_type=step.destination_type,
                    **self._fields(step),
                )
            case _:
                assert_never(step)

    def _parallel_run(self, step: ParallelRunStepDefinition) -> ParallelRunStepPlan:
        fields = self._fields(step)
        inputs = tuple(map(self._input, step.inputs))
        outputs = self._outputs(step)
        rows = 0 if step.output is None else 1
        return ParallelRunStepPlan(
            settings=compile_settings(step, self.values, inputs, fields["arguments"]),
            inputs=inputs,
            side_inputs=tuple(map(self._input, step.side_inputs)),
            output=outputs[0] if rows else None,
            side_outputs=outputs[rows:],
            **fields,
        )

    def _script_fields(self, step: ScriptStepDefinition) -> dict[str, Any]:
        parameters = {
            name: str(self._value(bound)) for name, bound in step.parameters.items()
        }
        for name, text in parameters.items():
            refuse_secret(f"Step {shown(step.name)}: params[{shown(name)}]", text)
        return {
            **self._fields(step),
            "inputs": tuple(map(self._input, step.inputs)),
            "outputs": self._outputs(step),
            "environment_variables": step.environment_variables,
            "parameters": parameters,
            "limits": step.limits,
            "version": step.version,
        }

    def _fields(self, step: StepDefinition) -> dict[str, Any]:
        """Return what the plans of all kinds of steps have."""
        arguments = tuple(self._argument(argument) for argument in step.arguments)
        for argument in arguments:
            parts = argument.parts if isinstance(argument, Joined) else (argument,)
            for part in parts:
                refuse_secret(f"Step {shown(step.name)}: arguments", part)
        return {
            "step_run_id": self.step_run_ids[step.key],
            "name": step.name,
            "source_directory": step.source_directory,
            "arguments": arguments,
            "compute": step.compute,
            "after": tuple(self.step_run_ids[key] for key in step.after),
            "when": tuple(map(self._condition, step.when)),
            "allow_reuse": step.allow_reuse,
            "environment": getattr(step, "environment", None),
        }

    def _condition(self, condition: ConditionDefinition) -> ConditionPlan:
        output = None
        if condition.output is not None:
            output = self.outputs[condition.step, condition.output]
        return ConditionPlan(
            step_run_id=self.step_run_ids[condition.step],
            step_name=condition.step,
            operator=condition.operator,
            metric=condition.metric,
            value=condition.value,
            output=output,
        )

    def _outputs(self, step: StepDefinition) -> tuple[OutputPlan, ...]:
        return tuple(self.outputs[step.key, one.name] for one in step.all_outputs)

    def _value(self, bound: object) -> object:
        if isinstance(bound, ParameterReference):
            return self.values[bound.parameter]
        return bound

    def _argument(self, argument: ArgumentDefinition) -> Argument:
        """Resolve an argument; the value of a parameter is given as text."""
        if isinstance(argument, ParameterReference):
            return str(self.values[argument.parameter])
        if isinstance(argument, JoinedDefinition):
            parts = [self._argument(one) for one in argument.parts]
            if not all(isinstance(one, str) for one in parts):
                return Joined(parts=tuple(cast("Any", parts)))
            return "".join(map(str, parts))
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


def _output(output: OutputDefinition, step_run_id: str) -> OutputPlan:
    return OutputPlan(
        name=output.name,
        datastore=output.datastore,
        url=output.url,
        options=output.options,
        path_on_datastore=_path(output, step_run_id),
        registrations=output.registrations,
        form=output.form,
        is_directory=output.is_directory,
        file_name=output.file_name,
    )


def _path(output: OutputDefinition, step_run_id: str) -> str:
    if output.path_template is None:
        return f"azureml/{step_run_id}/{output.name}"
    path = output.path_template.replace("{run-id}", step_run_id)
    return path.replace("{output-name}", output.name)
