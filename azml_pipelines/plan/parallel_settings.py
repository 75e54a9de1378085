"""The settings of a parallel step with every value known."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from azml_pipelines.data.definition import MLTableFormat
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
from azml_pipelines.pipeline.problems import one_line
from azml_pipelines.pipeline.step_arguments import option_value
from azml_pipelines.plan.definition import ParameterReference
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.plan.definition import ParallelRunStepDefinition
    from azml_pipelines.plan.parameter_values import PlainValue
    from azml_pipelines.plan.run_plan import Argument, InputPlan

__all__ = ["compile_settings"]

_DEFAULTS: Mapping[str, object] = {
    "process_count_per_node": 1,
    "run_invocation_timeout": 60,
    "run_max_try": 3,
    "logging_level": "INFO",
}
_HEADER_OPTION = "append_row_dataframe_header"
_YES, _NO = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})


def compile_settings(
    step: ParallelRunStepDefinition,
    values: Mapping[str, PlainValue],
    inputs: Sequence[InputPlan],
    arguments: Sequence[Argument],
) -> ParallelRunSettings:
    """Fill in the settings of a step.

    Args:
        step: Whose settings may be parameters.
        values: Of all parameters.
        inputs: Its compiled inputs.
        arguments: Its compiled arguments.

    Raises:
        DeclarationError: One cannot have its value; the parameter it came from is
            named.
    """
    content: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for field, bound in step.settings:
        content[field] = bound
        if isinstance(bound, ParameterReference):
            content[field] = values[bound.parameter]
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


def _file_name(output_format: object) -> str:
    if output_format is None:
        return DEFAULT_APPEND_ROW_FILE_NAME
    return f"{DEFAULT_APPEND_ROW_FILE_NAME.removesuffix('.txt')}.{output_format}"


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
        if found is not None and isinstance(found.format, MLTableFormat) and given:
            continue  # only the step that writes it knows them
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
