"""The transformations of MLTable files: each is done, or refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azml_pipelines.data.column_types import ColumnType, Truth
from azml_pipelines.data.data_type import DataType
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import listed, shown

__all__ = ["READERS", "Step", "column_types", "columns_of", "read_steps"]

_FLAG, _TEXT = (bool,), (str,)
_COLUMNS = (str, list)
_ARGUMENTS: dict[str, dict[str, tuple[type, ...]]] = {
    "read_delimited": {
        "delimiter": _TEXT,
        "header": _TEXT,
        "encoding": _TEXT,
        "infer_column_types": _FLAG,
        "empty_as_string": _FLAG,
        "include_path_column": _FLAG,
        "support_multi_line": _FLAG,
    },
    "read_parquet": {"include_path_column": _FLAG},
    "read_json_lines": {
        "encoding": _TEXT,
        "invalid_lines": _TEXT,
        "include_path_column": _FLAG,
    },
    "extract_columns_from_partition_format": {"partition_format": _TEXT},
    "keep_columns": {"columns": _COLUMNS},
    "drop_columns": {"columns": _COLUMNS},
    "convert_column_types": {"types": (list,)},
    "filter": {"expression": _TEXT},
    "take": {"count": (int,)},
    "skip": {"count": (int,)},
    "take_random_sample": {"probability": (int, float), "seed": (int,)},
}
READERS = ("read_delimited", "read_parquet", "read_json_lines")
_ALONE = {
    "keep_columns": "columns",
    "drop_columns": "columns",
    "convert_column_types": "types",
    "filter": "expression",
    "take": "count",
    "skip": "count",
}
"""The argument that may stand without its name."""
_NEEDED = {
    **{name: (argument,) for name, argument in _ALONE.items()},
    "extract_columns_from_partition_format": ("partition_format",),
    "take_random_sample": ("probability",),
}
_INSTEAD = {
    "read_delta_lake": "Delta Lake is not read here; write the table as parquet, and "
    "use read_parquet",
}
_SINGLE = "extract_columns_from_partition_format"
_TYPES = {
    "int": DataType.to_long,
    "float": DataType.to_float,
    "string": DataType.to_string,
    "boolean": DataType.to_bool,
    "datetime": DataType.to_datetime,
}
_OTHERS = {"true": True, "false": False, "error": None, None: None}


@dataclass(frozen=True)
class Step:
    """One transformation, with arguments of the right types."""

    name: str
    arguments: dict[str, Any]

    def get(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - YAML
        """Return an argument."""
        return self.arguments.get(name, default)


def read_steps(given: object) -> list[Step]:
    """Return the transformations of a file, whose order makes sense.

    Raises:
        UserErrorException: One is unknown, has wrong arguments, or stands where it
            would mean something else than it does here.
    """
    if not isinstance(given, list):
        msg = f"transformations={shown(given)} is not allowed. Give a list."
        raise UserErrorException(msg)
    steps = [_step(one) for one in given]
    _check_order(steps)
    return steps


def _step(entry: object) -> Step:
    name: object = entry
    arguments: object = None
    if isinstance(entry, dict) and len(entry) == 1:
        name, arguments = next(iter(entry.items()))
    if not isinstance(name, str):
        msg = f"transformations has the entry {shown(entry)}, which is none."
        raise UserErrorException(msg)
    known = _ARGUMENTS.get(name)
    if known is None:
        instead = _INSTEAD.get(name, f"There are {', '.join(_ARGUMENTS)}")
        msg = f"The transformation {shown(name)} is not available. {instead}."
        raise UserErrorException(msg)
    if arguments is None:
        arguments = {}
    elif not isinstance(arguments, dict):
        if name not in _ALONE:
            msg = (
                f"{name} has {shown(arguments)}, and needs its arguments by name: "
                f"{', '.join(known)}."
            )
            raise UserErrorException(msg)
        arguments = {_ALONE[name]: arguments}
    return Step(name, _checked(name, arguments, known))


def _checked(
    step: str, arguments: dict[Any, Any], known: dict[str, tuple[type, ...]]
) -> dict[str, Any]:
    for name, value in arguments.items():
        if name not in known:
            msg = f"{step} has no argument {shown(name)}. There are {', '.join(known)}."
            raise UserErrorException(msg)
        right = isinstance(value, known[name])
        if not right or (isinstance(value, bool) and bool not in known[name]):
            kinds = " or ".join(kind.__name__ for kind in known[name])
            msg = f"{step}: {name}={shown(value)} is not allowed. Give {kinds}."
            raise UserErrorException(msg)
    missing = [name for name in _NEEDED.get(step, ()) if name not in arguments]
    if missing:
        msg = f"{step} needs {missing[0]}. Add it."
        raise UserErrorException(msg)
    return arguments


def _check_order(steps: list[Step]) -> None:
    """Refuse what would mean something else in another order.

    Types and partition columns are there from the start, so they have to come first.
    """
    names = [step.name for step in steps]
    readers = [name for name in names if name in READERS]
    if len(readers) > 1:
        msg = f"transformations read more than once: {', '.join(readers)}. Do it once."
        raise UserErrorException(msg)
    if names.count(_SINGLE) > 1:
        msg = f"{_SINGLE} is there twice. Put all columns into one format."
        raise UserErrorException(msg)
    first = {"convert_column_types", _SINGLE, *READERS}
    for number, step in enumerate(steps):
        before = next((name for name in names[:number] if name not in first), None)
        if step.name in first and before is not None:
            msg = (
                f"{step.name} stands behind {before}, where it would mean something "
                f"else. Put it before {before}."
            )
            raise UserErrorException(msg)


def column_types(steps: list[Step]) -> dict[str, DataType]:
    """Return what ``convert_column_types`` says; the last word on a column counts.

    Raises:
        UserErrorException: A type is unknown.
    """
    found: dict[str, DataType] = {}
    for step in steps:
        for one in step.get("types", ()):
            if not isinstance(one, dict) or set(one) != {"columns", "column_type"}:
                msg = (
                    f"convert_column_types has the entry {shown(one)}. Each one has "
                    "columns and column_type."
                )
                raise UserErrorException(msg)
            kind = _type_of(one["column_type"])
            found.update(dict.fromkeys(columns_of(one["columns"]), kind))
    return found


def columns_of(given: object) -> list[str]:
    """Return names of columns, given as one or several.

    Raises:
        UserErrorException: They are neither.
    """
    names = [given] if isinstance(given, str) else given
    if isinstance(names, list) and names and all(isinstance(n, str) for n in names):
        return names
    msg = f"columns={shown(given)} is not allowed. Give a name or a list of names."
    raise UserErrorException(msg)


def _type_of(given: object) -> DataType:
    match given:
        case str() if given in _TYPES:
            return _TYPES[given]()
        case {"datetime": {"formats": formats, **rest}} if not rest:
            return DataType.to_datetime(formats)
        case {"boolean": dict(told)}:
            return DataType(ColumnType("boolean", truth=_truth(told)))
        case _:
            msg = (
                f"column_type={shown(given)} is not known. Give one of "
                f"{', '.join(_TYPES)}, or a map such as datetime: {{formats: "
                "['%d/%m/%Y']}."
            )
            raise UserErrorException(msg)


def _truth(told: dict[Any, Any]) -> Truth:
    unknown = set(told) - {"true_values", "false_values", "mismatch_as"}
    if unknown:
        msg = (
            f"boolean has no argument {listed(map(str, unknown))}. There are "
            "true_values, false_values and mismatch_as."
        )
        raise UserErrorException(msg)
    true, false = (
        tuple(columns_of(told.get(name))) for name in ("true_values", "false_values")
    )
    others = told.get("mismatch_as")
    if not isinstance(others, str | None) or others not in _OTHERS:
        msg = f"mismatch_as={shown(others)} is not allowed. Give true, false or error."
        raise UserErrorException(msg)
    return Truth(true, false, _OTHERS[others])
