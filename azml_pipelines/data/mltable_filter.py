"""The filter expressions of MLTable files, read without carrying anything out."""

from __future__ import annotations

import ast
import datetime as dt
from typing import Any

from azml_pipelines.data.expression import DatasetExpression
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

__all__ = ["read_filter"]

_OPERATORS: dict[type, str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.FloorDiv: "//", ast.Mod: "%", ast.And: "and", ast.Or: "or",
    ast.BitAnd: "and", ast.BitOr: "or",
}  # fmt: skip
_METHODS = frozenset({
    "starts_with", "ends_with", "contains", "is_null", "length", "substring",
    "to_upper", "to_lower",
})  # fmt: skip


def read_filter(text: str) -> DatasetExpression:
    """Read ``col("t") > 32 and col("loc") == "UK"``.

    Raises:
        UserErrorException: It is no such expression.
    """
    try:
        tree = _tree(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        msg = (
            f"The filter {shown(text)} cannot be read. Write it as "
            'col("age") > 30 and col("name") == "x".'
        )
        raise UserErrorException(msg, inner_exception=error) from error
    return DatasetExpression(tree)


def _tree(node: ast.expr) -> Any:  # noqa: ANN401, PLR0911 - JSON, one line per kind
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(
            op=ast.USub(), operand=ast.Constant(value=int() | float() as number)
        ):
            return -number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ["-", 0, _tree(operand)]
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            return ["not", _tree(operand)]
        case ast.Compare(left=left, ops=signs, comparators=others):
            sides = [left, *others]
            parts = [
                [_operator(sign), _tree(one), _tree(two)]
                for sign, one, two in zip(signs, sides, others, strict=False)
            ]
            return _joined("and", parts)
        case ast.BinOp(left=left, op=sign, right=right):
            return [_operator(sign), _tree(left), _tree(right)]
        case ast.BoolOp(op=sign, values=values):
            return _joined(_operator(sign), [_tree(value) for value in values])
        case ast.Call(func=function, args=arguments, keywords=[]):
            return _call(function, arguments)
        case _:
            msg = f"{ast.dump(node)[:80]} is not allowed in a filter"
            raise ValueError(msg)


def _operator(sign: ast.AST) -> str:
    found = _OPERATORS.get(type(sign))
    if found is None:
        msg = f"{type(sign).__name__} is not allowed in a filter"
        raise ValueError(msg)
    return found


def _joined(name: str, trees: list[Any]) -> Any:  # noqa: ANN401 - JSON
    tree = trees[0]
    for other in trees[1:]:
        tree = [name, tree, other]
    return tree


def _call(function: ast.expr, arguments: list[ast.expr]) -> Any:  # noqa: ANN401 - JSON
    match function, arguments:
        case ast.Name(id="col"), [ast.Constant(value=str(name))]:
            return ["col", name]
        case ast.Name(id="datetime"), _:
            moment = dt.datetime(*[_whole_number(one) for one in arguments])  # type: ignore[arg-type]  # noqa: DTZ001 - as the file says
            return ["datetime", moment.isoformat()]
        case ast.Attribute(value=column, attr=name), _ if name in _METHODS:
            values = [_tree(one) for one in arguments]
            expression = DatasetExpression(_tree(column))
            asked: DatasetExpression = getattr(expression, name)(*values)
            return asked.tree
    msg = f"{ast.dump(function)[:80]} cannot be called in a filter"
    raise ValueError(msg)


def _whole_number(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
    msg = "datetime needs whole numbers: datetime(2024, 1, 31)"
    raise ValueError(msg)
