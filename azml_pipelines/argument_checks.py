"""Checks of arguments that many public names have, in the words of all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from azml_pipelines.errors import DeclarationError, UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.errors import AzmlError

__all__ = [
    "check_flag",
    "check_list",
    "check_mapping",
    "check_path",
    "check_text",
    "check_workspace",
]


def check_text(
    name: str, value: object, *, error: type[AzmlError] = UserErrorException
) -> None:
    """Refuse what is neither None nor text that can be stored.

    Raises:
        UserErrorException: Or ``error``.
    """
    if value is None or (isinstance(value, str) and _storable(value)):
        return
    msg = f"{name}={shown(value)} is not accepted; give text that UTF-8 can hold."
    raise error(msg)


def check_flag(
    name: str,
    value: object,
    *,
    optional: bool = False,
    error: type[AzmlError] = UserErrorException,
) -> None:
    """Refuse what is neither True nor False, nor None where that is a value.

    Raises:
        UserErrorException: Or ``error``.
    """
    if isinstance(value, bool) or (optional and value is None):
        return
    accepted = "True, False or None" if optional else "True or False"
    msg = f"{name}={shown(value)} is not accepted; give {accepted}."
    raise error(msg)


def check_mapping(
    name: str, value: object, *, error: type[AzmlError] = UserErrorException
) -> None:
    """Refuse what is neither None nor a mapping.

    Raises:
        UserErrorException: Or ``error``.
    """
    if value is not None and not hasattr(value, "items"):
        msg = f"{name}={shown(value)} is not accepted; give a dict, such as {{'a': 1}}."
        raise error(msg)


def check_list(name: str, value: object, *, optional: bool = True) -> None:
    """Refuse text and what has no elements.

    Raises:
        DeclarationError: It is neither a list nor, where that is a value, None.
    """
    if value is None and optional:
        return
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        msg = f"{name}={shown(value)} is not accepted; give a list."
        raise DeclarationError(msg)


def check_path(name: str, value: object) -> None:
    """Refuse what names no file and no folder.

    Raises:
        DeclarationError: It is neither text nor an ``os.PathLike``.
    """
    if not isinstance(value, (str, os.PathLike)):
        msg = f"{name}={shown(value)} is no path; give the path of a file or folder."
        raise DeclarationError(msg)


def check_workspace(value: object) -> None:
    """Refuse what cannot be a workspace; ``"testing"`` and None are typed for one.

    Raises:
        UserErrorException: It is none.
    """
    if type(value).__module__ == "builtins":
        msg = (
            f"workspace={shown(value)} is no Workspace; give one, such as "
            "Workspace.from_config()."
        )
        raise UserErrorException(msg)


def _storable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
