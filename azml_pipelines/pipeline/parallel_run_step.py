"""A step that runs a script over mini-batches of its input, many at the same time."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from azml_pipelines.data.consumption import DatasetConsumptionConfig
from azml_pipelines.errors import DeclarationError, EmptyInputsError
from azml_pipelines.pipeline.condition import checked_conditions
from azml_pipelines.pipeline.environment_variables import as_mapping
from azml_pipelines.pipeline.input_port import (
    InputPort,
    check_distinct,
    primary_port,
    side_port,
)
from azml_pipelines.pipeline.output_file_dataset_config import (
    OutputFileDatasetConfig,
)
from azml_pipelines.pipeline.parallel_run_config import ParallelRunConfig
from azml_pipelines.pipeline.parameter import PipelineParameter, distinct_parameters
from azml_pipelines.pipeline.pipeline_data import (
    PipelineData,
    PipelineOutputFileDataset,
)
from azml_pipelines.pipeline.step import PipelineStep
from azml_pipelines.pipeline.step_arguments import (
    PortReference,
    ScriptArgument,
    bind_arguments,
    check_arguments,
    option_value,
    parameters_of,
)
from azml_pipelines.pipeline.step_source import (
    StepSource,
    absolute_folder,
    find_source,
)
from azml_pipelines.signatures import explained
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ParallelRunStep"]

_STEP_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SHORTEST_NAME, _LONGEST_NAME = 3, 32


class ParallelRunStep(PipelineStep):
    """Runs an entry script over mini-batches of its inputs, by many processes at once.

    Args:
        name: 3 to 32 characters: lower-case letters, digits and hyphens, a letter
            first, no hyphen last.
        parallel_run_config: How the input is split and the script run.
        inputs: File datasets or tables, not both, each with a name. May be empty only
            with ``--rank_mini_batch_count N`` in the arguments.
        output: Where results go; needed unless the output action is ``summary_only``.
        side_inputs: Files that every worker sees whole.
        arguments: What the script finds on its command line, besides its settings.
        allow_reuse: Whether an earlier run's result may stand in.
        when: Ours: see ``PythonScriptStep``.
        side_outputs: Ours: folders that the script itself writes to; their paths stand
            in the arguments.

    Raises:
        DeclarationError: Something of this is not so; also an ``AssertionError`` for
            empty inputs, an ``AttributeError`` if the first argument is no text.
    """

    @explained
    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        name: str,
        parallel_run_config: ParallelRunConfig,
        inputs: Sequence[object],
        output: PipelineData
        | PipelineOutputFileDataset
        | OutputFileDatasetConfig
        | None = None,
        side_inputs: Sequence[object] | None = None,
        arguments: Sequence[object] | None = None,
        allow_reuse: bool = True,
        *,
        when: object = None,
        side_outputs: Sequence[PipelineData] | None = None,
    ) -> None:
        _check_name(name)
        _check_config(name, parallel_run_config)
        super().__init__(name, arguments=check_arguments(name, arguments))
        self.parallel_run_config = parallel_run_config
        self.allow_reuse = _checked_reuse(name, allow_reuse)
        self.rank_mini_batch_count = _rank_mini_batch_count(name, self.arguments)
        entries = _check_inputs(name, inputs, self.rank_mini_batch_count)
        partitioned = parallel_run_config.partition_keys is not None
        self.input_ports: tuple[InputPort, ...] = tuple(
            primary_port(name, entry, partitioned=partitioned) for entry in entries
        )
        _check_one_kind(name, self.input_ports)
        self.output = _check_output(name, output, parallel_run_config.output_action)
        self.side_outputs: tuple[PipelineData, ...] = tuple(side_outputs or ())
        side_entries = _check_side_inputs(name, side_inputs)
        self._bind([side_port(name, side) for side in side_entries])
        self.inputs = [*entries, *side_entries]
        self.outputs = [] if output is None else [output]
        self.outputs += self.side_outputs
        distinct_parameters(self.parameters(), f"step {shown(name)}")
        self._source_directory = absolute_folder(
            name, parallel_run_config.source_directory
        )
        if self._source_directory is not None:
            self.source()
        self.conditions = checked_conditions(self, when)
        for data in self.writes():
            data.producer = self  # last: a step that was refused writes nothing

    def _bind(self, side_ports: list[InputPort]) -> None:
        """Find out what each argument stands for; datasets there are side inputs."""
        ports = [*self.input_ports, *side_ports]
        self.script_arguments: tuple[ScriptArgument, ...] = bind_arguments(
            self.name,
            self.arguments,
            ports,
            self.writes(),
            adopt=partial(_adopt_side_input, self.name, ports),
        )
        check_distinct(self.name, ports)
        self.side_input_ports: tuple[InputPort, ...] = tuple(
            ports[len(self.input_ports) :]
        )

    def source(self, default_source_directory: str | None = None) -> StepSource:
        """Return the folder and the script in it, as they are now.

        What takes the place of a script needs neither.

        Args:
            default_source_directory: Used when the configuration names no folder; the
                current directory if None.

        Raises:
            DeclarationError: The folder or the script does not exist.
        """
        if not self.parallel_run_config.needs_script:
            return StepSource(self._source_directory, "")
        return find_source(
            self.name,
            self.parallel_run_config.entry_script,
            self._source_directory,
            default_source_directory,
        )

    @property
    def compute_target(self) -> object:
        """That of the configuration."""
        return self.parallel_run_config.compute_target

    @property
    def environment_variables(self) -> dict[str, object]:
        """Those of environment and configuration; the configuration's win."""
        config = self.parallel_run_config
        return {
            **as_mapping(config.environment.environment_variables),
            **config.environment_variables,
        }

    def check(self, default_source_directory: str | None = None) -> None:
        """See ``PipelineStep``."""
        self.source(default_source_directory)

    def reads(self) -> list[PipelineData]:
        """Return the outputs of other steps among inputs and side inputs."""
        ports = (*self.input_ports, *self.side_input_ports)
        return [port.source for port in ports if isinstance(port.source, PipelineData)]

    def writes(self) -> list[PipelineData]:
        """Return the output, if there is one, and the side outputs."""
        rows = [] if self.output is None else [self.output]
        return [*rows, *self.side_outputs]

    def parameters(self) -> list[PipelineParameter]:
        """Return the parameters of inputs, configuration and arguments, in order."""
        ports = (*self.input_ports, *self.side_input_ports)
        used: list[object] = [
            *(port.source for port in ports),
            *self.parallel_run_config.parameters,
            *self.script_arguments,
        ]
        return parameters_of(used)


def _adopt_side_input(
    step: str, ports: list[InputPort], argument: object
) -> PortReference | None:
    """Make a side input of a dataset that is only in the arguments."""
    if not isinstance(argument, DatasetConsumptionConfig):
        return None
    port = side_port(step, argument)
    ports.append(port)
    return PortReference("input", port.name)


def _check_name(name: object) -> None:
    fits = isinstance(name, str) and _SHORTEST_NAME <= len(name) <= _LONGEST_NAME
    if not fits or not _STEP_NAME.fullmatch(str(name)):
        msg = (
            f"Step name {shown(name)} is not allowed. Use 3 to 32 characters: "
            "lower-case letters, digits and hyphens, a letter first, no hyphen last."
        )
        raise DeclarationError(msg)


def _checked_reuse(step: str, allow_reuse: object) -> bool:
    if not isinstance(allow_reuse, bool):
        msg = (
            f"Step {shown(step)}: allow_reuse={shown(allow_reuse)} is not allowed. "
            "Give True or False."
        )
        raise DeclarationError(msg)
    return allow_reuse


def _check_config(step: str, config: object) -> None:
    if not isinstance(config, ParallelRunConfig):
        msg = (
            f"Step {shown(step)}: parallel_run_config={shown(config)} is not allowed. "
            "Pass a ParallelRunConfig."
        )
        raise DeclarationError(msg)


def _rank_mini_batch_count(step: str, arguments: list[object]) -> int:
    value = option_value(arguments, "rank_mini_batch_count")
    plain = value.default_value if isinstance(value, PipelineParameter) else value
    if plain is None:
        return 0
    if not str(plain).isdecimal():
        msg = (
            f"Step {shown(step)}: --rank_mini_batch_count is {shown(plain)}. "
            "Give a whole number of mini-batches."
        )
        raise DeclarationError(msg)
    return int(str(plain))


def _check_inputs(step: str, inputs: object, rank_count: int) -> list[object]:
    if inputs is None and rank_count:
        return []
    if not isinstance(inputs, list) or not (inputs or rank_count):
        msg = (
            f"Step {shown(step)}: inputs={shown(inputs)} is not a list with at least "
            "one input. Pass inputs=[dataset.as_named_input('…')]."
        )
        raise EmptyInputsError(msg)
    return list(inputs)


def _check_one_kind(step: str, ports: Sequence[InputPort]) -> None:
    if len({port.kind for port in ports}) > 1:
        kinds = ", ".join(f"{shown(port.name)} is {port.kind}" for port in ports)
        msg = (
            f"Step {shown(step)} mixes files and tables: {kinds}. Use one kind of "
            "input in each step; files can be side inputs of a step that reads tables."
        )
        raise DeclarationError(msg)


def _check_output(step: str, output: object, output_action: str) -> PipelineData | None:
    if output is None:
        if output_action.lower() == "summary_only":
            return None
        msg = (
            f"Step {shown(step)} has no output, which {shown(output_action)} needs. "
            "Pass output=PipelineData('…'), or use output_action='summary_only'."
        )
        raise DeclarationError(msg)
    if isinstance(output, (PipelineOutputFileDataset, OutputFileDatasetConfig)):
        return output.pipeline_data
    if isinstance(output, PipelineData):
        return output
    msg = (
        f"Step {shown(step)}: output={shown(output)} ({type(output).__name__}) is not "
        "allowed. Pass exactly one PipelineData."
    )
    raise DeclarationError(msg)


def _check_side_inputs(step: str, side_inputs: object) -> list[object]:
    if side_inputs is None:
        return []
    if not isinstance(side_inputs, (list, tuple)):
        msg = (
            f"Step {shown(step)}: side_inputs={shown(side_inputs)} is no list. Pass a "
            "list."
        )
        raise DeclarationError(msg)
    return list(side_inputs)
