"""One file copied so that it appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["UNFINISHED", "copy_file", "is_unfinished"]

UNFINISHED = ".azml-unfinished-"
"""How the names of what is not whole begin; no dataset lists them."""


def copy_file(source: Path, destination: Path) -> None:
    """Copy the bytes of ``source``; folders are made, an existing file is replaced.

    The copy is as open to others as the folder that it lands in, and not more.

    Raises:
        FileNotFoundError: ``source`` is gone.
        UserErrorException: ``destination`` cannot be written.
    """
    try:
        mode = _make_folders(destination.parent) & 0o666
        temporary = destination.with_name(f"{UNFINISHED}{uuid4().hex}")
        try:
            _create(temporary, mode)
            shutil.copyfile(source, temporary)
            temporary.replace(destination)
        finally:
            temporary.unlink(missing_ok=True)
    except FileNotFoundError:
        raise
    except OSError as error:
        msg = (
            f"Copying {shown(os.fspath(source))} to {shown(os.fspath(destination))} "
            f"failed: {error.strerror or error}. Check the free space and who may "
            "write there."
        )
        raise UserErrorException(msg, inner_exception=error) from error


def _make_folders(folder: Path) -> int:
    """Make what is missing, as open as the folder above it; return its mode."""
    if folder.is_dir():
        return folder.stat().st_mode
    mode = _make_folders(folder.parent) & 0o777
    folder.mkdir(mode=mode, exist_ok=True)
    return mode


def _create(file: Path, mode: int) -> None:
    """Make an empty file; never take one that somebody has put there, nor a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    os.close(os.open(file, flags, mode))


def is_unfinished(path: str) -> bool:
    """Whether ``path`` is a copy that somebody is still writing, or never finished."""
    return path.rpartition("/")[2].startswith(UNFINISHED)
