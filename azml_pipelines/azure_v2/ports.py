"""Inputs and outputs as documents declare and bind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from azml_pipelines.azure_v2.section import Described, Refused, Section, Unused
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.document import Place

__all__ = [
    "DATA_TYPES",
    "LITERAL_TYPES",
    "InputSection",
    "LiteralValue",
    "OutputSection",
    "check_mode",
    "checked_literal",
]

DATA_TYPES = (
    "uri_file",
    "uri_folder",
    "mltable",
    "custom_model",
    "mlflow_model",
    "triton_model",
    "path",
)
LITERAL_TYPES = ("string", "integer", "number", "boolean", "float")
LiteralValue = bool | int | float | str
_PLAIN_MODES = ("ro_mount", "mount", "download", "direct")
_EVALUATED = ("eval_mount", "eval_download")
_OUTPUT_MODES = ("rw_mount", "mount", "upload", "direct", "link")


class InputSection(Section):
    """An input: what it is, and in jobs what it is bound to."""

    type: str | None = None
    path: str | None = None
    mode: str | None = None
    default: Any = None
    value: Any = None
    optional: bool = False
    min: float | None = None
    max: float | None = None
    enum: list[Any] | None = None
    description: Described = None
    path_on_compute: str | None = None
    datastore: Annotated[
        Any, Refused("is not accepted; write azureml://datastores/NAME/paths/… in path")
    ] = None


class OutputSection(Section):
    """An output: what it is, where it goes, and as what it is registered."""

    type: str | None = None
    path: str | None = None
    mode: str | None = None
    name: str | None = None
    version: Annotated[
        Any, Unused("has no effect: a registration makes the next version")
    ] = None
    description: Described = None
    early_available: Annotated[
        Any, Unused("has no effect: outputs appear when their step has succeeded")
    ] = None


def check_mode(
    mode: str | None,
    kind: str | None,
    place: Place,
    *,
    end: Literal["input", "output"] = "input",
) -> None:
    """Refuse a mode that is unknown, or not for this type.

    Raises:
        BadDocumentError: It is.
    """
    if mode is None:
        return
    known = _PLAIN_MODES if end == "input" else _OUTPUT_MODES
    if end == "input" and kind in {"mltable", None}:
        known = (*known, *_EVALUATED)
    if mode not in known:
        what = f"an {end} of type {shown(kind)}" if kind else f"an {end}"
        text = f"is {shown(mode)}; the mode of {what} is one of {listed(known)}."
        raise (place / "mode").problem(text)


def checked_literal(value: object, port: InputSection, place: Place) -> LiteralValue:
    """Return a value as the port's type has it.

    Raises:
        BadDocumentError: It is of another type, or out of its range.
    """
    made = _converted(value, port.type or "", place)
    if isinstance(made, (int, float)) and not isinstance(made, bool):
        low, high = port.min, port.max
        if (low is not None and made < low) or (high is not None and made > high):
            bounds = f"{'' if low is None else low} to {'' if high is None else high}"
            msg = f"is {shown(made)}, which is not in {bounds}."
            raise place.problem(msg)
    if port.enum is not None and made not in port.enum:
        text = f"is {shown(made)}, which is none of {listed(map(str, port.enum))}."
        raise place.problem(text)
    return made


def _converted(value: object, kind: str, place: Place) -> LiteralValue:
    if isinstance(value, (bool, int, float, str)):
        text = str(value)
        if kind == "integer":
            number = _number(text)
            if number is not None and number.is_integer():
                return int(number)
        elif kind in {"number", "float"}:
            number = _number(text)
            if number is not None:
                whole = isinstance(value, int) and not isinstance(value, bool)
                return value if whole or isinstance(value, float) else number
        elif kind == "boolean":
            if text.lower() in {"true", "false"}:
                return text.lower() == "true"
        else:
            return text if kind == "string" else value
    msg = f"is {shown(value)}, which is no {kind or 'value'}."
    raise place.problem(msg)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
