"""A schedule of version 2 made one of ours: its job is published, its times are set."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from azml_pipelines.azure_v2.schedule_document import load_schedule
from azml_pipelines.errors import ScheduleValueError
from azml_pipelines.schedule.recurrence import ScheduleRecurrence
from azml_pipelines.schedule.schedule import Schedule
from azml_pipelines.schedule.wall_time import moment_of, zone_called
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.azure_v2.schedule_document import ScheduledTimes
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.schedule.declaration import Extensions

__all__ = ["schedule_of_document"]


def schedule_of_document(workspace: Workspace, file: Path) -> Schedule:
    """Make the schedule in a document, with its job as it is now.

    Raises:
        BadDocumentError: Something in it is not accepted.
        ScheduleValueError: It never fires.
    """
    found = load_schedule(workspace, file)
    times, job = found.times, found.job
    more: Extensions = {"end_time": _moment("end_time", times.end_time, times)}
    recurrence = None
    if times.cron is None:
        recurrence = _recurrence(times)
        recurrence.validate()
    else:
        more["cron"], more["time_zone"] = times.cron, times.time_zone
        more["start_time"] = _moment("start_time", times.start_time, times)
    if job.force_rerun:  # as of each run: a schedule cannot say it of its runs
        for step in job.pipeline.graph.in_order():
            step.allow_reuse = False
    published = job.pipeline.publish(
        found.name,
        found.description,
        continue_on_step_failure=job.continue_on_step_failure,
    )
    return Schedule.create(
        workspace,
        found.name,
        published.id,
        job.experiment,
        recurrence=recurrence,
        description=found.description,
        continue_on_step_failure=job.continue_on_step_failure,
        **more,
    )


def _recurrence(times: ScheduledTimes) -> ScheduleRecurrence:
    return ScheduleRecurrence(
        cast("str", times.frequency),
        times.interval,
        start_time=times.start_time,
        time_zone=times.time_zone,
        hours=times.hours,
        minutes=times.minutes,
        week_days=times.week_days,
    )


def _moment(name: str, text: str | None, times: ScheduledTimes) -> datetime | None:
    """Return when clocks of the schedule's zone show a time."""
    if text is None:
        return None
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{name}={shown(text)} is no time; write 2026-11-26T08:00:00."
        raise ScheduleValueError(msg) from error
    if wall.tzinfo is not None:
        return wall
    return moment_of(wall, zone_called(times.time_zone))
