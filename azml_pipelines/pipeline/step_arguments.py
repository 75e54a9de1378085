"""What a parallel step's ``arguments`` may hold, and what each element stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from azml_pipelines.data.consumption import DatasetConsumptionConfig
from azml_pipelines.data.data_reference import DataReference
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import DeclarationError, SettingNotTextError
from azml_pipelines.pipeline.output_file_dataset_config import (
    OutputFileDatasetConfig,
)
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.pipeline.pipeline_data import (
    InputPortBinding,
    PipelineData,
    PipelineOutputAbstractDataset,
)
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from azml_pipelines.pipeline.input_port import InputPort

__all__ = [
    "RESERVED_ARGUMENTS",
    "Adopt",
    "JoinedArgument",
    "PortReference",
    "ScriptArgument",
    "bind_arguments",
    "check_arguments",
    "data_of",
    "option_value",
    "parameters_of",
]

RESERVED_ARGUMENTS = frozenset(
    {
        "mini_batch_size",
        "error_threshold",
        "allowed_failed_count",
        "allowed_failed_percent",
        "output",
        "output_action",
        "logging_level",
        "process_count_per_node",
        "run_invocation_timeout",
        "run_max_try",
        "append_row_file_name",
        "partition_keys",
    }
)
_OPTION = re.compile(r"--([^=\s]+)")


@dataclass(frozen=True)
class PortReference:
    """Stands for the local path of an input or an output."""

    port: Literal["input", "output"]
    name: str


@dataclass(frozen=True)
class JoinedArgument:
    """One argument made of several parts with nothing between them; ours.

    ``JoinedArgument(("--rate=", rate))``, ``JoinedArgument((folder, "/rows.csv"))``.
    """

    parts: tuple[object, ...]
    """Each as an argument of its own would be."""


ScriptArgument: TypeAlias = str | PipelineParameter | PortReference | JoinedArgument
Adopt: TypeAlias = "Callable[[object], PortReference | None]"


def check_arguments(step: str, arguments: object) -> list[object]:
    """Return a copy of the arguments if they can be a script's.

    Raises:
        DeclarationError: They are no list, do not begin with an option, or use a name
            that belongs to the step's own settings; also an ``AttributeError`` if the
            first one is no text.
    """
    if arguments is None:
        return []
    if not isinstance(arguments, (list, tuple)):
        msg = (
            f"Step {shown(step)}: arguments={shown(arguments)} is no list. Pass a list."
        )
        raise DeclarationError(msg)
    if arguments:
        _check_first(step, arguments[0])
    for argument in arguments:
        match = _OPTION.match(argument) if isinstance(argument, str) else None
        if match and match[1] in RESERVED_ARGUMENTS:
            msg = (
                f"Step {shown(step)}: argument {shown(argument)} is reserved. Rename "
                "it; settings belong into ParallelRunConfig, the output into output=."
            )
            raise DeclarationError(msg)
    return list(arguments)


def _check_first(step: str, first: object) -> None:
    if isinstance(first, JoinedArgument):
        return
    if not isinstance(first, str):
        msg = (
            f"Step {shown(step)}: the first argument is {shown(first)}, which is no "
            "text. Begin with an option such as '--model_name'."
        )
        raise SettingNotTextError(msg)
    if not first.startswith("-"):
        msg = (
            f"Step {shown(step)}: the first argument is {shown(first)}. "
            "Begin with an option such as '--model_name'."
        )
        raise DeclarationError(msg)


def option_value(arguments: Sequence[object], name: str) -> object | None:
    """Return what follows ``--name``, or stands behind ``--name=``; None without it."""
    for place, argument in enumerate(arguments):
        if argument == f"--{name}":
            return arguments[place + 1] if place + 1 < len(arguments) else ""
        if isinstance(argument, str) and argument.startswith(f"--{name}="):
            return argument.partition("=")[2]
    return None


def bind_arguments(
    step: str,
    arguments: Sequence[object],
    ports: list[InputPort],
    outputs: list[PipelineData],
    *,
    adopt: Adopt,
) -> tuple[ScriptArgument, ...]:
    """Return what each argument stands for.

    Args:
        step: Name of the step, for the message.
        arguments: As the user wrote them.
        ports: Its inputs of all kinds.
        outputs: What it writes.
        adopt: Makes an input or output of what is only in the arguments, and adds it
            to ``ports`` or ``outputs``; returns None for what can be neither.

    Raises:
        DeclarationError: An argument cannot be handed to a script, or is neither an
            input nor the output.
    """

    def bound(argument: object) -> ScriptArgument:
        if isinstance(argument, JoinedArgument):
            return JoinedArgument(tuple(map(bound, argument.parts)))
        return _bind(step, argument, ports, outputs, adopt)

    return tuple(map(bound, arguments))


def _bind(
    step: str,
    argument: object,
    ports: list[InputPort],
    outputs: list[PipelineData],
    adopt: Adopt,
) -> ScriptArgument:
    if isinstance(argument, str):
        return argument
    if isinstance(argument, (int, float)):
        return str(argument)
    if isinstance(argument, PipelineParameter):
        if argument.kind in {"file", "tabular", "datapath"}:
            msg = (
                f"Step {shown(step)}: parameter {shown(argument.name)} holds data and "
                "cannot be an argument by itself. Pass the DatasetConsumptionConfig "
                "around it."
            )
            raise DeclarationError(msg)
        return argument
    data = data_of(argument)
    for output in outputs:
        if data is output:
            return PortReference("output", output.output_name)
    for port in ports:
        if _means(argument, port):
            return PortReference("input", port.name)
    adopted = adopt(argument)
    if adopted is None:
        raise DeclarationError(_refusal(step, argument))
    return adopted


def parameters_of(arguments: Iterable[object]) -> list[PipelineParameter]:
    """Return the parameters among arguments and their parts, in order."""
    found: list[PipelineParameter] = []
    for argument in arguments:
        if isinstance(argument, PipelineParameter):
            found.append(argument)
        elif isinstance(argument, JoinedArgument):
            found += parameters_of(argument.parts)
    return found


def data_of(argument: object) -> PipelineData | None:
    """Return the PipelineData behind an argument, input or output; None if none is."""
    if isinstance(argument, DatasetConsumptionConfig):
        argument = argument.dataset
    if isinstance(argument, PipelineOutputAbstractDataset):
        return argument.pipeline_data
    if isinstance(argument, InputPortBinding):
        return argument.bind_object
    if isinstance(argument, OutputFileDatasetConfig):
        return argument.pipeline_data
    return argument if isinstance(argument, PipelineData) else None


def _means(argument: object, port: InputPort) -> bool:
    """Whether the argument is this port: the same object, or a copy of it."""
    if argument is port.given:
        return True
    if isinstance(argument, DatasetConsumptionConfig):
        return argument.name == port.name and _same(argument.dataset, port.source)
    data = data_of(argument)
    if isinstance(argument, InputPortBinding):
        return argument.name == port.name and data is port.source
    return data is not None and data is port.source


def _same(dataset: object, other: object) -> bool:
    """Whether both are one dataset; a registered one is another object each time."""
    if isinstance(dataset, (FileDataset, TabularDataset)):
        return dataset.definition == getattr(other, "definition", None)
    return dataset is other


def _refusal(step: str, argument: object) -> str:
    if isinstance(argument, (FileDataset, TabularDataset)):
        way_out = "Pass dataset.as_named_input('…').as_mount() instead."
    elif isinstance(argument, (PipelineData, InputPortBinding, DataReference)):
        way_out = "Put the same object in side_inputs, or make it the output."
    else:
        way_out = "Pass text, numbers, parameters, side inputs or the output."
    kind = type(argument).__name__
    return (
        f"Step {shown(step)}: {shown(argument)} ({kind}) cannot be in arguments. "
        f"{way_out}"
    )
