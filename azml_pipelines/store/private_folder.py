"""The folder of a workspace's storage: its owner's alone, or nobody uses it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_private", "make_private", "write_private"]

_OWNER_ONLY = 0o700
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_private(folder: Path, *, missing: bool = True) -> None:
    """Refuse a folder that somebody else could have filled.

    What lies in it is code that runs as whoever opens it. A folder that others can
    only read is closed to them.

    Args:
        folder: Need not exist yet.
        missing: Whether it may be missing. Just after it was made it may not: somebody
            has removed theirs, and could put it back.

    Raises:
        WorkspaceException: It is a link or no folder, belongs to another user, or
            others may write there.
    """
    name = shown(str(folder))
    try:
        found = folder.lstat()
    except FileNotFoundError as error:
        if missing:
            return
        msg = f"The storage {name} was removed as soon as it was made. Try again."
        raise WorkspaceException(msg) from error
    if not stat.S_ISDIR(found.st_mode):
        msg = f"The storage {name} is no folder (or a link to one). Move it away."
        raise WorkspaceException(msg)
    if found.st_uid != os.geteuid():
        msg = (
            f"The storage {name} belongs to user {found.st_uid}, not to you "
            f"({os.geteuid()}). Use a workspace of your own."
        )
        raise WorkspaceException(msg)
    if found.st_mode & _WRITABLE_BY_OTHERS:
        msg = (
            f"Others may write to the storage {name} (mode "
            f"{stat.S_IMODE(found.st_mode):04o}). If you trust its content: "
            "chmod 700 on it."
        )
        raise WorkspaceException(msg)
    if stat.S_IMODE(found.st_mode) & ~_OWNER_ONLY:
        folder.chmod(_OWNER_ONLY)


def make_private(folder: Path, below: Path) -> None:
    """Make ``folder`` and what is missing between it and ``below``, for the owner only.

    ``mkdir(parents=True)`` would give the folders between the mode of the umask.
    """
    missing = []
    while folder != below and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(mode=_OWNER_ONLY, exist_ok=True)


def write_private(file: Path, text: str) -> None:
    """Write a file that is new, for the owner only."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(file, flags, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
