"""A parameter's value as typed on a command line: ``-p name=value``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.data.listing import list_files
from azml_pipelines.errors import ParameterError, UserErrorException
from azml_pipelines.plan.parameter_values import declared_parameter
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.data.dataset_home import RegisteredDataset
    from azml_pipelines.plan.definition import ParameterDefinition, PipelineDefinition
    from azml_pipelines.plan.parameter_values import PlainValue

    FindDataset = Callable[[str, int | None], RegisteredDataset]

__all__ = ["parse_assignment"]

_BOOLS = {"true": True, "1": True, "false": False, "0": False}


def parse_assignment(
    definition: PipelineDefinition, name: str, text: str, find_dataset: FindDataset
) -> PlainValue:
    """Turn text into a value of the parameter's declared kind.

    Args:
        definition: Declares the parameter.
        name: Of the parameter.
        text: What was typed. For a dataset: a registered ``name``, ``name@latest``,
            ``name:version`` or ``name@version``, else a local path or glob; a leading
            ``./`` or ``/`` always means a path.
        find_dataset: Looks a registered dataset up; raises UserErrorException if there
            is none.

    Raises:
        ParameterError: The parameter is not declared, or the text means no value of
            its kind.
    """
    declared = declared_parameter(definition, name)
    match declared.kind:
        case "str":
            return text
        case "int" | "float":
            return _number(declared, text)
        case "bool":
            return _bool(declared, text)
        case "file" | "tabular":
            return _dataset(declared, text, find_dataset)
        case "datapath":
            msg = (
                f"Parameter {shown(name)} is a DataPath, which cannot be typed. Submit "
                "the pipeline from Python to set it."
            )
            raise ParameterError(msg)


def _number(declared: ParameterDefinition, text: str) -> int | float:
    try:
        return int(text) if declared.kind == "int" else float(text)
    except ValueError:
        what = "a whole number" if declared.kind == "int" else "a number"
        msg = f"Parameter {shown(declared.name)} takes {what}; got {shown(text)}."
        raise ParameterError(msg) from None


def _bool(declared: ParameterDefinition, text: str) -> bool:
    value = _BOOLS.get(text.lower())
    if value is None:
        msg = (
            f"Parameter {shown(declared.name)} takes true or false; got {shown(text)}."
        )
        raise ParameterError(msg)
    return value


def _dataset(
    declared: ParameterDefinition, text: str, find_dataset: FindDataset
) -> DatasetDefinition:
    unknown = "it names a path"
    if not text.startswith((".", "/", "~")):
        name, _, version = text.partition("@" if "@" in text else ":")
        if "@" in text and version == "latest":
            version = ""
        if not version or version.isdecimal():
            try:
                found = find_dataset(name, int(version) if version else None)
            except UserErrorException as error:
                unknown = shown(str(error).rstrip("."), 100)[1:-1]
            else:
                return found.definition.model_copy(
                    update={"name": found.name, "version": found.version}
                )
    local = _local(declared, text)
    if local is None:
        msg = (
            f"Parameter {shown(declared.name)} takes a dataset; {shown(text)} is "
            "neither a registered one nor a local file, folder or glob "
            f"({unknown.rstrip('.')})."
        )
        raise ParameterError(msg)
    return local


def _local(declared: ParameterDefinition, text: str) -> DatasetDefinition | None:
    """Return local files as the declared kind; a table is read as the default is."""
    default = declared.default
    try:
        local = DatasetDefinition(
            kind="file" if declared.kind == "file" else "tabular",
            sources=data_sources(text),
            format=default.format if isinstance(default, DatasetDefinition) else None,
        )
        found = next(iter(list_files(local).paths), None)
    except UserErrorException:
        return None
    return None if found is None else local
