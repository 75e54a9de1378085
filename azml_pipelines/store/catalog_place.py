"""Where a workspace keeps its catalog: in its own folder, unless it says otherwise."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import holds_secret, is_reference
from azml_pipelines.store.catalog import Catalog
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from azml_pipelines.store.workspace_folder import WorkspaceFolder

__all__ = ["open_catalog"]

_KEYS = ("url", "password")


def open_catalog(folder: WorkspaceFolder) -> Catalog:
    """Open the catalog of the workspace in a folder.

    The key ``catalog`` of ``config.json`` may name a PostgreSQL server:
    ``{"catalog": {"url": "postgresql://me@host/database", "password": "env:NAME"}}``,
    or ``{"catalog": {"url": "env:NAME"}}``.

    Raises:
        UserErrorException: The key is not as it has to be, holds a secret, or names a
            variable that is not set.
        WorkspaceException: The catalog cannot be opened, or is another workspace's.
    """
    config = _content(folder.config)
    said = config.get("catalog")
    if said is None:
        return Catalog(folder.catalog)
    from azml_pipelines.store.catalog_postgres import PostgresStorage  # noqa: PLC0415 - rare

    values = _checked(folder.config, said)
    catalog = Catalog(PostgresStorage(values["url"], values.get("password")))
    catalog.belong_to(str(config.get("workspace_name", "")))
    return catalog


def _content(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{file} cannot be read as JSON ({error}); correct the file."
        raise UserErrorException(msg) from error
    return content if isinstance(content, dict) else {}


def _checked(file: Path, said: object) -> dict[str, str]:
    if (
        not isinstance(said, dict)
        or "url" not in said
        or set(said) - set(_KEYS)
        or not all(isinstance(value, str) and value for value in said.values())
    ):
        msg = (
            f"{file}: 'catalog' must be an object of texts with the key 'url' and, if "
            f"there is one, 'password'; got {shown(said)}."
        )
        raise UserErrorException(msg)
    literal = said.get("password")
    if holds_secret(said["url"]) or not (literal is None or is_reference(literal)):
        msg = (
            f'{file}: \'catalog\' holds a password. Write "password": "env:NAME" '
            "there, and set the variable NAME."
        )
        raise UserErrorException(msg)
    return {key: _resolved(file, key, value) for key, value in said.items()}


def _resolved(file: Path, key: str, value: str) -> str:
    if not is_reference(value):
        return value
    variable = value.partition(":")[2]
    if variable not in os.environ:
        msg = (
            f"{file}: catalog.{key} is {shown(value)}, and the variable {variable} is "
            "not set. Set it and try again."
        )
        raise UserErrorException(msg)
    return os.environ[variable]
