"""``DataType``: the types that ``set_column_types`` gives to columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.errors import NotAvailableError, UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DataType", "checked_types"]

_MARKS = (".", ",")


class DataType:
    """The type of a column; made by ``DataType.to_long()`` and its like."""

    def __init__(self, column_type: ColumnType) -> None:
        self.column_type = column_type

    @staticmethod
    def to_string() -> DataType:
        """Text, as it stands in the file."""
        return DataType(ColumnType("string"))

    @staticmethod
    def to_long() -> DataType:
        """Whole numbers."""
        return DataType(ColumnType("integer"))

    @staticmethod
    def to_float(decimal_mark: str = ".") -> DataType:
        """Numbers.

        Raises:
            UserErrorException: ``decimal_mark`` is neither a point nor a comma.
        """
        if decimal_mark not in _MARKS:
            msg = f"decimal_mark must be '.' or ',', not {shown(decimal_mark)}."
            raise UserErrorException(msg)
        return DataType(ColumnType("float", decimal_mark=decimal_mark))

    @staticmethod
    def to_bool() -> DataType:
        """True and false, in any spelling."""
        return DataType(ColumnType("boolean"))

    @staticmethod
    def to_datetime(formats: str | Sequence[str] | None = None) -> DataType:
        """Dates.

        Args:
            formats: ``'%Y-%m-%d'`` or several, tried in order; ISO 8601 if None.

        Raises:
            UserErrorException: ``formats`` is neither.
        """
        given = [formats] if isinstance(formats, str) else formats or []
        if not all(isinstance(form, str) and "%" in form for form in given):
            msg = (
                f"formats={shown(formats)} is not allowed. Give text such as "
                "'%Y-%m-%d', or a list of these."
            )
            raise UserErrorException(msg)
        return DataType(ColumnType("datetime", tuple(given)))

    @staticmethod
    def to_stream(workspace: object, escaped: bool = False) -> DataType:
        """Not available: a column of paths stays text here.

        Raises:
            NotAvailableError: Always.
        """
        msg = (
            "DataType.to_stream is not available. Leave the column as text, and make a "
            "FileDataset of the files it names."
        )
        raise NotAvailableError(msg)

    def __repr__(self) -> str:
        return f"DataType({self.column_type.kind})"


def checked_types(types: Mapping[str, object] | None) -> dict[str, ColumnType] | None:
    """Return what ``set_column_types`` says.

    Raises:
        UserErrorException: It is no mapping of column names to data types.
    """
    if types is None:
        return None
    if not isinstance(types, dict) or not all(isinstance(name, str) for name in types):
        msg = (
            f"set_column_types={shown(types)} is not allowed. Give a dict such as "
            "{'age': DataType.to_long()}."
        )
        raise UserErrorException(msg)
    checked: dict[str, ColumnType] = {}
    for name, given in types.items():
        if not isinstance(given, DataType):
            msg = (
                f"set_column_types gives column {shown(name)} the type {shown(given)}. "
                "Give one of DataType's: DataType.to_string(), to_long(), to_float(), "
                "to_bool(), to_datetime()."
            )
            raise UserErrorException(msg)
        checked[name] = given.column_type
    return checked
