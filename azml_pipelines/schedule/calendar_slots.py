"""The moments of a recurrence: every so many minutes, hours, days, weeks or months."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import TYPE_CHECKING, Literal

from azml_pipelines.schedule.wall_time import moment_of, wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

__all__ = ["WEEK_DAYS", "Frequency", "dated_slots", "even_slots"]

Frequency = Literal["Minute", "Hour", "Day", "Week", "Month"]
WEEK_DAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_DAY = timedelta(days=1)
_MONTHS = 12


def even_slots(start: datetime, step: timedelta, after: datetime) -> Iterator[datetime]:
    """Yield ``start`` and every ``step`` after it, strictly after ``after``; in UTC.

    The step is time as it passes: what clocks on the wall do has no effect.
    """
    first = 0 if after < start else (after - start) // step + 1
    for number in count(first):
        try:
            yield start + number * step
        except OverflowError:
            return


def dated_slots(
    days: Iterator[date], times: Sequence[time], zone: ZoneInfo, after: datetime
) -> Iterator[datetime]:
    """Yield every time of every day as moments in UTC, strictly after ``after``.

    Times that clocks skip on a day and those that follow the gap may mean the same
    moment; it comes once.

    Args:
        days: Ascending, from a day not after ``after`` on.
        times: Ascending.
        zone: Whose clocks are meant.
        after: In UTC.
    """
    last = after
    for day in days:
        for one in times:
            moment = moment_of(datetime.combine(day, one), zone)
            if moment > last:
                yield moment
                last = moment


def days_of(
    frequency: Frequency, interval: int, start: date, on: Sequence[int], since: date
) -> Iterator[date]:
    """Yield the days of a recurrence, ascending, from about ``since`` on.

    Args:
        frequency: Day, Week or Month.
        interval: Every so many of them, counted from the one that holds ``start``.
        start: The first day there may be.
        on: For weeks: the days, 0 for Monday. For months nothing: they have the day of
            ``start``, or their last one where they are shorter.
        since: Days before it may be left out.
    """
    for day in _all_days(frequency, interval, start, on, max(since - _DAY, start)):
        if day >= start:
            yield day


def _all_days(
    frequency: Frequency, interval: int, start: date, on: Sequence[int], since: date
) -> Iterator[date]:
    if frequency == "Month":
        months = (since.year - start.year) * _MONTHS + since.month - start.month
        for number in count(max(months // interval, 0) * interval, interval):
            year, month = divmod(start.month - 1 + number, _MONTHS)
            if start.year + year > date.max.year:
                return
            last = monthrange(start.year + year, month + 1)[1]
            yield date(start.year + year, month + 1, min(start.day, last))
    monday = start - start.weekday() * _DAY if frequency == "Week" else start
    length = (7 if frequency == "Week" else 1) * interval * _DAY
    for number in count((since - monday) // length):
        try:
            first = monday + number * length
            yield from [first + day * _DAY for day in on] if on else [first]
        except OverflowError:
            return


def start_on_the_wall(start: datetime, zone: ZoneInfo) -> datetime:
    """Return ``start``, a moment in UTC, as clocks in ``zone`` show it."""
    return wall_clock(start.astimezone(UTC), zone)
