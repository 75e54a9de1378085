"""Secrets of datastores: kept as references, looked up where a store is opened."""

from __future__ import annotations

import os
import re
import warnings
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.file_store import StoreError
from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import holds_secret, is_reference, looks_secret
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ResolvedOptions", "as_reference", "referenced_options", "resolve_options"]

_SECRET_OPTIONS = frozenset({"key", "secret", "token", "connection_string"})
"""Arguments of fsspec whose names alone do not say that they are secrets."""
_SHORTEST = 6


def referenced_options(
    datastore: str, options: Mapping[str, Any], *, stacklevel: int = 2
) -> dict[str, Any]:
    """Return options as they may be written down: each secret as ``env:NAME``.

    Args:
        datastore: Its name, for that of the variable.
        options: As the user gave them.
        stacklevel: Of the warning that a secret is kept for this process only.
    """
    return {
        name: _referenced(datastore, name, value, stacklevel + 1)
        for name, value in options.items()
        if value is not None
    }


def _referenced(datastore: str, name: str, value: object, stacklevel: int) -> object:
    if isinstance(value, dict):
        return {
            inner: _referenced(datastore, f"{name}_{inner}", one, stacklevel + 1)
            for inner, one in value.items()
        }
    if isinstance(value, str) and _is_secret(name, value):
        return as_reference(datastore, name, value, stacklevel=stacklevel + 1)
    return value


def _is_secret(name: str, value: str) -> bool:
    if not value or is_reference(value):
        return False
    # gcsfs takes words like "anon" and the path of a file as its token.
    if name == "token" and (
        value in {"anon", "cloud", "google_default"} or "/" in value
    ):
        return False
    return name in _SECRET_OPTIONS or looks_secret(name) or holds_secret(value)


def as_reference(datastore: str, name: str, value: str, *, stacklevel: int = 2) -> str:
    """Return the reference that stands for a secret, which then is a variable.

    When a variable of this process has that very value, its name is taken. Otherwise
    one is set here; processes started from here inherit it, others have to set it.

    Raises:
        UserErrorException: The secret cannot be a variable.
    """
    if is_reference(value):
        return value
    if len(value) >= _SHORTEST:
        for variable, known in sorted(os.environ.items()):
            if known == value:
                return f"env:{variable}"
    words = re.sub(r"\W+", "_", f"{datastore}_{name}").upper()
    variable = f"AZML_{words}"
    try:
        os.environ[variable] = value
    except ValueError:
        msg = (
            f"{name} of datastore {shown(datastore)} holds a character that no "
            "variable can (NUL, for one), so it is no key. Copy it again, or give "
            f"{name}='env:NAME'."
        )
        # The cause could show the value.
        raise UserErrorException(msg) from None
    warnings.warn(
        f"{name} of datastore {shown(datastore)} is not written down: it is kept in "
        f"the variable {variable} of this process. Set that variable wherever the "
        f"datastore is used later, or register it with {name}='env:{variable}'.",
        stacklevel=stacklevel + 1,
    )
    return f"env:{variable}"


class ResolvedOptions:
    """Options with secrets in them; never shown, never stored.

    Args:
        values: What a filesystem is opened with.
        secrets: Those of the values that came from references.
    """

    def __init__(self, values: dict[str, Any], secrets: tuple[str, ...]) -> None:
        self.values = values
        self.secrets = secrets

    def __repr__(self) -> str:
        return f"ResolvedOptions({', '.join(self.values)})"


def resolve_options(
    options: Mapping[str, Any], store: str, environ: Mapping[str, str] | None = None
) -> ResolvedOptions:
    """Replace references by the values of their variables.

    Args:
        options: As they are written down.
        store: What people call the store.
        environ: By default that of this process.

    Raises:
        StoreError: A variable is not set.
    """
    environ = os.environ if environ is None else environ
    secrets: list[str] = []

    def resolved(name: str, value: object) -> object:
        if isinstance(value, dict):
            return {inner: resolved(inner, one) for inner, one in value.items()}
        if not is_reference(value):
            return value
        variable = str(value).removeprefix("env:")
        if variable not in environ:
            msg = (
                f"The {store} needs {name}={value}, but the variable {variable} is not "
                "set here. Set it and try again."
            )
            raise StoreError(msg)
        secrets.append(environ[variable])
        return environ[variable]

    values = {name: resolved(name, value) for name, value in options.items()}
    return ResolvedOptions(values, tuple(secrets))
