"""From what a clock on the wall shows to the moment at which it does. Pure.

A zone's clocks skip times in spring and show others twice in autumn. A skipped time
means the first moment after the gap, a repeated one means its first occurrence; these
are the rules of Debian's cron for jobs of a fixed hour.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from azml_pipelines.errors import ScheduleValueError
from azml_pipelines.schedule.time_zone import TimeZone
from azml_pipelines.wording import shown

__all__ = ["moment_of", "wall_clock", "zone_called"]

_WINDOWS = {name: zone.iana for zone in TimeZone for name in (zone.value, zone.name)}
_SECOND = timedelta(seconds=1)


def zone_called(name: str) -> ZoneInfo:
    """Return a zone by its IANA name or by its Windows name.

    Raises:
        ScheduleValueError: There is none.
    """
    try:
        return ZoneInfo(_WINDOWS[name])
    except (KeyError, TypeError):
        pass
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        msg = (
            f"time_zone={shown(name)} is no time zone; give a TimeZone, like "
            "TimeZone.PacificStandardTime, or an IANA name, like 'Europe/Berlin'."
        )
        raise ScheduleValueError(msg) from error


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks in ``zone`` show at ``moment``, without the zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which clocks in ``zone`` show ``wall``.

    Later times on the wall never mean earlier moments; all times that a zone skips mean
    the same one.

    Args:
        wall: Without a zone.
        zone: Where the clock hangs.
    """
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_clock(moment, zone) == wall:
        return moment
    # Clocks are set forward over it: at fold=1 the later offset counts, which makes it
    # a moment before the change; at fold=0 it is one after it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = moment
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
