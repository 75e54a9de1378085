"""Keeps results where they are while a run decides whether it uses one."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.file_lock import wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.store.workspace_folder import WorkspaceFolder

__all__ = ["removing_results", "using_results"]

_PATIENCE_SECONDS = 60.0


@contextmanager
def using_results(workspace: WorkspaceFolder) -> Iterator[None]:
    """Nobody removes results meanwhile; any number of runs may use some."""
    descriptor = _open(workspace)
    try:
        # Whoever removes holds the lock for one run at a time.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def removing_results(workspace: WorkspaceFolder) -> Iterator[None]:
    """Nobody decides to use a result meanwhile.

    Raises:
        UserErrorException: Runs have been at it for a minute.
    """
    descriptor = _open(workspace)
    try:
        if not wait_for_lock(descriptor, _PATIENCE_SECONDS):
            msg = (
                "Runs of this workspace have been looking for results for "
                f"{_PATIENCE_SECONDS:g} s; try again when they have begun."
            )
            raise UserErrorException(msg)
        yield
    finally:
        os.close(descriptor)


def _open(workspace: WorkspaceFolder) -> int:
    path = workspace.storage / "results.lock"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
