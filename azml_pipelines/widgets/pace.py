"""How fast the steps of a run have been going lately, and since when nothing moves."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azml_pipelines.store.run_state import RunState, StepState

__all__ = ["Pace", "Speed", "average_speed"]

_WINDOW_SECONDS = 30.0
# Shorter than this, one bundle more or less would make the number jump.
_ENOUGH_SECONDS = 2.0


@dataclass(frozen=True)
class Speed:
    """What settles per second."""

    mini_batches: float = 0.0
    items: float = 0.0


@dataclass(frozen=True)
class _Sample:
    time: float
    mini_batches: int
    items: int


def average_speed(step: StepState, now: float) -> Speed:
    """Return the speed over the whole time that ``step`` has been running."""
    end = now if step.status == "Running" else step.ended
    if step.started is None or end is None or end <= step.started:
        return Speed()
    seconds = end - step.started
    items = step.succeeded_items + step.failed_items
    return Speed(step.done_mini_batches / seconds, items / seconds)


class Pace:
    """Remembers the last half minute, so that a resumed run shows its present speed."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[_Sample]] = {}
        self._last: RunState | None = None
        self._moved: float | None = None

    def observe(self, state: RunState, now: float) -> None:
        """Take note of ``state``, as read at ``now`` (seconds since 1970)."""
        if state != self._last:
            self._last, self._moved = state, now
        for step in state.steps:
            samples = self._samples.setdefault(step.step_run_id, deque())
            items = step.succeeded_items + step.failed_items
            samples.append(_Sample(now, step.done_mini_batches, items))
            while len(samples) > 1 and samples[1].time <= now - _WINDOW_SECONDS:
                samples.popleft()

    def speed(self, step: StepState, now: float) -> Speed:
        """Return the recent speed of a running step, the average of any other."""
        samples = self._samples.get(step.step_run_id)
        if step.status != "Running" or not samples:
            return average_speed(step, now)
        first, last = samples[0], samples[-1]
        seconds = last.time - first.time
        if seconds < _ENOUGH_SECONDS:
            return average_speed(step, now)
        return Speed(
            max(last.mini_batches - first.mini_batches, 0) / seconds,
            max(last.items - first.items, 0) / seconds,
        )

    def idle_seconds(self, now: float) -> float:
        """Return for how long no number of the run has changed."""
        return 0.0 if self._moved is None else max(now - self._moved, 0.0)
