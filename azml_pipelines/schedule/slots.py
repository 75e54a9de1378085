"""Which firings are due: the arithmetic of schedules. No I/O, no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from azml_pipelines.schedule.definition import slots_after

if TYPE_CHECKING:
    from datetime import datetime

    from azml_pipelines.schedule.definition import TimeTrigger

__all__ = ["CLOCK_TOLERANCE", "Due", "due"]

CLOCK_TOLERANCE = timedelta(hours=1)
"""A clock that goes back by more than this was wrong before, not set right a little."""
_MOST = 100
_WINDOWS = tuple(timedelta(hours=1) * factor for factor in (1, 24, 24 * 8, 24 * 70))


@dataclass(frozen=True)
class Due:
    """What is to be done at one moment about a schedule."""

    slots: tuple[datetime, ...]
    """Nominal times that fire now, ascending."""
    decided_until: datetime
    """Everything up to here is decided, once and for all."""
    left_out: bool = False
    """Whether earlier slots than the one that fires were missed and stay so."""


def due(
    trigger: TimeTrigger, decided_until: datetime, now: datetime, *, catchup: bool
) -> Due:
    """Return which nominal times fire at ``now``.

    A clock that goes back a little repeats nothing: what is decided stays decided until
    the clock has come there again. When it goes back by more than ``CLOCK_TOLERANCE``,
    it was wrong before, and slots count from ``now`` on again; those that have fired
    have their records and do not fire twice.

    Args:
        trigger: When it fires.
        decided_until: As the last decision returned it; in UTC.
        now: In UTC.
        catchup: Every slot since then, at most 100 at a time, instead of the latest.
    """
    if now <= decided_until:
        wrong = decided_until - now > CLOCK_TOLERANCE
        return Due((), now if wrong else decided_until)
    if catchup:
        found = takewhile(lambda slot: slot <= now, slots_after(trigger, decided_until))
        slots = tuple(islice(found, _MOST))
        return Due(slots, slots[-1] if len(slots) == _MOST else now)
    first = next(slots_after(trigger, decided_until), None)
    if first is None or first > now:
        return Due((), now)
    latest = _latest(trigger, first, now)
    return Due((latest,), now, left_out=latest > first)


def _latest(trigger: TimeTrigger, first: datetime, now: datetime) -> datetime:
    """Return the last slot up to ``now``, without walking through years of them."""
    for window in _WINDOWS:
        if now - window <= first:
            break
        latest = _last(trigger, now - window, now)
        if latest is not None:
            return latest
    return _last(trigger, first, now) or first


def _last(trigger: TimeTrigger, after: datetime, now: datetime) -> datetime | None:
    latest = None
    for slot in slots_after(trigger, after):
        if slot > now:
            break
        latest = slot
    return latest
