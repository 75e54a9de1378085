"""Waits for the kernel's lock on an open file, but not for ever."""

from __future__ import annotations

import fcntl
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["wait_for_lock"]

_LOOK_SECONDS = 0.02


def wait_for_lock(
    descriptor: int, seconds: float, clock: Callable[[], float] = time.monotonic
) -> bool:
    """Take the lock, which ends with its file or its process.

    Args:
        descriptor: Of the open file.
        seconds: How long to wait at most.
        clock: Monotonic seconds.

    Returns:
        False when somebody else had it all the time.
    """
    deadline = clock() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock() >= deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        else:
            return True
