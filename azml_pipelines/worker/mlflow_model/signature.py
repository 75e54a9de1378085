"""What a model takes and returns, as its ``MLmodel`` file says it. Values only."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BadParamsError",
    "BadSignatureError",
    "Column",
    "Param",
    "Signature",
    "Tensor",
]

COLUMN_TYPES = frozenset({
    "boolean", "integer", "long", "float", "double", "string", "binary", "datetime",
})  # fmt: skip
NESTED_TYPES = frozenset({"object", "array", "map", "any"})
_DTYPE = re.compile(r"bool|u?int(?:8|16|32|64)|float(?:16|32|64)|str|object|datetime64")
_MOST_AXES = 32


class BadSignatureError(ValueError):
    """The signature is not of a form that is known."""


class BadParamsError(ValueError):
    """The parameters are not those that the model takes."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: Optional[str]  # noqa: UP045 - worker/ runs on Python 3.9 too
    """None in a signature that counts its columns only."""
    kind: str
    """One of MLflow's column types, or of a nested one its outermost."""
    required: bool = True


@dataclass(frozen=True)
class Tensor:
    """One array."""

    name: Optional[str]  # noqa: UP045
    """None when it is the only one."""
    dtype: str
    """As numpy calls it."""
    shape: tuple[int, ...]
    """-1 for any length."""


@dataclass(frozen=True)
class Param:
    """One parameter of ``predict()``."""

    name: str
    kind: str
    default: Any
    is_list: bool = False


@dataclass(frozen=True)
class Signature:
    """What a model takes; with neither columns nor tensors, anything."""

    columns: tuple[Column, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    outputs: tuple[str, ...] = ()
    """Names of the results; empty where they have none."""
    params: Optional[tuple[Param, ...]] = None  # noqa: UP045
    """None when the model does not say whether it takes any."""

    @classmethod
    def parse(
        cls,
        inputs: Optional[str],  # noqa: UP045
        outputs: Optional[str] = None,  # noqa: UP045
        params: Optional[str] = None,  # noqa: UP045
    ) -> Signature:
        """Read the three JSON texts of a ``MLmodel`` file; None for what is not there.

        Raises:
            BadSignatureError: One is not of a form that is known.
        """
        columns, tensors = _fields("signature.inputs", inputs)
        out_columns, out_tensors = _fields("signature.outputs", outputs)
        names = [one.name for one in out_columns] + [one.name for one in out_tensors]
        if any(name is None for name in names):
            names = []
        made = None
        if params is not None:
            listed = _list("signature.params", params)
            made = tuple(_param(one) for one in listed)
        return cls(columns, tensors, tuple(map(str, names)), made)

    @property
    def is_named(self) -> bool:
        """Whether its columns have names."""
        return bool(self.columns) and self.columns[0].name is not None

    def checked_params(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters as the model takes them; MLflow would drop unknown ones.

        Raises:
            BadParamsError: The model does not take one of them, or not such a value.
        """
        if not given:
            return {}
        if self.params is None:
            msg = f"the model takes no params; got {', '.join(sorted(given))}"
            raise BadParamsError(msg)
        known = {param.name: param for param in self.params}
        unknown = sorted(given.keys() - known.keys())
        if unknown:
            takes = ", ".join(known) or "none"
            msg = f"the model takes no param {unknown[0]!r}; it takes {takes}"
            raise BadParamsError(msg)
        return {name: _value(known[name], value) for name, value in given.items()}


def _fields(
    what: str,
    text: Optional[str],  # noqa: UP045
) -> tuple[tuple[Column, ...], tuple[Tensor, ...]]:
    if text is None:
        return (), ()
    columns: list[Column] = []
    tensors: list[Tensor] = []
    for one in _list(what, text):
        if one.get("type") == "tensor":
            tensors.append(_tensor(what, one))
        else:
            columns.append(_column(what, one))
    if columns and tensors:
        msg = f"{what} mixes columns and tensors"
        raise BadSignatureError(msg)
    names = [one.name for one in columns] + [one.name for one in tensors]
    if None in names and set(names) != {None}:
        msg = f"{what} names some of its fields only"
        raise BadSignatureError(msg)
    if None not in names and len(set(names)) != len(names):
        msg = f"{what} has two fields of the same name"
        raise BadSignatureError(msg)
    if tensors and None in names and len(tensors) > 1:
        msg = f"{what} has several tensors without names"
        raise BadSignatureError(msg)
    return tuple(columns), tuple(tensors)


def _list(what: str, text: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"{what} is no JSON: {error}"
        raise BadSignatureError(msg) from error
    if not isinstance(content, list) or not all(
        isinstance(one, dict) for one in content
    ):
        msg = f"{what} is no list of objects"
        raise BadSignatureError(msg)
    return content


def _name(what: str, one: dict[str, Any]) -> Optional[str]:  # noqa: UP045
    name = one.get("name")
    if name is not None and not isinstance(name, str):
        msg = f"{what}: the name {name!r} is no text"
        raise BadSignatureError(msg)
    return name


def _column(what: str, one: dict[str, Any]) -> Column:
    kind = one.get("type")
    if not isinstance(kind, str) or kind not in COLUMN_TYPES | NESTED_TYPES:
        known = ", ".join(sorted(COLUMN_TYPES | NESTED_TYPES))
        msg = f"{what}: the type {kind!r} is unknown; known: tensor, {known}"
        raise BadSignatureError(msg)
    # For a short while, MLflow wrote `optional` instead.
    required = one.get("required", not one.get("optional", False))
    return Column(_name(what, one), kind, bool(required))


def _tensor(what: str, one: dict[str, Any]) -> Tensor:
    spec = one.get("tensor-spec")
    spec = spec if isinstance(spec, dict) else {}
    dtype, shape = spec.get("dtype"), spec.get("shape")
    if not isinstance(dtype, str) or not _DTYPE.fullmatch(dtype):
        msg = f"{what}: the dtype {dtype!r} of a tensor is unknown"
        raise BadSignatureError(msg)
    if (
        not isinstance(shape, list)
        or len(shape) > _MOST_AXES
        or not all(type(axis) is int and axis >= -1 for axis in shape)
    ):
        msg = f"{what}: the shape {shape!r} of a tensor is no list of lengths"
        raise BadSignatureError(msg)
    return Tensor(_name(what, one), dtype, tuple(shape))


def _param(one: dict[str, Any]) -> Param:
    kind = one.get("type", one.get("dtype"))
    name = one.get("name")
    if not isinstance(name, str) or not isinstance(kind, str):
        msg = f"signature.params: {one!r} has no name or no type"
        raise BadSignatureError(msg)
    return Param(name, kind, one.get("default"), bool(one.get("shape")))


def _value(param: Param, value: object) -> object:
    """Return a value as the parameter has it; what MLflow widens, is widened here."""
    if param.is_list:
        if not isinstance(value, (list, tuple)):
            msg = f"param {param.name!r} is a list of {param.kind}, not {value!r}"
            raise BadParamsError(msg)
        return [_scalar(param, one) for one in value]
    return _scalar(param, value)


def _scalar(param: Param, value: object) -> object:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {
        "boolean": isinstance(value, bool),
        "integer": is_number and isinstance(value, int),
        "long": is_number and isinstance(value, int),
        "float": is_number,
        "double": is_number,
        "string": isinstance(value, str),
        "datetime": isinstance(value, str),
    }
    if value is not None and not fits.get(param.kind, True):
        msg = f"param {param.name!r} is a {param.kind}, not {value!r}"
        raise BadParamsError(msg)
    if is_number and param.kind in {"float", "double"}:
        return float(value)  # type: ignore[arg-type]
    return value
