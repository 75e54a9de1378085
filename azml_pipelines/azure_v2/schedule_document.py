"""Schedules of version 2: when a pipeline job runs, and which one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from azml_pipelines.azure_v2.asset import with_absolute_paths
from azml_pipelines.azure_v2.document import Document, read_document
from azml_pipelines.azure_v2.pipeline_job import PipelineJob, pipeline_job
from azml_pipelines.azure_v2.section import (
    Described,
    Refused,
    Schema,
    Section,
    Unused,
    parse,
)
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.run.workspace import Workspace

__all__ = [
    "PatternSection",
    "ScheduleDocument",
    "ScheduleSection",
    "ScheduledTimes",
    "TriggerSection",
    "load_schedule",
]

_FREQUENCIES = ("minute", "hour", "day", "week", "month")
_WEEK_DAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_LAST_HOUR, _LAST_MINUTE, _LAST_DAY = 23, 59, 31
_PORT_KEYS = ("inputs", "outputs")
_JOB_KEYS = ("inputs", "outputs", "settings")
_OF_A_RECURRENCE = ("frequency", "interval", "schedule", "pattern")
_TEXT_KEYS = ("experiment_name", "description", "display_name", "tags", "compute")


class PatternSection(Section):
    """``schedule`` of a recurrence, which the documentation calls ``pattern``."""

    hours: Any = None
    minutes: Any = None
    week_days: Any = None
    month_days: Any = None


class TriggerSection(Section):
    """``trigger`` of a schedule."""

    type: str
    frequency: str | None = None
    interval: Annotated[int, Field(ge=1)] | None = None
    schedule: Any = None
    pattern: Any = None
    expression: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    time_zone: str | None = None
    timezone: str | None = None


class ScheduleSection(Section):
    """A schedule."""

    schema_: Schema
    name: str
    display_name: Described = None
    description: Described = None
    tags: Annotated[Any, Unused("has no effect: schedules have no tags here")] = None
    properties: Annotated[
        Any, Unused("has no effect: only Azure's services read them")
    ] = None
    trigger: Any
    create_job: Any
    import_data: Annotated[
        Any, Refused("is not available: schedule a pipeline that copies the data")
    ] = None
    create_monitor: Annotated[Any, Refused("is not available")] = None


class _JobSection(Section):
    """``create_job`` that changes something of a job."""

    type: str | None = None
    job: str
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None
    experiment_name: str | None = None
    description: Described = None
    display_name: Described = None
    tags: dict[str, Any] | None = None
    compute: str | None = None
    name: Annotated[Any, Unused("has no effect: each run has its own id")] = None
    identity: Annotated[
        Any, Unused("has no effect: a run has the rights of whoever starts it")
    ] = None


@dataclass(frozen=True)
class ScheduledTimes:
    """When it fires: by a cron expression, or every so many of something."""

    cron: str | None = None
    frequency: str | None = None
    """``Minute``, ``Hour``, ``Day`` or ``Week``, or ``Month``, with ``interval``."""
    interval: int = 1
    hours: tuple[int, ...] | None = None
    minutes: tuple[int, ...] | None = None
    week_days: tuple[str, ...] | None = None
    start_time: str | None = None
    """On the clocks of the zone, without an offset."""
    end_time: str | None = None
    time_zone: str = "UTC"
    """By its Windows name, or its IANA name."""


@dataclass(frozen=True)
class ScheduleDocument:
    """A schedule and the job that it runs."""

    name: str
    description: str | None
    times: ScheduledTimes
    job: PipelineJob


def load_schedule(workspace: Workspace, file: str | Path) -> ScheduleDocument:
    """Read a schedule and the pipeline job that it names.

    Raises:
        BadYamlError: A document cannot be read.
        BadDocumentError: One line for each thing that is not accepted.
    """
    document = read_document(file)
    top = document.top
    section = parse(ScheduleSection, document.content, top)
    trigger = parse(TriggerSection, section.trigger, top / "trigger")
    times = _times(trigger, top / "trigger")
    job = pipeline_job(workspace, _job(section.create_job, top / "create_job"))
    if job.tags:
        (top / "create_job").warn(
            f"{listed(job.tags)} of the job have no effect: runs of a schedule have "
            "no tags"
        )
    text = section.description or section.display_name
    return ScheduleDocument(section.name, text, times, job)


def _job(given: object, place: Place) -> Document:
    """Return the document of the job, with what the schedule changes of it."""
    if isinstance(given, dict):
        section = parse(_JobSection, given, place)
        document = _file(section.job, place / "job")
        content = dict(document.content)
        for key in _JOB_KEYS:
            changes = getattr(section, key)
            if changes:
                if key in _PORT_KEYS:
                    changes = with_absolute_paths(changes, place.document.folder)
                content[key] = {**(content.get(key) or {}), **changes}
        for key in _TEXT_KEYS:
            if getattr(section, key) is not None:
                content[key] = getattr(section, key)
        return replace(document, content=content)
    return _file(given, place)


def _file(given: object, place: Place) -> Document:
    file = place.document.folder / str(given).removeprefix("file:")
    if str(given).startswith("azureml:") or not file.is_file():
        text = f"is {shown(given)}; name the file of a pipeline job."
        raise place.problem(text)
    return read_document(file)


def _times(trigger: TriggerSection, place: Place) -> ScheduledTimes:
    common = ScheduledTimes(
        start_time=trigger.start_time,
        end_time=trigger.end_time,
        time_zone=trigger.time_zone or trigger.timezone or "UTC",
    )
    _check_alone(trigger, place)
    if trigger.type.lower() == "cron":
        if trigger.expression is None:
            text = "is missing. Give five fields, as '30 2 * * 1-5'."
            raise (place / "expression").problem(text)
        return replace(common, cron=trigger.expression)
    if trigger.type.lower() != "recurrence":
        text = f"is {shown(trigger.type)}; give cron or recurrence."
        raise (place / "type").problem(text)
    frequency = (trigger.frequency or "").lower()
    if frequency not in _FREQUENCIES:
        text = f"is {shown(trigger.frequency)}; give one of {listed(_FREQUENCIES)}."
        raise (place / "frequency").problem(text)
    if trigger.interval is None:
        text = "is missing. Give a whole number."
        raise (place / "interval").problem(text)
    known = replace(common, frequency=frequency.capitalize(), interval=trigger.interval)
    key = "schedule" if trigger.schedule is not None else "pattern"
    given = getattr(trigger, key)
    return known if given is None else _by_pattern(known, given, place / key)


def _check_alone(trigger: TriggerSection, place: Place) -> None:
    """Refuse keys of the other type, and both names of one key."""
    cron = trigger.type.lower() == "cron"
    for key in _OF_A_RECURRENCE if cron else ("expression",):
        if getattr(trigger, key) is not None:
            text = f"belongs to the type {'recurrence' if cron else 'cron'}."
            raise (place / key).problem(text)
    for key, other in (("pattern", "schedule"), ("timezone", "time_zone")):
        if getattr(trigger, key) is not None and getattr(trigger, other) is not None:
            text = f"is another name of {other}. Leave one of them out."
            raise (place / key).problem(text)


def _by_pattern(times: ScheduledTimes, given: object, place: Place) -> ScheduledTimes:
    """Return times that are given by hours, minutes and days."""
    pattern = parse(PatternSection, given, place)
    hours = _numbers(pattern.hours, _LAST_HOUR, place / "hours")
    minutes = _numbers(pattern.minutes, _LAST_MINUTE, place / "minutes")
    if times.frequency in {"Minute", "Hour"} or not hours or not minutes:
        text = "has hours and minutes, with the frequency day, week or month."
        raise place.problem(text)
    days = _days(pattern.week_days, place / "week_days")
    if times.frequency != "Month":
        if pattern.month_days is not None:
            text = "belongs to the frequency month."
            raise (place / "month_days").problem(text)
        if days and times.frequency == "Day":
            text = "belongs to the frequency week."
            raise (place / "week_days").problem(text)
        return replace(times, hours=hours, minutes=minutes, week_days=days)
    dates = _numbers(pattern.month_days, _LAST_DAY, place / "month_days", low=1)
    if times.interval != 1 or days or not dates:
        text = "with the frequency month has month_days, every month (interval 1)."
        raise place.problem(text)
    fields = [",".join(map(str, one)) for one in (minutes, hours, dates)]
    return replace(times, cron=f"{' '.join(fields)} * *", frequency=None)


def _numbers(
    given: object, last: int, place: Place, *, low: int = 0
) -> tuple[int, ...] | None:
    if given is None:
        return None
    found = given if isinstance(given, list) else [given]
    for number in found:
        if type(number) is not int or not low <= number <= last:
            text = f"has {shown(number)}; give whole numbers from {low} to {last}."
            raise place.problem(text)
    return tuple(found)


def _days(given: object, place: Place) -> tuple[str, ...] | None:
    if given is None:
        return None
    found = [
        str(day).lower() for day in (given if isinstance(given, list) else [given])
    ]
    for day in found:
        if day not in _WEEK_DAYS:
            text = f"has {shown(day)}; give {listed(_WEEK_DAYS)}."
            raise place.problem(text)
    return tuple(day.capitalize() for day in found)
