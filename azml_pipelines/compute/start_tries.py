"""How often a worker process may fail to start before its slot is given up. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["StartTries"]

_INIT_TRIES = 3
_STRAY_SECONDS = 60.0
_MOST_STRAYS = 100


class StartTries:
    """Counts the failed starts of one worker process.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._deadline = clock() + _STRAY_SECONDS
        self._failed = 0
        self._strays = 0

    def failed(self, *, stray: bool) -> bool:
        """Note a start that failed; return whether to give up.

        Args:
            stray: Nobody is to blame: somebody killed the process, or the fork server
                has gone. Such starts are repeated for a minute, and a hundred times at
                most: ``init()`` may be the one who kills.
        """
        self._failed += not stray
        self._strays += stray
        if self._failed >= _INIT_TRIES or self._strays >= _MOST_STRAYS:
            return True
        return self._clock() > self._deadline
