"""How many mini-batches travel together. Pure: fed with what was measured."""

from __future__ import annotations

__all__ = ["BundleSize"]

_TARGET_SECONDS = 0.5
_LEAST_SECONDS = 0.03
_SECONDS_PER_SLOT = 0.005
_GROWTH = 32
_SHARES_PER_SLOT = 2
_WEIGHT = 0.3


class BundleSize:
    """Sizes bundles so that each takes about half a second.

    A bundle costs Dask some milliseconds, so a long one makes that cost vanish; toward
    the end they shrink, so that all slots end together.

    Args:
        slots: Worker processes of the step.
        most: Mini-batches that fit into one bundle.
    """

    def __init__(self, slots: int, most: int) -> None:
        self.slots = slots
        """Worker processes of the step; may change while it runs."""
        self._most = most
        self._largest = 1
        self._seconds: float | None = None

    @property
    def target(self) -> float:
        """Seconds that one bundle shall take."""
        return max(_TARGET_SECONDS, self.slots * _SECONDS_PER_SLOT)

    def next(self, waiting: int) -> int:
        """Return the size of the next bundle, at least 1.

        Args:
            waiting: Mini-batches that nobody has in hand.
        """
        if self._seconds is None:
            return 1
        each = max(self._seconds, 1e-9)
        fair = -(-waiting // (self.slots * _SHARES_PER_SLOT))
        # Toward the end a fair share is less work than carrying it costs.
        worthwhile = max(fair, int(_LEAST_SECONDS / each))
        most = min(int(self.target / each), self._most, self._largest * _GROWTH)
        size = max(1, min(worthwhile, most))
        self._largest = max(self._largest, size)
        return size

    def observe(self, mini_batches: int, seconds: float) -> None:
        """Learn from a bundle that took ``seconds`` for ``mini_batches``."""
        if not mini_batches:
            return
        each = seconds / mini_batches
        if self._seconds is None or mini_batches > 1 == self._largest:
            self._seconds = each
        else:
            self._seconds += _WEIGHT * (each - self._seconds)
