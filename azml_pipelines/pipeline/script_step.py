"""What steps that run one script or one command have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from azml_pipelines.argument_checks import check_mapping
from azml_pipelines.data.consumption import DatasetConsumptionConfig
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.byte_size import check_byte_size
from azml_pipelines.pipeline.environment_variables import as_mapping
from azml_pipelines.pipeline.input_port import InputPort, check_distinct, script_port
from azml_pipelines.pipeline.output_file_dataset_config import OutputFileDatasetConfig
from azml_pipelines.pipeline.output_tables import PipelineOutputTabularDataset
from azml_pipelines.pipeline.parameter import PipelineParameter, distinct_parameters
from azml_pipelines.pipeline.pipeline_data import (
    PipelineData,
    PipelineOutputFileDataset,
)
from azml_pipelines.pipeline.run_configuration import check_run_configuration
from azml_pipelines.pipeline.step import PipelineStep
from azml_pipelines.pipeline.step_arguments import (
    JoinedArgument,
    PortReference,
    bind_arguments,
    data_of,
    parameters_of,
)
from azml_pipelines.pipeline.step_source import absolute_folder
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from azml_pipelines.pipeline.environment import Environment
    from azml_pipelines.pipeline.run_configuration import RunConfiguration
    from azml_pipelines.pipeline.step_arguments import ScriptArgument

__all__ = ["GivenScript", "ScriptStep", "StepLimits"]


@dataclass(frozen=True)
class StepLimits:
    """What the process of a script may take; see ``PythonScriptStep``."""

    timeout: float | None = None
    max_try: int = 1
    memory: int | str | None = None


@dataclass(frozen=True)
class GivenScript:
    """What a user gave to a step of one script or one command, as it was given."""

    inputs: Sequence[Any] | None = None
    """What it reads: named datasets, outputs of other steps, DataReferences."""
    outputs: Sequence[Any] | None = None
    arguments: Sequence[Any] | None = None
    """Texts, numbers, parameters, inputs and outputs."""
    params: Mapping[str, Any] | None = None
    """Name to value: the script finds ``AML_PARAMETER_<name>``, and one for each
    parameter among its arguments."""
    runconfig: object = None
    runconfig_pipeline_params: Mapping[str, Any] | None = None
    compute_target: object = None
    """Goes before that of ``runconfig``."""
    source_directory: str | None = None
    allow_reuse: bool = True
    version: str | None = None
    environment_variables: Mapping[str, Any] | None = None
    limits: StepLimits = StepLimits()


class ScriptStep(PipelineStep):
    """A step that is one process: a script or a command, with what it reads and writes.

    Args:
        name: What runs and logs call it.
        given: What the user wrote.

    Raises:
        DeclarationError: Something of this is not so.
    """

    def __init__(self, name: str, given: GivenScript) -> None:
        super().__init__(
            name,
            inputs=_list(name, "inputs", given.inputs),
            outputs=_list(name, "outputs", given.outputs),
            arguments=_list(name, "arguments", given.arguments),
        )
        self.runconfig: RunConfiguration | None = check_run_configuration(
            name, given.runconfig
        )
        self.params = _checked_params(
            name, given.params, given.runconfig_pipeline_params
        )
        self.allow_reuse = bool(given.allow_reuse)
        self.version = given.version
        self.limits = _checked_limits(name, given.limits)
        self._compute_target = given.compute_target
        self._environment_variables = as_mapping(given.environment_variables)
        self._source_directory = absolute_folder(name, given.source_directory)
        self._bind()
        distinct_parameters(self.parameters(), f"step {shown(name)}")
        self.step_parameters: dict[str, object] = _step_parameters(
            name, self.script_arguments, self.params
        )
        """What the script finds as ``AML_PARAMETER_<name>``: the parameters among its
        arguments, and ``params``."""

    def _bind(self) -> None:
        """Find out what each input, output and argument stands for."""
        ports = [script_port(self.name, entry) for entry in self.inputs]
        written = [_written(self.name, entry) for entry in self.outputs]
        self.script_arguments: tuple[ScriptArgument, ...] = bind_arguments(
            self.name,
            self.arguments,
            ports,
            written,
            adopt=partial(_adopt, self.name, ports, written),
        )
        names = {data.output_name for data in written}
        if len(names) < len(written):
            msg = (
                f"Step {shown(self.name)} has several outputs of one name: "
                f"{shown(sorted(data.output_name for data in written))}. Give each an "
                "output_name of its own."
            )
            raise DeclarationError(msg)
        clashes = {port.name for port in ports} & names
        self.input_ports: tuple[InputPort, ...] = tuple(
            port.renamed(f"INPUT_{port.name}") if port.name in clashes else port
            for port in ports
        )
        self.script_arguments = tuple(
            _renamed(one, clashes) for one in self.script_arguments
        )
        check_distinct(self.name, self.input_ports)
        self.written: tuple[PipelineData, ...] = tuple(written)

    def _claim_outputs(self) -> None:
        """Become the producer; last of all: a step that was refused writes nothing."""
        for data in self.written:
            data.producer = self

    @property
    def compute_target(self) -> object:
        """Where it runs: its own, or that of its run configuration."""
        if self._compute_target is not None or self.runconfig is None:
            return self._compute_target
        return self.runconfig.target

    @property
    def environment(self) -> Environment | None:
        """That of its run configuration."""
        return None if self.runconfig is None else self.runconfig.environment

    @property
    def environment_variables(self) -> dict[str, object]:
        """Those of the run configuration and its own; its own win."""
        found: dict[str, object] = {}
        if self.runconfig is not None:
            found |= as_mapping(self.runconfig.environment.environment_variables)
            found |= as_mapping(self.runconfig.environment_variables)
        return {**found, **self._environment_variables}

    def reads(self) -> list[PipelineData]:
        """Return the outputs of other steps among its inputs."""
        sources = [port.source for port in self.input_ports]
        return [source for source in sources if isinstance(source, PipelineData)]

    def writes(self) -> list[PipelineData]:
        """Return its outputs."""
        return list(self.written)

    def parameters(self) -> list[PipelineParameter]:
        """Return the parameters of inputs, arguments and ``params``, in order."""
        used: list[object] = [
            *(port.source for port in self.input_ports),
            *self.script_arguments,
            *self.params.values(),
        ]
        return parameters_of(used)


def _renamed(argument: ScriptArgument, clashes: set[str]) -> ScriptArgument:
    """Return an argument whose inputs have other names than the outputs."""
    if isinstance(argument, JoinedArgument):
        parts = tuple(_renamed(cast("Any", one), clashes) for one in argument.parts)
        return JoinedArgument(parts)
    if (
        isinstance(argument, PortReference)
        and argument.port == "input"
        and argument.name in clashes
    ):
        return PortReference("input", f"INPUT_{argument.name}")
    return argument


def _list(step: str, what: str, given: object) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, (list, tuple)):
        msg = f"Step {shown(step)}: {what}={shown(given)} is no list. Pass a list."
        raise DeclarationError(msg)
    return list(given)


def _written(step: str, entry: object) -> PipelineData:
    known = (
        PipelineData,
        PipelineOutputFileDataset,
        PipelineOutputTabularDataset,
        OutputFileDatasetConfig,
    )
    data = data_of(entry) if isinstance(entry, known) else None
    if data is None:
        msg = (
            f"Step {shown(step)}: {shown(entry)} ({type(entry).__name__}) cannot be in "
            "outputs. Pass PipelineData or OutputFileDatasetConfig."
        )
        raise DeclarationError(msg)
    return data


def _adopt(
    step: str, ports: list[InputPort], written: list[PipelineData], argument: object
) -> PortReference | None:
    """Make an input or output of what is only in the arguments, as version 1 does."""
    if isinstance(argument, OutputFileDatasetConfig):
        written.append(argument.pipeline_data)
        return PortReference("output", argument.name)
    if isinstance(
        argument,
        (
            DatasetConsumptionConfig,
            PipelineOutputFileDataset,
            PipelineOutputTabularDataset,
        ),
    ):
        port = script_port(step, argument)
        ports.append(port)
        return PortReference("input", port.name)
    return None


def _checked_params(
    step: str,
    params: Mapping[str, Any] | None,
    runconfig_params: Mapping[str, Any] | None,
) -> dict[str, object]:
    check_mapping(f"Step {shown(step)}: params", params)
    check_mapping(f"Step {shown(step)}: runconfig_pipeline_params", runconfig_params)
    given = {str(name): value for name, value in (params or {}).items()}
    both = sorted(set(given) & set(runconfig_params or {}))
    if both:
        msg = (
            f"Step {shown(step)}: {shown(both[0])} is in params and in "
            "runconfig_pipeline_params. Give it in one of them."
        )
        raise DeclarationError(msg)
    for name, value in (runconfig_params or {}).items():
        if not isinstance(value, PipelineParameter):
            msg = (
                f"Step {shown(step)}: runconfig_pipeline_params[{shown(name)}]="
                f"{shown(value)} is no PipelineParameter. Pass one."
            )
            raise DeclarationError(msg)
    for name, value in given.items():
        if not isinstance(value, (str, int, float, PipelineParameter)):
            msg = (
                f"Step {shown(step)}: params[{shown(name)}]={shown(value)} is not "
                "allowed. Give text, a number or a PipelineParameter."
            )
            raise DeclarationError(msg)
    return given


def _step_parameters(
    step: str, arguments: Iterable[object], params: Mapping[str, object]
) -> dict[str, object]:
    """Return name to value, names as variables can have them.

    Raises:
        DeclarationError: A parameter of the arguments has the name of one of
            ``params``.
    """
    found: dict[str, object] = {}
    for argument in arguments:
        if isinstance(argument, PipelineParameter):
            found[_variable(argument.name)] = argument
    for name in params:
        if _variable(name) in found:
            msg = (
                f"Step {shown(step)}: {shown(name)} is in params and, as a "
                "PipelineParameter, in arguments. Give it in one of them."
            )
            raise DeclarationError(msg)
    return {**found, **{_variable(name): value for name, value in params.items()}}


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _checked_limits(step: str, limits: StepLimits) -> StepLimits:
    timeout, tries = limits.timeout, limits.max_try
    number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if timeout is not None and not (number and 0 < timeout < float("inf")):
        msg = (
            f"Step {shown(step)}: timeout_seconds={shown(timeout)} is not allowed. "
            "Give seconds above 0, or None for no limit."
        )
        raise DeclarationError(msg)
    if not isinstance(tries, int) or isinstance(tries, bool) or tries < 1:
        msg = (
            f"Step {shown(step)}: max_try={shown(tries)} is not allowed. Give how "
            "often it may be started, at least 1."
        )
        raise DeclarationError(msg)
    memory = None
    if limits.memory is not None:
        memory = check_byte_size(f"Step {shown(step)}: memory_limit", limits.memory)
    return StepLimits(timeout, tries, memory)
