"""Filter expressions as data: built with operators, kept as JSON, applied to rows."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
Tree = Any
"""JSON: a value, or a list of an operation and its arguments."""

__all__ = ["DatasetExpression", "columns_of", "condition", "evaluate"]

_TAG = "datetime"
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge, "+": operator.add, "-": operator.sub,
    "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod,
}  # fmt: skip


_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


class DatasetExpression:
    """A condition on the rows of a dataset: ``dataset['age'] > 30``.

    Combine conditions with ``&``, ``|`` and ``~``, each in parentheses.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def __bool__(self) -> bool:
        msg = "an expression is not true or false; combine with &, | and ~, not and, or"
        raise TypeError(msg)

    def __eq__(self, other: object) -> DatasetExpression:  # type: ignore[override]
        return self._with("==", other)

    def __ne__(self, other: object) -> DatasetExpression:  # type: ignore[override]
        return self._with("!=", other)

    def __lt__(self, other: object) -> DatasetExpression:
        return self._with("<", other)

    def __le__(self, other: object) -> DatasetExpression:
        return self._with("<=", other)

    def __gt__(self, other: object) -> DatasetExpression:
        return self._with(">", other)

    def __ge__(self, other: object) -> DatasetExpression:
        return self._with(">=", other)

    def __add__(self, other: object) -> DatasetExpression:
        return self._with("+", other)

    def __sub__(self, other: object) -> DatasetExpression:
        return self._with("-", other)

    def __mul__(self, other: object) -> DatasetExpression:
        return self._with("*", other)

    def __truediv__(self, other: object) -> DatasetExpression:
        return self._with("/", other)

    def __floordiv__(self, other: object) -> DatasetExpression:
        return self._with("//", other)

    def __mod__(self, other: object) -> DatasetExpression:
        return self._with("%", other)

    def __and__(self, other: object) -> DatasetExpression:
        return self._with("and", other)

    def __or__(self, other: object) -> DatasetExpression:
        return self._with("or", other)

    def __invert__(self) -> DatasetExpression:
        return DatasetExpression(["not", self.tree])

    def starts_with(self, text: str) -> DatasetExpression:
        """Whether the text begins with ``text``."""
        return self._with("starts_with", text)

    def ends_with(self, text: str) -> DatasetExpression:
        """Whether the text ends with ``text``."""
        return self._with("ends_with", text)

    def contains(self, text: str) -> DatasetExpression:
        """Whether the text holds ``text``."""
        return self._with("contains", text)

    def is_null(self) -> DatasetExpression:
        """Whether there is no value."""
        return DatasetExpression(["is_null", self.tree])

    def is_error(self) -> DatasetExpression:
        """Whether the value has not its column's type; such rows are never read."""
        return DatasetExpression(["is_error", self.tree])

    def length(self) -> DatasetExpression:
        """Return the number of characters."""
        return DatasetExpression(["length", self.tree])

    def substring(self, start: int, length: int | None = None) -> DatasetExpression:
        """Return ``length`` characters from ``start`` on."""
        return DatasetExpression(["substring", self.tree, start, length])

    def to_upper(self) -> DatasetExpression:
        """Return the text in capitals."""
        return DatasetExpression(["to_upper", self.tree])

    def to_lower(self) -> DatasetExpression:
        """Return the text in small letters."""
        return DatasetExpression(["to_lower", self.tree])

    def _with(self, name: str, other: object) -> DatasetExpression:
        return DatasetExpression([name, self.tree, _tree_of(other)])


def _tree_of(value: object) -> Tree:
    if isinstance(value, DatasetExpression):
        return value.tree
    as_python = getattr(value, "item", None)  # a number of numpy
    if callable(as_python):
        value = as_python()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    written = getattr(value, "isoformat", None)
    if callable(written):
        return [_TAG, str(written())]
    msg = f"{value!r} cannot be compared with: give text, a number or a date"
    raise TypeError(msg)


def columns_of(tree: Tree) -> Iterator[str]:
    """Yield the columns that an expression needs."""
    if isinstance(tree, list):
        if tree[:1] == ["col"]:
            yield str(tree[1])
        for item in tree[1:]:
            yield from columns_of(item)


def condition(tree: Tree, columns: pd.DataFrame) -> Any:  # noqa: ANN401 - a column
    """Return for each row whether an expression holds.

    Raises:
        ValueError: It is no condition, or see ``evaluate``.
    """
    result = evaluate(tree, columns)
    if str(getattr(result, "dtype", "")) not in {"bool", "boolean"}:
        msg = (
            f"a filter has to be true or false, not {_described(result)}; compare it "
            "with something"
        )
        raise ValueError(msg)
    return _filled(result)


def evaluate(tree: Tree, columns: pd.DataFrame) -> Any:  # noqa: ANN401 - a column
    """Return the value of an expression for each row; null compares as false.

    Args:
        tree: Of a ``DatasetExpression``.
        columns: A DataFrame.

    Raises:
        ValueError: It names a column that is not there, or an unknown operation.
    """
    if not isinstance(tree, list):
        return tree
    name, *arguments = tree
    if name == "col":
        if arguments[0] not in columns:
            msg = f"the filter needs the column {arguments[0]!r}, which is not there"
            raise ValueError(msg)
        return columns[str(arguments[0])]
    if name == _TAG:
        import pandas as pd  # noqa: PLC0415 - who has rows has paid for it

        return pd.Timestamp(str(arguments[0]))
    values = [evaluate(argument, columns) for argument in arguments]
    if name in _BINARY:
        return _computed(str(name), *values)
    function = _FUNCTIONS.get(str(name))
    if function is None:
        msg = f"no filter operation is called {name!r}"
        raise ValueError(msg)
    try:
        return function(*values)
    except (TypeError, AttributeError) as error:
        sides = " and ".join(map(_described, values))
        msg = f"the filter has {name!r} of {sides}, which do not go together"
        raise ValueError(msg) from error


def _computed(name: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - columns
    """Return the result of an operation with two sides.

    Raises:
        ValueError: The sides are of types that do not go together.
    """
    try:
        result = _BINARY[name](*_in_one_zone(left, right))
    except TypeError as error:
        sides = " and ".join(map(_described, (left, right)))
        msg = (
            f"the filter has {name!r} between {sides}, which do not go together; "
            "compare with a value of the column's type, or set the type"
        )
        raise ValueError(msg) from error
    return _filled(result) if name in _COMPARISONS else result


def _in_one_zone(left: Any, right: Any) -> tuple[Any, Any]:  # noqa: ANN401 - columns
    """Return a column and a date that can be compared: no time zone means UTC."""
    if getattr(getattr(left, "dtype", None), "kind", "") != "M":
        return left, right
    if not hasattr(right, "tz_localize") or hasattr(right, "dtype"):
        return left, right
    column_has, date_has = getattr(left.dtype, "tz", None), right.tzinfo
    if column_has is not None and date_has is None:
        return left, right.tz_localize("UTC")
    if column_has is None and date_has is not None:
        return left, right.tz_convert("UTC").tz_localize(None)
    return left, right


def _described(side: Any) -> str:  # noqa: ANN401 - a column or a value
    name, dtype = getattr(side, "name", None), getattr(side, "dtype", None)
    return f"the column {name!r} ({dtype})" if dtype is not None else repr(side)[:80]


def _filled(result: Any) -> Any:  # noqa: ANN401 - a column
    return (
        result.fillna(value=False).astype(bool) if hasattr(result, "fillna") else result
    )


def _truth(side: Any) -> Any:  # noqa: ANN401 - a column
    """Return a side of ``and`` and ``or``: numbers are no truth.

    Raises:
        TypeError: It is another thing than true or false.
    """
    if isinstance(side, bool):
        return side
    if str(getattr(side, "dtype", "")) not in {"bool", "boolean"}:
        raise TypeError
    return _filled(side)


def _text(column: Any) -> Any:  # noqa: ANN401 - a column
    return column.astype("str").str


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda one, two: operator.and_(_truth(one), _truth(two)),
    "or": lambda one, two: operator.or_(_truth(one), _truth(two)),
    "not": lambda one: operator.invert(_truth(one)),
    "starts_with": lambda column, text: _filled(_text(column).startswith(text)),
    "ends_with": lambda column, text: _filled(_text(column).endswith(text)),
    "contains": lambda column, text: _filled(_text(column).contains(text, regex=False)),
    "is_null": lambda column: column.isna(),
    "is_error": lambda column: column.isna() & False,
    "length": lambda column: _text(column).len(),
    "substring": lambda column, start, length: _text(column).slice(
        start, None if length is None else start + length
    ),
    "to_upper": lambda column: _text(column).upper(),
    "to_lower": lambda column: _text(column).lower(),
}
