"""A named value that may be set anew at every submission of a pipeline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import DeclarationError
from azml_pipelines.signatures import explained
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ParameterKind",
    "ParameterValue",
    "PipelineParameter",
    "distinct_parameters",
    "kind_of",
]

_NAME = re.compile(r"[^=\x00-\x1f\x7f\ud800-\udfff]{1,255}")
ParameterKind = Literal["str", "int", "float", "bool", "file", "tabular", "datapath"]
ParameterValue: TypeAlias = (
    str | int | float | bool | FileDataset | TabularDataset | DataPath
)


class PipelineParameter:
    """A value of a pipeline that a submission may override.

    Args:
        name: What ``pipeline_parameters`` calls it.
        default_value: Used when a submission gives no other; its type is the only one
            that a submission may give.

    Raises:
        DeclarationError: The name is empty, or the default is of another type.
    """

    @explained
    def __init__(self, name: str, default_value: ParameterValue) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            msg = (
                f"PipelineParameter name={shown(name)} is not allowed. Give 1 to 255 "
                "characters on one line, without '='."
            )
            raise DeclarationError(msg)
        if kind_of(default_value) is None:
            msg = (
                f"PipelineParameter {shown(name)} cannot hold {shown(default_value)} "
                f"({type(default_value).__name__}). Give it a str, int, float, bool, "
                "DataPath, FileDataset or TabularDataset as default_value."
            )
            raise DeclarationError(msg)
        self.name = name
        self.default_value = default_value

    @property
    def kind(self) -> ParameterKind:
        """What the default value is, and what every override has to be."""
        kind = kind_of(self.default_value)
        if kind is None:
            msg = (
                f"PipelineParameter {shown(self.name)} was given another "
                f"default_value, {shown(self.default_value)}, which no parameter can "
                "hold. Set it back."
            )
            raise DeclarationError(msg)
        return kind

    def same_as(self, other: PipelineParameter) -> bool:
        """Whether both could stand for one parameter: same name, kind and default."""
        return (
            self.name == other.name
            and self.kind == other.kind
            and _plain(self.default_value) == _plain(other.default_value)
        )

    def __str__(self) -> str:
        return f"PipelineParameter_Name:{self.name}_Default:{self.default_value}"

    def __repr__(self) -> str:
        return (
            f"PipelineParameter(name={self.name!r}, "
            f"default_value={self.default_value!r})"
        )


def kind_of(value: object) -> ParameterKind | None:
    """Return what ``value`` is to a parameter; None for what no parameter can hold."""
    kinds: tuple[tuple[type, ParameterKind], ...] = (
        (str, "str"),
        (bool, "bool"),  # before int, of which it is a kind
        (int, "int"),
        (float, "float"),
        (FileDataset, "file"),
        (TabularDataset, "tabular"),
        (DataPath, "datapath"),
    )
    return next((kind for cls, kind in kinds if isinstance(value, cls)), None)


def distinct_parameters(
    parameters: Iterable[PipelineParameter], where: str
) -> list[PipelineParameter]:
    """Return each parameter once, in order of first use.

    Args:
        parameters: As they are used.
        where: Who uses them, for the message.

    Raises:
        DeclarationError: Two of one name differ in their default.
    """
    first: dict[str, PipelineParameter] = {}
    for parameter in parameters:
        known = first.setdefault(parameter.name, parameter)
        if not known.same_as(parameter):
            msg = (
                f"Parameter {shown(parameter.name)} is used with two defaults in "
                f"{where}: {shown(known.default_value)} and "
                f"{shown(parameter.default_value)}. Use one PipelineParameter, or two "
                "names."
            )
            raise DeclarationError(msg)
    return list(first.values())


def _plain(value: ParameterValue) -> object:
    if isinstance(value, (FileDataset, TabularDataset)):
        return value.definition
    if isinstance(value, DataPath):
        return (value.datastore_name, value.path_on_datastore)
    return value
