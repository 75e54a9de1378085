"""``ScheduleRecurrence``: version 1's way to say when a schedule fires."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn, cast

from azml_pipelines.errors import ScheduleValueError
from azml_pipelines.schedule.calendar_slots import WEEK_DAYS, Frequency
from azml_pipelines.schedule.definition import RecurrenceTrigger
from azml_pipelines.schedule.wall_time import moment_of, zone_called
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.schedule.time_zone import TimeZone

__all__ = ["ScheduleRecurrence", "as_moment"]

_FREQUENCIES = ("Minute", "Hour", "Day", "Week", "Month")
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_LAST_HOUR, _LAST_MINUTE = 23, 59


class ScheduleRecurrence:
    """Every so many minutes, hours, days, weeks or months.

    Days, weeks and months are counted on the calendar of ``time_zone``: 08:00 stays
    08:00 when clocks change. A time that clocks skip fires at the first moment after
    the gap, one that they show twice fires the first time. Minutes and hours are
    counted as time passes. A month that is too short fires on its last day.

    Args:
        frequency: Minute, Hour, Day, Week or Month.
        interval: Every so many of them, at least 1.
        start_time: Without a zone, as ``datetime`` or ISO text (``2026-11-26T08:00``);
            nothing fires before. Default: when the schedule is made, which then fires
            at once unless hours, minutes, week days or a time of day are given.
        time_zone: That of ``start_time``, hours and minutes: a ``TimeZone`` or, ours,
            an IANA name. Default: UTC.
        hours: 0 to 23, with Day and Week. Default: that of ``start_time``.
        minutes: 0 to 59, with Day and Week. Default: that of ``start_time``, or 0.
        week_days: Full English names, with Week. Default: that of ``start_time``.
        time_of_day: ``h:mm`` or ``hh:mm`` in place of hours and minutes.

    Raises:
        ScheduleValueError: ``start_time`` has a zone or is no time, or ``time_of_day``
            is none, or stands beside hours or minutes. All else is checked by
            ``validate``, which ``Schedule.create`` calls. It is a ``ValueError`` too.
    """

    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        frequency: str,
        interval: int,
        start_time: datetime | str | None = None,
        time_zone: TimeZone | str | None = None,
        hours: Sequence[int] | None = None,
        minutes: Sequence[int] | None = None,
        week_days: Sequence[str] | None = None,
        time_of_day: str | None = None,
    ) -> None:
        self.frequency = frequency
        self.interval = interval
        self.start_time = None if start_time is None else _naive(start_time)
        self.time_zone = time_zone
        self.hours = hours
        self.minutes = minutes
        self.week_days = week_days
        self.time_of_day = time_of_day
        if time_of_day is not None:
            self.hours, self.minutes = _of_day(time_of_day, hours, minutes)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._given().items())
        return f"ScheduleRecurrence({given})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScheduleRecurrence) and self._given() == other._given()

    def __hash__(self) -> int:
        return hash((self.frequency, self.interval, self.start_time))

    def validate(self) -> None:
        """Check everything.

        Raises:
            ScheduleValueError: A value is none of those that are accepted.
        """
        if self.frequency not in _FREQUENCIES:
            _refuse("frequency", self.frequency, f"one of {', '.join(_FREQUENCIES)}")
        if type(self.interval) is not int or self.interval < 1:
            _refuse("interval", self.interval, "a whole number, at least 1")
        calendar = self.frequency in {"Day", "Week"}
        for name, last in (("hours", _LAST_HOUR), ("minutes", _LAST_MINUTE)):
            _check_numbers(name, getattr(self, name), last, allowed=calendar)
        if self.week_days is not None:
            if self.frequency != "Week":
                _refuse("week_days", self.week_days, "for the frequency Week only")
            names = _several("week_days", self.week_days)
            if not names or any(name not in WEEK_DAYS for name in names):
                _refuse("week_days", self.week_days, f"a list of {listed(WEEK_DAYS)}")
        if self.time_zone is not None:
            zone_called(_zone_name(self.time_zone))

    def trigger(self, now: datetime, end: datetime | None = None) -> RecurrenceTrigger:
        """Return it with every default filled in (ours).

        Args:
            now: When the schedule is made: the default of ``start_time``.
            end: The last moment at which it may fire.

        Raises:
            ScheduleValueError: See ``validate``.
        """
        self.validate()
        zone = zone_called(_zone_name(self.time_zone or "UTC"))
        start = now.astimezone(UTC).replace(microsecond=0)
        if self.start_time is not None:
            start = moment_of(self.start_time, zone)
        return RecurrenceTrigger(
            frequency=cast("Frequency", self.frequency),
            interval=self.interval,
            start=start,
            time_zone=zone.key,
            times=self._times(start.astimezone(zone)),
            week_days=tuple(
                sorted({WEEK_DAYS.index(day) for day in self.week_days or ()})
            ),
            end=end,
        )

    @staticmethod
    def of_trigger(trigger: RecurrenceTrigger) -> ScheduleRecurrence:
        """Return the recurrence that a stored schedule has (ours)."""
        zone = zone_called(trigger.time_zone)
        wall = trigger.start.astimezone(zone).replace(tzinfo=None)
        return ScheduleRecurrence(
            trigger.frequency,
            trigger.interval,
            wall,
            trigger.time_zone,
            sorted({one.hour for one in trigger.times}) or None,
            sorted({one.minute for one in trigger.times}) or None,
            [WEEK_DAYS[day] for day in trigger.week_days] or None,
        )

    def _times(self, start: datetime) -> tuple[time, ...]:
        if self.hours is None and self.minutes is None:
            return ()
        hours = [start.hour] if self.hours is None else self.hours
        minutes = self.minutes
        if minutes is None:
            minutes = [0 if self.start_time is None else start.minute]
        return tuple(
            time(hour, minute)
            for hour in sorted(set(hours))
            for minute in sorted(set(minutes))
        )

    def _given(self) -> dict[str, Any]:
        zone = self.time_zone
        facts = {
            "frequency": self.frequency,
            "interval": self.interval,
            "start_time": self.start_time,
            "time_zone": None if zone is None else _zone_name(zone),
            "hours": self.hours,
            "minutes": self.minutes,
            "week_days": self.week_days,
        }
        return {name: value for name, value in facts.items() if value is not None}


def as_moment(name: str, value: datetime | str | None) -> datetime | None:
    """Return a moment in UTC; one without a zone is meant in UTC.

    Raises:
        ScheduleValueError: It is no time.
    """
    if value is None:
        return None
    moment = _parsed(name, value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _naive(value: datetime | str) -> datetime:
    moment = _parsed("start_time", value)
    if moment.tzinfo is not None:
        _refuse("start_time", value, "a time without a zone; give time_zone besides")
    return moment


def _parsed(name: str, value: datetime | str) -> datetime:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    if not isinstance(value, datetime):
        _refuse(name, value, "a datetime or ISO text, such as '2026-11-26T08:00:00'")
    return value


def _of_day(text: str, hours: object, minutes: object) -> tuple[list[int], list[int]]:
    if hours is not None or minutes is not None:
        _refuse("time_of_day", text, "left out where hours or minutes are given")
    found = _TIME_OF_DAY.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        _refuse("time_of_day", text, "'h:mm' or 'hh:mm', from 0:00 to 23:59")
    return [int(found[1])], [int(found[2])]


def _zone_name(zone: TimeZone | str) -> str:
    if isinstance(zone, Enum):
        return str(zone.value)
    if not isinstance(zone, str):
        _refuse("time_zone", zone, "a TimeZone or an IANA name, like 'Europe/Berlin'")
    return zone


def _check_numbers(name: str, value: object, last: int, *, allowed: bool) -> None:
    if value is None:
        return
    if not allowed:
        _refuse(name, value, "for the frequencies Day and Week only")
    numbers = _several(name, value)
    if not numbers or any(
        type(number) is not int or not 0 <= number <= last for number in numbers
    ):
        _refuse(name, value, f"a list of whole numbers, 0 to {last}")


def _several(name: str, value: object) -> list[Any]:
    if not isinstance(value, (list, tuple, set, frozenset, range)):
        _refuse(name, value, "a list")
    return list(value)


def _refuse(name: str, value: object, accepted: str) -> NoReturn:
    msg = f"{name}={shown(value)} is not accepted; it is {accepted}."
    raise ScheduleValueError(msg)
