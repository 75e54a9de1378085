"""Says when a step has stood still for longer than anything may take. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.errors import StalledRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Watchdog"]

_MOST_SHOWN = 3
_LONGEST_STEP = 5.0
"""Whoever has not looked for longer was stopped itself; that is nobody's fault."""
_LIST_PATIENCE = 600.0
"""For a list that is being made: its store is asked again for minutes."""


class Watchdog:
    """Counts the seconds since anything has moved.

    The first time that they are too many, the worker processes get a fresh start; the
    second time the step is given up.

    What a worker does has a clock of its own, and as long as that runs it is a sign of
    life: this one is for waits that nothing else ends.

    Args:
        patience: Seconds without any sign of life.
        clock: Monotonic seconds.
        report: Called with what there is to say, one line each, every time that the
            step has stood still for so long.
    """

    def __init__(
        self,
        patience: float,
        clock: Callable[[], float],
        report: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._report = report
        self._looked = clock()
        self._still = 0.0
        self._moves: int | None = None
        self._barked = False

    def moved(self) -> None:
        """Note a sign of life."""
        self._looked = self._clock()
        self._still = 0.0

    def stands_still(self, moves: int, *, waits_for_list: bool = False) -> bool:
        """Whether the step has shown no sign of life for too long.

        Args:
            moves: Changes whenever a worker goes on to something else.
            waits_for_list: Nothing is in hand, since the list is still being made.
        """
        now = self._clock()
        self._still += min(max(now - self._looked, 0.0), _LONGEST_STEP)
        self._looked = now
        if moves != self._moves:
            self._moves = moves
            self._still = 0.0
        patience = self._patience
        if waits_for_list:
            patience = max(patience, _LIST_PATIENCE)
        return self._still > patience

    def bark(self, in_hand: Sequence[str], bundles: int, waiting: int) -> None:
        """Report that the step stands still, and wait once more as long.

        Args:
            in_hand: What each worker process has in hand, and since when.
            bundles: How many bundles are in hand.
            waiting: How many mini-batches wait to be handed out.

        Raises:
            StalledRunError: The worker processes have had their fresh start.
        """
        what = (
            f"nothing has moved for {self._patience:g} s: {bundles} bundles are in "
            f"hand, {waiting} mini-batches wait"
        )
        then = "given up" if self._barked else "all worker processes are started anew"
        self._report([what, *in_hand, then])
        if self._barked:
            names = "; ".join(in_hand[:_MOST_SHOWN]) or "no worker process has anything"
            more = len(in_hand) - _MOST_SHOWN
            names += f" and {more} more" if more > 0 else ""
            msg = f"{what}, also after a fresh start of all worker processes ({names})"
            raise StalledRunError(msg)
        self._barked = True
        self.moved()
