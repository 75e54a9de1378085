"""Tables get the types of a model's signature, or it is said which cell has another.

MLflow refuses whole numbers where it wants decimals, unless all of them are 0 or 1: a
file would be scored or not depending on what else is in it. So types are never guessed
from a file and then compared; they are given.
"""

from __future__ import annotations

import base64
import binascii
from importlib import import_module
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.column_types import ColumnType, convert

if TYPE_CHECKING:
    import pandas as pd

    from azml_pipelines.worker.mlflow_model.signature import Column, Signature

Series = Any
"""A ``pandas.Series``, whose types say less than its methods do."""

__all__ = ["BadInputError", "cast_table", "reading_dtypes"]

_READ_AS = {
    "boolean": "bool",
    # Wider than it is, so that what does not fit is found instead of wrapped.
    "integer": "int64",
    "long": "int64",
    "float": "float32",
    "double": "float64",
}
_KINDS = {"integer": "integer", "long": "integer", "float": "float", "double": "float"}
_TRUTH = {"true": True, "false": False, "1": True, "0": False, "1.0": True,
          "0.0": False}  # fmt: skip
_WITHOUT_NULL = frozenset({"boolean", "integer", "long"})
_INT32 = 1 << 31
_MOST_SHOWN = 60


class BadInputError(ValueError):
    """What was read is not what the model takes; says where."""


def reading_dtypes(signature: Signature, names: list[str]) -> dict[str, str]:
    """Return the dtypes with which the columns of a text file are read."""
    kinds = {str(column.name): column.kind for column in signature.columns}
    if signature.columns and not signature.is_named:
        kinds = dict(zip(names, (column.kind for column in signature.columns)))
    if signature.tensors:
        first = signature.tensors[0]
        kinds = dict.fromkeys(names, "")
        if first.name is not None:
            return {
                str(tensor.name): _text_dtype(tensor.dtype)
                for tensor in signature.tensors
            }
        return dict.fromkeys(names, _text_dtype(first.dtype))
    return {name: _READ_AS.get(kind, "str") for name, kind in kinds.items()}


def _text_dtype(dtype: str) -> str:
    return "str" if dtype in {"str", "object", "datetime64"} else dtype


def cast_table(frame: pd.DataFrame, signature: Signature, row: int = 0) -> pd.DataFrame:
    """Return the columns that a model takes, in its order and with its types.

    Args:
        frame: As it was read.
        signature: With columns.
        row: Number of the first row in its file, for the message.

    Raises:
        BadInputError: A column is missing, or a cell is not of its type.
    """
    pandas = import_module("pandas")
    if not signature.is_named:
        return _by_place(frame, signature, row)
    _check_names(frame, signature)
    taken: dict[str, Series] = {}
    for column in signature.columns:
        name = str(column.name)
        if name not in frame.columns:
            continue
        cells = frame[name]
        if not column.required and cells.isna().all():
            # What nobody has is not there: as whole numbers it could not be nothing.
            continue
        taken[name] = _cast(cells, column, name, row)
    return pandas.DataFrame(taken, index=frame.index)  # type: ignore[no-any-return]


def _check_names(frame: pd.DataFrame, signature: Signature) -> None:
    found = [str(name) for name in frame.columns]
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        msg = f"there are two columns {twice!r}"
        raise BadInputError(msg)
    missing = [
        str(column.name)
        for column in signature.columns
        if column.required and column.name not in frame.columns
    ]
    if missing:
        has = ", ".join(found[:20]) or "none"
        msg = f"there is no column {', '.join(map(repr, missing))}; it has {has}"
        raise BadInputError(msg)


def _by_place(frame: pd.DataFrame, signature: Signature, row: int) -> pd.DataFrame:
    wanted, found = len(signature.columns), frame.shape[1]
    if wanted != found:
        # MLflow would cut off what is too much, without a word.
        msg = f"there are {found} columns; the model takes {wanted}, without names"
        raise BadInputError(msg)
    made = frame.copy()
    for place, column in enumerate(signature.columns):
        name = frame.columns[place]
        made[name] = _cast(frame[name], column, str(name), row)
    return made


def _cast(cells: Series, column: Column, name: str, row: int) -> Series:
    kind = column.kind
    if kind in _KINDS:
        made = _numbers(cells, kind, name, row)
    elif kind == "boolean":
        made = _booleans(cells, name, row)
    elif kind == "datetime":
        made = _datetimes(cells, name, row)
    elif kind == "string":
        made = _strings(cells, name, row)
    elif kind == "binary":
        made = _binaries(cells, name, row)
    else:
        return cells
    if kind in _WITHOUT_NULL:
        empty = cells.isna()
        if empty.any():
            at = row + int(empty.to_numpy().argmax())
            msg = f"column {name!r} is empty in row {at}; a {kind} cannot be"
            raise BadInputError(msg)
    return made.astype({"integer": "int32", "long": "int64"}.get(kind, made.dtype))


def _numbers(cells: Series, kind: str, name: str, row: int) -> Series:
    if str(cells.dtype) == _READ_AS[kind] and kind not in _WITHOUT_NULL:
        return cells
    if str(cells.dtype).startswith(("bool", "datetime", "timedelta")):
        # As numbers they would be seconds, or less than that.
        _refuse(cells, cells.notna(), name, kind, row)
    form = {"frame": cells.to_frame("it"), "types": {"it": ColumnType(_KINDS[kind])}}  # type: ignore[arg-type]
    made = convert(**form, on_error="null")["it"]
    _refuse(cells, made.isna() & ~_empty(cells), name, kind, row)
    if kind == "integer":
        _refuse(cells, (made < -_INT32) | (made >= _INT32), name, kind, row)
    if kind == "float":
        return made.astype("float32")
    return made


def _booleans(cells: Series, name: str, row: int) -> Series:
    if str(cells.dtype) == "bool":
        return cells
    made = cells.astype("str").str.strip().str.lower().map(_TRUTH).astype("object")
    _refuse(cells, made.isna() & cells.notna(), name, "boolean", row)
    return made.where(made.notna(), other=False).astype("bool")


def _datetimes(cells: Series, name: str, row: int) -> Series:
    if not str(cells.dtype).startswith("datetime64"):
        pandas = import_module("pandas")
        is_number = cells.map(lambda cell: isinstance(cell, (int, float)))
        _refuse(cells, is_number & cells.notna(), name, "datetime", row)
        text = cells.astype("str").str.strip()
        zoned = text.str.contains(r"(?:[zZ]|[+-]\d\d:?\d\d)$") & cells.notna()
        _refuse(cells, zoned, name, "datetime without a zone", row)
        made = pandas.to_datetime(text, format="ISO8601", errors="coerce")
        _refuse(cells, made.isna() & ~_empty(cells), name, "datetime", row)
        cells = made
    if getattr(cells.dtype, "tz", None) is not None:
        msg = f"column {name!r} has a time zone; the model takes none"
        raise BadInputError(msg)
    return cells.astype("datetime64[ns]")


def _strings(cells: Series, name: str, row: int) -> Series:
    if str(cells.dtype) not in {"object", "str", "string", "category"}:
        if cells.isna().all():
            return cells.astype("object").where(cells.notna(), None)
        _refuse(cells, cells.notna(), name, "string", row)
    is_text = cells.map(lambda cell: isinstance(cell, str)).astype("bool")
    _refuse(cells, ~is_text & cells.notna(), name, "string", row)
    return cells.astype("object").where(cells.notna(), None)


def _binaries(cells: Series, name: str, row: int) -> Series:
    """Return bytes; text is read as base64, as MLflow's own server does."""
    made = cells.astype("object").map(_bytes)
    bad = made.map(lambda cell: not isinstance(cell, bytes)).astype("bool")
    _refuse(cells, bad & cells.notna(), name, "binary (base64 in text)", row)
    return made.where(cells.notna(), None)


def _bytes(cell: object) -> object:
    if isinstance(cell, str):
        try:
            return base64.b64decode(cell, validate=True)
        except (binascii.Error, ValueError):
            return cell
    return bytes(cell) if isinstance(cell, (bytearray, memoryview)) else cell


def _empty(cells: Series) -> Series:
    empty = cells.isna()
    if str(cells.dtype) in {"object", "str", "string"}:
        empty |= cells.astype("str").str.strip() == ""
    return empty


def _refuse(cells: Series, bad: Series, name: str, kind: str, row: int) -> None:
    """Name the first cell that is not what it has to be, if there is one."""
    bad = bad.astype("boolean").fillna(value=False).astype("bool")
    if bad.any():
        at = int(bad.to_numpy().argmax())
        cell = str(cells.iloc[at])[:_MOST_SHOWN]
        msg = f"column {name!r} holds {cell!r} in row {row + at}, which is no {kind}"
        raise BadInputError(msg)
