"""Variables for the processes that run a script: which ones a user may set, and how."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from azml_pipelines.errors import DeclarationError
from azml_pipelines.masking import MASK, looks_secret
from azml_pipelines.wording import listed, shown

__all__ = ["as_mapping", "checked_variables"]

_OURS = "AZML_"
_FOR_TESTS = frozenset({"AZML_FAILPOINTS"})
_LOADER = frozenset({"LD_PRELOAD", "LD_AUDIT", "PYTHONSTARTUP"})
_ACCEPTED = "Give a mapping of names to text; 'env:NAME' stands for another variable."


def as_mapping(variables: object) -> dict[str, str]:
    """Return a copy of a mapping, empty for None; its content is checked at submission.

    Raises:
        DeclarationError: It is no mapping.
    """
    if variables is None:
        return {}
    if not isinstance(variables, Mapping):
        msg = f"environment_variables={shown(variables)} is no mapping. {_ACCEPTED}"
        raise DeclarationError(msg)
    return dict(variables)


def checked_variables(step: str, variables: Mapping[str, object]) -> dict[str, str]:
    """Return environment variables as text, when processes can have them.

    Numbers become text, as version 1 makes them. Nothing is looked up: ``env:NAME``
    stays what it is.

    Raises:
        DeclarationError: A name or a value cannot be set, or a name is one of ours.
    """
    checked = {name: _checked(step, name, value) for name, value in variables.items()}
    if dangerous := sorted(_LOADER.intersection(checked)):
        warnings.warn(
            f"environment_variables sets {listed(dangerous)}, which changes what every "
            "process of the script loads before it starts.",
            stacklevel=2,
        )
    return checked


def _checked(step: str, name: object, value: object) -> str:
    if not isinstance(name, str) or not name or set(name) & {"=", "\0"}:
        msg = (
            f"Step {shown(step)}: environment_variables has the name {shown(name)}, "
            "which is not allowed. Give text without '=' and null characters."
        )
        raise DeclarationError(msg)
    if name.startswith(_OURS) and name not in _FOR_TESTS:
        msg = (
            f"Step {shown(step)}: environment_variables has the name {shown(name)}. "
            f"Names that begin with {_OURS} are not allowed; choose another one."
        )
        raise DeclarationError(msg)
    text = str(value) if isinstance(value, (int, float)) else value
    if not isinstance(text, str) or "\0" in text:
        visible = MASK if looks_secret(name) else shown(value)
        msg = (
            f"Step {shown(step)}: environment_variables[{shown(name)}]={visible} is "
            "not allowed. Give text without null characters."
        )
        raise DeclarationError(msg)
    return text
