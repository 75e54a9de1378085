"""Which values a submission may give to the parameters of a pipeline (section 9)."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Literal, TypeAlias

from azml_pipelines.argument_checks import check_mapping
from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import ParameterError, ParameterTypeError
from azml_pipelines.plan.describe_ports import datapath_source
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from azml_pipelines.plan.definition import ParameterDefinition, PipelineDefinition

__all__ = ["PlainValue", "declared_parameter", "resolve_values"]

PlainValue: TypeAlias = bool | int | float | str | DatasetDefinition
_DATASET_CLASS = {"file": "FileDataset", "tabular": "TabularDataset"}
# bool and int count as one type, as in version 1.
_CODES = {"str": "str", "int": "int", "bool": "int", "float": "float"}


def resolve_values(
    definition: PipelineDefinition, values: Mapping[str, object]
) -> dict[str, PlainValue]:
    """Return the value of every declared parameter.

    Args:
        definition: Declares them.
        values: What the submission gives; the others keep their default.

    Raises:
        ParameterError: A name is not declared, or a value is of another type.
        ParameterTypeError: A dataset is of the other kind.
    """
    check_mapping("pipeline_parameters", values, error=ParameterError)
    given = {
        name: _accepted(declared_parameter(definition, name), value)
        for name, value in values.items()
    }
    return {
        declared.name: given.get(declared.name, _plain(declared.default))
        for declared in definition.parameters
    }


def declared_parameter(
    definition: PipelineDefinition, name: str
) -> ParameterDefinition:
    """Return the parameter called ``name``.

    Raises:
        ParameterError: There is none; the message lists those that are declared, with
            their kind, and the closest name.
    """
    found = definition.parameter(name)
    if found is not None:
        return found
    names = [declared.name for declared in definition.parameters]
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {shown(close[0])}?" if close else ""
    declared = _listed(definition.parameters) or "none"
    msg = f"No parameter is called {shown(name)}; declared: {declared}.{hint}"
    raise ParameterError(msg)


def _listed(parameters: Iterable[ParameterDefinition]) -> str:
    return ", ".join(f"{p.name} ({p.kind})" for p in parameters)


def _accepted(declared: ParameterDefinition, value: object) -> PlainValue:
    match declared.kind:
        case "file" | "tabular":
            return _dataset(declared, declared.kind, value)
        case "datapath":
            return _datapath(declared, value)
        case _:
            return _scalar(declared, value)


def _scalar(declared: ParameterDefinition, value: object) -> PlainValue:
    # Exactly these types: a subclass such as numpy's float64 is not sent anywhere.
    code = next((_CODES[t.__name__] for t in _SCALARS if type(value) is t), None)
    if code != _CODES[declared.kind]:
        raise ParameterError(_refusal(declared, value))
    return value  # type: ignore[return-value]


_SCALARS = (str, int, float, bool)


def _dataset(
    declared: ParameterDefinition, kind: Literal["file", "tabular"], value: object
) -> DatasetDefinition:
    if isinstance(value, (FileDataset, TabularDataset)):
        value = value.definition
    if not isinstance(value, DatasetDefinition):
        raise ParameterError(_refusal(declared, value))
    if value.kind != kind:
        msg = (
            f"Parameter {shown(declared.name)} is a {_DATASET_CLASS[kind]}; got a "
            f"{_DATASET_CLASS[value.kind]}. Give it the same kind of dataset."
        )
        raise ParameterTypeError(msg)
    return value


def _datapath(declared: ParameterDefinition, value: object) -> DatasetDefinition:
    if isinstance(value, DataPath):
        return _plain_source(datapath_source(value))
    if isinstance(value, DataSource):
        return _plain_source(value)
    # Several files in the place of one, as data changes give them.
    if isinstance(value, DatasetDefinition) and value.kind == "file":
        return value
    raise ParameterError(_refusal(declared, value))


def _plain(default: PlainValue | DataSource) -> PlainValue:
    return _plain_source(default) if isinstance(default, DataSource) else default


def _plain_source(source: DataSource) -> DatasetDefinition:
    return DatasetDefinition(kind="file", sources=(source,))


def _refusal(declared: ParameterDefinition, value: object) -> str:
    accepted = {
        "bool": "bool or int",
        "int": "int or bool",
        "datapath": "DataPath",
        **_DATASET_CLASS,
    }.get(declared.kind, declared.kind)
    return (
        f"Parameter {shown(declared.name)} takes {accepted}; got {shown(value)} "
        f"({type(value).__name__}). Give it a value of that type."
    )
