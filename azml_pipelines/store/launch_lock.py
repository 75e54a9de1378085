"""One launch at a time: who resumes a run keeps others out until it has a driver."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.file_lock import wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["is_launching", "launching"]

_PATIENCE_SECONDS = 30.0


@contextmanager
def launching(
    folder: RunFolder, clock: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Hold the right to start an orchestrator; the kernel takes it back at the end.

    Between the look whether a run has a driver and the note that there is one, two
    processes could both start one.

    Args:
        folder: Of the run.
        clock: Monotonic seconds.

    Raises:
        UserErrorException: Somebody else holds it for half a minute.
    """
    file = folder.root / "launch.lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait(descriptor, folder, clock)
        yield
    finally:
        os.close(descriptor)


def is_launching(folder: RunFolder) -> bool:
    """Whether somebody holds the right to start an orchestrator at this moment."""
    try:
        descriptor = os.open(folder.root / "launch.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _wait(descriptor: int, folder: RunFolder, clock: Callable[[], float]) -> None:
    if not wait_for_lock(descriptor, _PATIENCE_SECONDS, clock):
        msg = (
            f"Another process has been starting run {folder.root.name} for "
            f"{_PATIENCE_SECONDS:g} s; look at it with `azml show "
            f"{folder.root.name}` and try again."
        )
        raise UserErrorException(msg)
