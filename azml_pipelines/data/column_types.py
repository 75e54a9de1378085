"""The types of columns: found in the first rows, and then the same in every piece.

A column keeps its type wherever a table is cut. Cells that do not have it are an error
that names the column, or become null where the caller asks for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Column = Any
"""A ``pandas.Series``, whose types say less than its methods do."""

__all__ = [
    "LOOKED_AT_ROWS",
    "ColumnType",
    "ColumnTypeError",
    "Truth",
    "TypeKind",
    "convert",
    "mistaken",
    "only_zeros_and_ones",
    "reading_types",
]

TypeKind = Literal["integer", "float", "boolean", "datetime", "string"]
LOOKED_AT_ROWS = 200
_READ_AS = {"integer": "int64", "float": "float64", "boolean": "bool"}
_TRUTH = {"true": True, "false": False}


class ColumnTypeError(ValueError):
    """A cell does not have the type of its column."""


@dataclass(frozen=True)
class Truth:
    """Which texts are true and false, in the place of ``true`` and ``false``."""

    true: tuple[str, ...]
    false: tuple[str, ...]
    others: Optional[bool] = None  # noqa: UP045 - loaded by workers, Python 3.9
    """What any other text is; None for an error."""


@dataclass(frozen=True)
class ColumnType:
    """The type of one column."""

    kind: TypeKind
    formats: tuple[str, ...] = ()
    """Of dates, as ``strptime`` writes them; empty for what pandas recognises."""
    decimal_mark: str = "."
    truth: Optional[Truth] = None  # noqa: UP045

    @classmethod
    def decode(cls, fields: Mapping[str, Any]) -> ColumnType:
        """Make a type of what ``asdict`` gave, after its way through JSON."""
        truth = fields.get("truth")
        return cls(
            fields["kind"],
            tuple(fields["formats"]),
            fields["decimal_mark"],
            truth
            and Truth(tuple(truth["true"]), tuple(truth["false"]), truth["others"]),
        )


def reading_types(types: Mapping[str, ColumnType]) -> dict[str, Any]:
    """Return the dtypes with which text is read when every cell has its type.

    Columns of text are left to pandas, which is faster; see ``mistaken``.
    """
    return {
        name: _READ_AS[kind.kind]
        for name, kind in types.items()
        if not _stays_text(kind)
    }


def _stays_text(kind: ColumnType) -> bool:
    text = kind.kind in {"string", "datetime"} or kind.decimal_mark != "."
    return text or kind.truth is not None


def mistaken(frame: pd.DataFrame, types: Mapping[str, ColumnType]) -> bool:
    """Whether pandas has read something else where text was wanted, such as 007."""
    return any(
        _stays_text(types[name])
        and not _is_text(frame[name])
        and not frame[name].isna().all()
        for name in types.keys() & set(frame.columns)
    )


def only_zeros_and_ones(frame: pd.DataFrame, types: Mapping[str, ColumnType]) -> bool:
    """Whether a column of numbers may have been true and false in the text.

    pandas reads these words as 1 and 0, where a column has nothing else.
    """
    if not len(frame):
        return False
    first = dict(zip(frame.columns, frame.iloc[0].tolist()))
    return any(
        _is_zero_or_one(frame[name])
        for name, kind in types.items()
        if kind.kind in {"integer", "float"}
        # Most columns have another number in their first row.
        and (first.get(name) in {0, 1} or _is_nan(first.get(name)))
    )


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


def _is_zero_or_one(column: Column) -> bool:
    return bool((column.isin((0, 1)) | column.isna()).all())


def convert(
    frame: pd.DataFrame, types: Mapping[str, ColumnType], on_error: str = "fail"
) -> pd.DataFrame:
    """Give columns their types; those that have them already stay as they are.

    Args:
        frame: The rows, with text where cells have not been read as anything yet.
        types: Type of each column; others are left alone.
        on_error: ``fail``, or ``null`` for cells that do not have the type.

    Raises:
        ColumnTypeError: A cell does not have the type of its column.
    """
    for name, kind in types.items():
        if name in frame.columns:
            frame[name] = _converted(frame[name], kind, on_error)
    return frame


def _converted(column: Column, kind: ColumnType, on_error: str) -> Column:
    if _has(column, kind):
        return column
    if kind.kind == "string":
        if column.isna().all():
            return column.astype("object").where(column.notna(), None).astype("str")
        return column.where(column.isna(), column.astype(str)).astype("str")
    empty = column.isna()
    if _is_text(column):
        empty |= column.astype(str).str.strip() == ""
    result = _CONVERTERS[kind.kind](column.mask(empty), kind)
    bad = result.isna() & ~empty
    if on_error == "fail" and bad.any():
        row = int(bad.to_numpy().argmax())
        msg = (
            f"column {column.name!r} holds {str(column.iloc[row])[:80]!r} in row {row} "
            f"of the piece, which is no {kind.kind}; mend the cell, or give the column "
            "another type with set_column_types"
        )
        raise ColumnTypeError(msg)
    return _narrowed(result, kind)


def _narrowed(column: Column, kind: ColumnType) -> Column:
    """Use the plain types where no cell is null, as pandas does by itself."""
    if kind.kind in {"integer", "boolean"} and not column.isna().any():
        return column.astype(_READ_AS[kind.kind])
    return column


def _is_text(column: Column) -> bool:
    return str(column.dtype) in {"object", "str", "string"}


def _has(column: Column, kind: ColumnType) -> bool:
    dtype = str(column.dtype)
    if kind.kind == "datetime":
        return dtype.startswith("datetime64")
    if kind.kind == "string":
        return dtype in {"str", "string"}
    if kind.kind == "integer":
        return dtype in {"int64", "Int64"}
    return dtype == _READ_AS[kind.kind]


def _to_integer(column: Column, _kind: ColumnType) -> Column:
    import pandas as pd  # noqa: PLC0415 - who has a column has paid for it

    if _is_text(column):
        text = column.astype("str").str.strip()
        text = text.where(text.str.fullmatch(r"[+-]?\d{1,19}"))
        # Not through floats, which would round what is longer than 15 digits.
        cells = [None if pd.isna(cell) else int(cell) for cell in text]
        cells = [None if c is None or abs(c) >= 1 << 63 else c for c in cells]
        return pd.Series(cells, index=column.index, name=column.name, dtype="Int64")
    numbers = _numbers(column)
    return numbers.where(numbers == numbers.round()).astype("Int64")


def _to_float(column: Column, kind: ColumnType) -> Column:
    if kind.decimal_mark != "." and _is_text(column):
        column = column.astype("str").str.replace(kind.decimal_mark, ".", regex=False)
    return _numbers(column).astype("float64")


def _numbers(column: Column) -> Column:
    """Return the numbers in a column; true and false are none."""
    import pandas as pd  # noqa: PLC0415 - who has a column has paid for it

    if str(column.dtype) in {"bool", "boolean"}:
        column = column.where(column.isna()).astype("float64")
    elif str(column.dtype) == "object":
        column = column.where(column.map(type).ne(bool))
    return pd.to_numeric(column, errors="coerce")


def _to_boolean(column: Column, kind: ColumnType) -> Column:
    if kind.truth is not None:
        return _to_told_boolean(column, kind.truth)
    if _is_text(column):
        lowered = column.astype("str").str.strip().str.lower()
        return lowered.map(_TRUTH).astype("boolean")
    return column.map({0: False, 1: True}).astype("boolean")


def _to_told_boolean(column: Column, truth: Truth) -> Column:
    known = {**dict.fromkeys(truth.true, True), **dict.fromkeys(truth.false, False)}
    found = column.astype("str").str.strip().map(known).astype("boolean")
    if truth.others is None:
        return found
    return found.fillna(truth.others).where(column.notna())


def _to_datetime(column: Column, kind: ColumnType) -> Column:
    import pandas as pd  # noqa: PLC0415 - who has a column has paid for it

    text = column.astype("str").str.strip() if _is_text(column) else column
    result: Column | None = None
    for form in kind.formats or ("ISO8601",):
        utc = "%z" in form
        dates = pd.to_datetime(text, format=form, errors="coerce", utc=utc)
        result = dates if result is None else result.fillna(dates)
    return result if result is not None else column


_CONVERTERS = {
    "integer": _to_integer,
    "float": _to_float,
    "boolean": _to_boolean,
    "datetime": _to_datetime,
}
