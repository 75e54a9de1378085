"""Cron expressions of five fields, evaluated by cronsim, with Debian's rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from azml_pipelines.errors import ScheduleValueError
from azml_pipelines.schedule.wall_time import moment_of, wall_clock
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

__all__ = ["check_cron", "cron_slots"]

_FIELDS = 5
_ANY_MOMENT = datetime(2000, 1, 1)  # noqa: DTZ001 - cronsim takes times of a wall
_REPEAT = timedelta(hours=3)
"""No zone shows more than this twice."""
_SHORTCUTS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def check_cron(expression: str) -> str:
    """Return an expression with its shortcut, such as ``@daily``, spelled out.

    Raises:
        ScheduleValueError: It is none, or names a day that no year has.
    """
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only cron needs it

    whole = _SHORTCUTS.get(expression.strip().lower(), expression)
    said = "it has not five fields"
    if len(whole.split()) == _FIELDS:
        try:
            CronSim(whole, _ANY_MOMENT)
        except CronSimError as error:
            said = str(error).lower()
        else:
            return " ".join(whole.split())
    msg = (
        f"cron={shown(expression, 60)} is no cron expression ({said}); give five "
        "fields: minute (0-59), hour (0-23), day of the month (1-31), month "
        "(1-12 or JAN-DEC) and day of the week (0-7 or SUN-SAT), such as "
        "'30 2 * * MON-FRI'."
    )
    raise ScheduleValueError(msg)


def cron_slots(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the moments of an expression, in UTC, strictly after ``after``.

    Where minute or hour begins with ``*``, time is counted as it passes: an hour that
    clocks show twice fires twice, one that they skip does not. All others fire once:
    a skipped time at the first moment after the gap, a repeated one the first time.

    Args:
        expression: As ``check_cron`` returns it.
        zone: Whose clocks are meant.
        after: In UTC.
    """
    from cronsim import CronSim  # noqa: PLC0415 - only cron needs it

    # cronsim gets times of the wall alone: with a zone, it loses an hour on days whose
    # midnight clocks skip.
    start = wall_clock(after, zone)
    if any(part.startswith("*") for part in expression.split()[:2]):
        if _offset(after - _REPEAT, zone) != _offset(after + _REPEAT, zone):
            start -= _REPEAT
        moments = _as_time_passes(CronSim(expression, start), zone)
    else:
        moments = (moment_of(wall, zone) for wall in CronSim(expression, start))
    last = after
    for moment in moments:
        if moment > last:
            yield moment
            last = moment


def _as_time_passes(walls: Iterable[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """Yield every moment at which a clock shows one of ``walls``; they ascend."""
    second: list[datetime] = []
    for wall in walls:
        early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        if late < early:
            continue  # no clock ever shows it
        if late == early:
            yield from second
            second.clear()
        else:
            second.append(late)
        yield early


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
