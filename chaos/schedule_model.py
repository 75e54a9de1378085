"""When a schedule should fire, minute by minute: another way to the same answer.

Nothing is shared with the package but the words: every minute of 400 days is looked at,
with the offsets that the zone has then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Cron", "Recurrence", "predict"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 1440
_BEFORE = 3 * _DAY
"""Minutes looked at before the first, so that what the wall showed is known."""
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@dataclass(frozen=True)
class Recurrence:
    """What was asked for, in whole minutes."""

    frequency: str
    interval: int
    start: datetime
    zone: str
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    week_days: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cron:
    """An expression and its zone."""

    expression: str
    zone: str


def predict(asked: Recurrence | Cron, first: datetime, days: int) -> list[datetime]:
    """Return every moment after ``first`` and within ``days`` at which it must fire."""
    start = _minute(first)
    moments = np.arange(start - _BEFORE, start + days * _DAY + 1)
    wall = moments + _offsets(asked.zone, int(moments[0]), len(moments))
    if isinstance(asked, Recurrence) and asked.frequency in {"Minute", "Hour"}:
        step = asked.interval * (60 if asked.frequency == "Hour" else 1)
        since = moments - _minute(asked.start)
        fires = (since >= 0) & (since % step == 0)
    elif isinstance(asked, Cron) and _passes(asked.expression):
        fires = _cron_matches(asked.expression, wall)
    else:
        fires = _by_the_clock(asked, wall)
        if isinstance(asked, Recurrence):
            fires &= moments >= _minute(asked.start)
    fires &= moments > start
    return [_EPOCH + timedelta(minutes=int(one)) for one in moments[fires]]


def _by_the_clock(
    asked: Recurrence | Cron, wall: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell for every minute whether the wall shows, for the first time, one that counts.

    What the wall jumps over counts at the minute of the jump.
    """
    seen = np.maximum.accumulate(wall)
    shown = np.arange(seen[0], seen[-1] + 1)
    if isinstance(asked, Cron):
        wanted = _cron_matches(asked.expression, shown)
    else:
        wanted = _recurrence_matches(asked, shown)
    upto = np.concatenate([[0], np.cumsum(wanted)])
    total = upto[seen - seen[0] + 1]
    return np.diff(total, prepend=0) > 0


def _recurrence_matches(
    asked: Recurrence, shown: NDArray[np.int64]
) -> NDArray[np.bool_]:
    start = asked.start.astimezone(ZoneInfo(asked.zone))
    day, minute = np.divmod(shown, _DAY)
    own = not asked.hours and not asked.minutes
    hours = asked.hours or (start.hour,)
    minutes = asked.minutes or ((start.minute,) if own else (0,))
    fits = np.isin(minute // 60, hours) & np.isin(minute % 60, minutes)
    first = start.date().toordinal() - date(1970, 1, 1).toordinal()
    fits &= day >= first
    if asked.frequency == "Day":
        return fits & ((day - first) % asked.interval == 0)
    weekday = (day + 3) % 7
    if asked.frequency == "Week":
        week = (day + 3) // 7 - (first + 3) // 7
        on = asked.week_days or (start.weekday(),)
        return fits & np.isin(weekday, on) & (week % asked.interval == 0)
    year, month, of_month, length = _dates(day)
    months = (year - start.year) * 12 + month - start.month
    return (
        fits
        & (months % asked.interval == 0)
        & (of_month == np.minimum(start.day, length))
    )


def _passes(expression: str) -> bool:
    return any(field.startswith("*") for field in expression.split()[:2])


def _cron_matches(expression: str, shown: NDArray[np.int64]) -> NDArray[np.bool_]:
    parts = expression.split()
    fields = [_numbers(part, *ends) for part, ends in zip(parts, _FIELDS, strict=True)]
    day, minute = np.divmod(shown, _DAY)
    _, month, of_month, _ = _dates(day)
    in_month = np.isin(of_month, fields[2])
    in_week = np.isin((day + 4) % 7, [number % 7 for number in fields[4]])
    both = parts[2].startswith("*") or parts[4].startswith("*")
    fits: NDArray[np.bool_] = (
        np.isin(minute % 60, fields[0])
        & np.isin(minute // 60, fields[1])
        & np.isin(month, fields[3])
        & ((in_month & in_week) if both else (in_month | in_week))
    )
    return fits


def _numbers(part: str, low: int, high: int) -> list[int]:
    found: set[int] = set()
    for one in part.split(","):
        what, _, step = one.partition("/")
        first, _, last = what.partition("-")
        if what == "*":
            begin, end = low, high
        else:
            begin = int(first)
            end = int(last) if last else high if step else begin
        found |= set(range(begin, end + 1, int(step or 1)))
    return sorted(found)


def _dates(days: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Return year, month, day of the month, and how long the month is."""
    day = days.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    number = month.astype(np.int64)
    of_month = (day - month).astype(np.int64) + 1
    length = (
        (month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")
    ).astype(np.int64)
    return number // 12 + 1970, number % 12 + 1, of_month, length


@lru_cache(maxsize=8)
def _changes(zone: str, first: int, count: int) -> Sequence[tuple[int, int]]:
    """Return from which minute on clocks are how many minutes ahead."""
    found: list[tuple[int, int]] = []
    place = ZoneInfo(zone)

    def offset(minute: int) -> int:
        moment = (_EPOCH + timedelta(minutes=minute)).astimezone(place)
        ahead = moment.utcoffset()
        return int(ahead.total_seconds()) // 60 if ahead else 0

    found.append((first, offset(first)))
    # No zone changes twice within a day.
    for day in range(first, first + count, _DAY):
        last = min(day + _DAY, first + count - 1)
        if offset(last) != found[-1][1]:
            low, high = day, last
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (middle, high) if offset(middle) == found[-1][1] else (low, middle)
                )
            found.append((high, offset(high)))
    return found


def _offsets(zone: str, first: int, count: int) -> NDArray[np.int64]:
    found = np.empty(count, dtype=np.int64)
    for minute, offset in _changes(zone, first, count):
        found[minute - first :] = offset
    return found


def _minute(moment: datetime) -> int:
    return int((moment.astimezone(UTC) - _EPOCH).total_seconds()) // 60
