"""The folder and the catalog of a workspace, and which names can be looked up there."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.private_folder import check_private
from azml_pipelines.store.workspace_folder import WorkspaceFolder
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.store.catalog import Catalog

__all__ = ["WorkspacePlace", "checked_name", "is_text"]


class WorkspacePlace:
    """Where everything of a workspace is remembered.

    Args:
        root: The folder whose storage this is; nothing is made before it is needed.

    Raises:
        WorkspaceException: The storage is somebody else's, or others may write there.
    """

    def __init__(self, root: Path) -> None:
        self.folder = WorkspaceFolder(root)
        check_private(self.folder.storage)

    def prepare_storage(self) -> None:
        """Make the storage folder, for its owner only and invisible to git."""
        storage = self.folder.storage
        storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(storage, missing=False)
        for folder in (self.folder.datastores, self.folder.models, self.folder.runs):
            folder.mkdir(mode=0o700, exist_ok=True)
        ignore = storage / ".gitignore"
        with suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(ignore, flags, 0o600), "w") as file:
                file.write("*\n")

    @cached_property
    def catalog(self) -> Catalog:
        """What is registered under which name; an extension of version 1."""
        from azml_pipelines.store.catalog_place import open_catalog  # noqa: PLC0415 - SQLAlchemy

        self.prepare_storage()
        return open_catalog(self.folder)


def is_text(name: object) -> bool:
    """Whether a name can be looked up: it is text, and Unicode."""
    return isinstance(name, str) and not any(
        "\ud800" <= one <= "\udfff" for one in name
    )


def checked_name(kind: str, name: str) -> str:
    """Return a name that can be looked up.

    Raises:
        UserErrorException: It is no text.
    """
    if not is_text(name):
        msg = f"No {kind} is called {shown(name)}: a name is text. Give another one."
        raise UserErrorException(msg)
    return name
