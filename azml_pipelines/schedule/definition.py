"""A schedule as it is stored: what fires it, what is submitted then, and with what."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.schedule.calendar_slots import (
    Frequency,
    dated_slots,
    days_of,
    even_slots,
)
from azml_pipelines.schedule.cron import cron_slots
from azml_pipelines.schedule.wall_time import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CronTrigger",
    "DataTrigger",
    "OnOverlap",
    "RecurrenceTrigger",
    "ScheduleDefinition",
    "ScheduledValue",
    "TimeTrigger",
    "slots_after",
]

OnOverlap = Literal["skip", "queue"]
ScheduledValue: TypeAlias = bool | int | float | str | DatasetDefinition | DataSource
_UNIT = {"Minute": timedelta(minutes=1), "Hour": timedelta(hours=1)}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class RecurrenceTrigger(_Frozen):
    """Every so many minutes, hours, days, weeks or months."""

    kind: Literal["recurrence"] = "recurrence"
    frequency: Frequency
    interval: int
    start: AwareDatetime
    """Nothing fires before; intervals count from here."""
    time_zone: str = "UTC"
    """IANA name."""
    times: tuple[time, ...] = ()
    """Of days and weeks, ascending; empty means the time of ``start``."""
    week_days: tuple[int, ...] = ()
    """Of weeks, ascending, 0 for Monday; empty means the day of ``start``."""
    end: AwareDatetime | None = None


class CronTrigger(_Frozen):
    """A cron expression of five fields."""

    kind: Literal["cron"] = "cron"
    expression: str
    time_zone: str = "UTC"
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class DataTrigger(_Frozen):
    """New and changed files below a place on a datastore."""

    kind: Literal["data"] = "data"
    datastore: str
    path: str = ""
    """A folder, a file or a pattern; empty means the whole datastore."""
    polling_minutes: float
    parameter: str | None = None
    """The parameter that gets the files: a DataPath or a dataset."""
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


TimeTrigger: TypeAlias = RecurrenceTrigger | CronTrigger


class ScheduleDefinition(_Frozen):
    """All that is decided when a schedule is made or updated."""

    trigger: Annotated[
        RecurrenceTrigger | CronTrigger | DataTrigger, Field(discriminator="kind")
    ]
    experiment: str
    pipeline_id: str | None = None
    pipeline_endpoint_id: str | None = None
    description: str | None = None
    parameters: dict[str, ScheduledValue] = Field(default_factory=dict)
    """Text given for a dataset stands for a registered one, found at each firing."""
    continue_on_step_failure: bool | None = None
    max_concurrent_runs: int | None = None
    on_overlap: OnOverlap = "skip"
    catchup: bool = False


def slots_after(trigger: TimeTrigger, after: datetime) -> Iterator[datetime]:
    """Yield the moments at which a trigger fires, in UTC and ascending.

    Args:
        trigger: Of time.
        after: In UTC; only later moments are yielded.
    """
    if trigger.start is not None:
        after = max(after, trigger.start.astimezone(UTC) - timedelta(microseconds=1))
    found = _slots(trigger, after)
    if trigger.end is None:
        return found
    end = trigger.end
    return takewhile(lambda moment: moment <= end, found)


def _slots(trigger: TimeTrigger, after: datetime) -> Iterator[datetime]:
    zone = _zone(trigger.time_zone)
    if isinstance(trigger, CronTrigger):
        return cron_slots(trigger.expression, zone, after)
    start = trigger.start.astimezone(UTC)
    if step := _UNIT.get(trigger.frequency):
        return even_slots(start, trigger.interval * step, after)
    wall = wall_clock(start, zone)
    on = trigger.week_days
    if trigger.frequency == "Week" and not on:
        on = (wall.weekday(),)
    days = days_of(
        trigger.frequency,
        trigger.interval,
        wall.date(),
        on,
        since=wall_clock(after, zone).date(),
    )
    return dated_slots(days, trigger.times or (wall.time(),), zone, after)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
