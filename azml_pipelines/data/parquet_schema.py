"""The types of a parquet dataset: those of its first file, in every other one too.

A column that another file has in another type is read as the first one's where no
value changes by that: whole numbers of another width, decimals, units of time,
categories. All else is an error that names the column.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["INDEX_NAME", "as_declared", "declared_types"]

INDEX_NAME = re.compile(r"__index_level_\d+__")
"""Columns that pandas has written for its index."""
_DECIMAL = re.compile(r"decimal(?:128|256)?\((\d+), (-?\d+)\)")
_TIME = re.compile(r"timestamp\[(s|ms|us|ns), tz=(.+)\]")
_CATEGORY = re.compile(r"dictionary<values=(.+), indices=.*>")


def declared_types(schema: Any) -> dict[str, str]:  # noqa: ANN401 - of pyarrow
    """Return the columns of a file and the names of their types."""
    return {
        field.name: str(field.type)
        for field in schema
        if not INDEX_NAME.fullmatch(field.name)
    }


def as_declared(table: Any, declared: Mapping[str, str]) -> Any:  # noqa: ANN401 - a table of pyarrow
    """Return rows in the types of the first file; columns it has not stay as they are.

    Raises:
        ValueError: A column has another type there, and its values are not the same in
            it.
    """
    for number, field in enumerate(table.schema):
        wanted = declared.get(field.name)
        if wanted is None or str(field.type) == wanted:
            continue
        column = _fitted(table.column(number), wanted)
        if column is None:
            msg = (
                f"column {field.name!r} is {field.type} here and {wanted} in the first "
                "file; make them equal, or set the type with set_column_types"
            )
            raise ValueError(msg)
        table = table.set_column(number, field.name, column)
    return table


def _fitted(column: Any, wanted: str) -> Optional[Any]:  # noqa: ANN401, UP045 - of pyarrow; Python 3.9
    """Return a column in another type; None when that would change what it says."""
    import pyarrow as pa  # noqa: PLC0415 - only what reads parquet pays for it

    category = _CATEGORY.fullmatch(wanted)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    inner = category[1] if category else wanted
    if str(column.type) != inner:
        target = _type_named(inner)
        if target is None or not _akin(column.type, target):
            return None
        try:
            column = column.cast(target)
        except pa.ArrowInvalid:
            return None
    return column.dictionary_encode() if category else column


def _type_named(name: str) -> Optional[Any]:  # noqa: ANN401, UP045
    """Return the type with this name; None for one that is made of others."""
    import pyarrow as pa  # noqa: PLC0415 - only what reads parquet pays for it

    decimal = _DECIMAL.fullmatch(name)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    time = _TIME.fullmatch(name)
    if time:
        return pa.timestamp(time[1], time[2])
    try:
        return pa.type_for_alias(name)
    except ValueError:
        return None


def _akin(found: Any, wanted: Any) -> bool:  # noqa: ANN401 - of pyarrow
    """Whether values of one type can be said in the other."""
    import pyarrow.types as kinds  # noqa: PLC0415 - only what reads parquet pays for it

    if kinds.is_null(found):
        return True
    if kinds.is_timestamp(found) and kinds.is_timestamp(wanted):
        return bool(found.tz == wanted.tz)
    for family in (
        (kinds.is_integer, kinds.is_floating, kinds.is_decimal),
        (kinds.is_string, kinds.is_large_string),
        (kinds.is_binary, kinds.is_large_binary),
        (kinds.is_date,),
        (kinds.is_time,),
        (kinds.is_duration,),
    ):
        if any(one(found) for one in family) and any(one(wanted) for one in family):
            return True
    return False
