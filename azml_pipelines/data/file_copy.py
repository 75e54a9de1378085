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

__all__ = ["copy_file", "is_unfinished"]

_UNFINISHED = ".azml-unfinished-"


def copy_file(source: Path, destination: Path) -> None:
    """Copy the bytes of ``source``; folders are made, an existing file is replaced.

    Raises:
        FileNotFoundError: ``source`` is gone.
        UserErrorException: ``destination`` cannot be written.
    """
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        temporary = destination.with_name(f"{_UNFINISHED}{uuid4().hex}")
        try:
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


def is_unfinished(path: str) -> bool:
    """Whether ``path`` is a copy that somebody is still writing, or never finished."""
    return path.rpartition("/")[2].startswith(_UNFINISHED)
