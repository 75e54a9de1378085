"""What ``config.json`` says of storage: accounts that are elsewhere, and the cache."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import holds_secret
from azml_pipelines.run.workspace_config import CONFIG_FILE
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["StorageSettings", "read_storage"]

_KEYS = ("accounts", "cache_folder", "cache_bytes")


@dataclass(frozen=True)
class StorageSettings:
    """The key ``storage`` of a workspace's configuration; every part is optional.

    ``{"storage": {"accounts": {"pipelinedata": "data/pipelinedata"}}}``
    """

    root: Path
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Storage account to a folder, a server's address, another URL, or ``azure``."""
    cache_folder: str | None = None
    cache_bytes: int | None = None

    def account(self, name: str) -> str | None:
        """Return what is in the place of a storage account; folders are absolute."""
        mapped = self.accounts.get(name)
        if mapped is None or mapped == "azure" or "://" in mapped:
            return mapped
        return os.path.abspath(self.root / os.path.expanduser(mapped))  # noqa: PTH100, PTH111 - keeps links


def read_storage(root: Path) -> StorageSettings:
    """Read the storage settings of the workspace in a folder.

    Raises:
        UserErrorException: They are not as they have to be.
    """
    file = root / CONFIG_FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return StorageSettings(root)
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{file} cannot be read as JSON ({error}); correct the file."
        raise UserErrorException(msg) from error
    storage = content.get("storage", {}) if isinstance(content, dict) else {}
    return _checked(file, root, storage)


def _checked(file: Path, root: Path, storage: Any) -> StorageSettings:  # noqa: ANN401 - what JSON holds
    if not isinstance(storage, dict) or set(storage) - set(_KEYS):
        msg = f"{file}: 'storage' must be an object with the keys {listed(_KEYS)}."
        raise UserErrorException(msg)
    accounts = storage.get("accounts", {})
    if not isinstance(accounts, dict) or not all(
        isinstance(value, str) and value for value in accounts.values()
    ):
        msg = (
            f"{file}: 'storage.accounts' must give each account a text: a folder, an "
            'address (http://…), another URL (s3://…), or "azure".'
        )
        raise UserErrorException(msg)
    for name, value in accounts.items():
        if holds_secret(value):
            msg = (
                f"{file}: storage.accounts[{shown(name)}] holds a secret. Register the "
                "datastore with sas_token='env:NAME' instead."
            )
            raise UserErrorException(msg)
    folder, most = storage.get("cache_folder"), storage.get("cache_bytes")
    if folder is not None and not (isinstance(folder, str) and folder):
        msg = f"{file}: storage.cache_folder={shown(folder)} is no folder."
        raise UserErrorException(msg)
    if most is not None and (isinstance(most, bool) or not isinstance(most, int)):
        msg = f"{file}: storage.cache_bytes={shown(most)} is no whole number."
        raise UserErrorException(msg)
    if folder is not None:
        folder = os.path.abspath(root / os.path.expanduser(folder))  # noqa: PTH100, PTH111 - keeps links
    return StorageSettings(root, accounts, folder, most)
