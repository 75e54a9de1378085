"""``mini_batch_size="auto"``: how many files take a second, learned on the way."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["AutoSize", "FixedSizes"]

_TARGET_SECONDS = 1.0
_GROWTH = 4
_MOST = 10_000
_AHEAD_PER_SLOT = 4
_FADE = 0.9
_WAIT_SECONDS = 0.1


class AutoSize:
    """Sizes mini-batches while the step runs; see ``data.minibatch.Sizes``.

    One thread lists and asks for sizes, another one runs the step and says what it
    measured. The list never gets far ahead of the work: what is frozen stays as it is.

    Args:
        slots: Worker processes of the step.
        kept: Sizes of the mini-batches that are frozen already; these come first.
    """

    def __init__(self, slots: int, kept: Iterable[int] = ()) -> None:
        self._kept: Iterator[int] = iter(kept)
        self.slots = slots
        self._changed = threading.Condition()
        self._given = 0
        self._done = 0
        self._largest = 1
        self._items = 0.0
        self._seconds = 0.0
        self._closed = False

    def next(self) -> int:
        """Return how many files come next; 0 when the work has to catch up first."""
        kept = next(self._kept, 0)
        with self._changed:
            ahead = self._given - self._done
            if not (kept or self._closed) and ahead >= _AHEAD_PER_SLOT * self.slots:
                return 0
            self._given += 1
            return kept or self._size()

    def wait(self) -> None:
        """Wait a moment for the work to catch up."""
        with self._changed:
            self._changed.wait(_WAIT_SECONDS)

    def observe(self, done: int, items: int = 0, seconds: float = 0.0) -> None:
        """Learn from what has run.

        Args:
            done: Mini-batches that need no more attention, whatever became of them.
            items: Of ``run()`` calls that have returned since.
            seconds: That these calls took.
        """
        with self._changed:
            self._done = done
            if items:
                self._items = _FADE * self._items + items
                self._seconds = _FADE * self._seconds + seconds
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _size(self) -> int:
        if not self._items:
            return 1
        each = max(self._seconds / self._items, 1e-9)
        most = min(self._largest * _GROWTH, _MOST)
        size = max(1, min(int(_TARGET_SECONDS / each), most))
        self._largest = max(self._largest, size)
        return size


class FixedSizes:
    """Sizes that are known; what comes behind them is cut into single files."""

    def __init__(self, sizes: Iterable[int]) -> None:
        self._sizes = iter(sizes)

    def next(self) -> int:
        """See ``data.minibatch.Sizes``."""
        return next(self._sizes, 1)

    def wait(self) -> None:
        """See ``data.minibatch.Sizes``."""
