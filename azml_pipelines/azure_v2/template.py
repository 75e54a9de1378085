"""Commands and program arguments with everything in them that is known already."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.azure_v2.bound import Value
from azml_pipelines.azure_v2.expression import (
    Expression,
    pieces,
    without_optional_parts,
)
from azml_pipelines.pipeline.step_arguments import JoinedArgument
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.azure_v2.bound import Bound
    from azml_pipelines.azure_v2.document import Place

__all__ = ["Ports", "filled", "split_arguments"]

_MARK = re.compile("\0([0-9]+)\0")


@dataclass(frozen=True)
class Ports:
    """What expressions of one job stand for."""

    inputs: Mapping[str, Bound]
    entries: Mapping[str, object]
    """What a step gets for an input that is data."""
    outputs: Mapping[str, object]
    place: Place


def filled(text: str, ports: Ports, place: Place) -> JoinedArgument:
    """Return a text whose values are filled in and whose data are parts.

    Raises:
        BadDocumentError: An expression stands for nothing.
    """

    def has_value(expression: Expression) -> bool:
        name = expression.after("inputs.")
        if name is None or name not in ports.inputs:
            return True  # not left out: it is refused, with what there is
        return ports.inputs[name] is not None

    opened = without_optional_parts(text, has_value)
    parts: list[object] = []
    for piece in pieces(opened):
        if isinstance(piece, Expression):
            parts.append(_value(piece, ports, place))
        else:
            parts.append(piece)
    return JoinedArgument(tuple(parts))


def split_arguments(text: str, ports: Ports, place: Place) -> list[object]:
    """Return program arguments one by one, split as a shell splits them.

    Values of expressions are split too, as they are put in first; paths are not.

    Raises:
        BadDocumentError: An expression stands for nothing, or a quote is not closed.
    """
    objects: list[object] = []
    marked = ""
    for part in filled(text, ports, place).parts:
        if isinstance(part, str):
            marked += part
        else:
            marked += f"\0{len(objects)}\0"
            objects.append(part)
    try:
        words = shlex.split(marked)
    except ValueError as error:
        msg = f"cannot be split into arguments: {error}."
        raise place.problem(msg) from error
    return [_word(word, objects) for word in words]


def _word(word: str, objects: list[object]) -> object:
    texts = _MARK.split(word)
    if len(texts) == 1:
        return word
    parts: list[object] = []
    for number, text in enumerate(texts):
        if number % 2:
            parts.append(objects[int(text)])
        elif text:
            parts.append(text)
    return parts[0] if len(parts) == 1 else JoinedArgument(tuple(parts))


def _value(expression: Expression, ports: Ports, place: Place) -> object:
    name = expression.after("inputs.")
    if name is not None:
        if name not in ports.inputs:
            raise place.problem(_unknown(expression, "inputs", ports.inputs))
        bound = ports.inputs[name]
        if isinstance(bound, Value):
            return str(bound.value)
        if bound is None:
            text = (
                f"{expression} is optional and has no value; write $[[ … ]] around it."
            )
            raise place.problem(text)
        return ports.entries[name]
    name = expression.after("outputs.")
    if name is not None:
        if name not in ports.outputs:
            raise place.problem(_unknown(expression, "outputs", ports.outputs))
        return ports.outputs[name]
    text = f"{expression} means nothing here; there are ${{{{inputs.…}}}} and outputs."
    raise place.problem(text)


def _unknown(expression: Expression, end: str, known: Mapping[str, object]) -> str:
    name = expression.text.partition(".")[2]
    return (
        f"{shown(str(expression))[1:-1]} stands for nothing; the {end} are "
        f"{listed(known)}.{did_you_mean(name, known)}"
    )
