"""A schedule's definition with some of it changed, as ``Schedule.update`` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import ScheduleValueError
from azml_pipelines.schedule.declaration import Asked, check_runs, trigger_of
from azml_pipelines.schedule.definition import (
    CronTrigger,
    DataTrigger,
    RecurrenceTrigger,
)
from azml_pipelines.schedule.recurrence import ScheduleRecurrence
from azml_pipelines.schedule.scheduler import utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.schedule.declaration import Extensions
    from azml_pipelines.schedule.definition import ScheduleDefinition

__all__ = ["changed_definition"]

_OF_DATA = ("polling_interval", "data_path_parameter_name", "path_on_datastore")
_OF_TIME = ("cron", "time_zone", "start_time", "end_time")


def changed_definition(
    workspace: Workspace,
    old: ScheduleDefinition,
    given: Mapping[str, Any],
    ours: Extensions,
) -> ScheduleDefinition:
    """Return ``old`` with what is given in its place.

    Args:
        given: Version 1's arguments about the trigger; None leaves it as it is.
        ours: Our keywords that are given.

    Raises:
        ScheduleValueError: A value is not accepted, or belongs to another trigger.
    """
    update: dict[str, Any] = {
        name: ours[name]
        for name in ("catchup", "max_concurrent_runs", "on_overlap")
        if name in ours
    }
    check_runs(
        update.get("max_concurrent_runs", old.max_concurrent_runs),
        update.get("on_overlap", old.on_overlap),
    )
    wanted = {name: value for name, value in given.items() if value is not None}
    if wanted or any(name in ours for name in _OF_TIME):
        asked = _asked(workspace, old, wanted, ours)
        update["trigger"] = trigger_of(asked, utc_now())
    return old.model_copy(update=update)


def _asked(
    workspace: Workspace,
    old: ScheduleDefinition,
    wanted: dict[str, Any],
    ours: Extensions,
) -> Asked:
    """Return what is asked for now: what was asked before, but for what is given."""
    trigger = old.trigger
    times: Extensions = {"end_time": trigger.end, **ours}
    if "recurrence" in wanted or "datastore" in wanted or "cron" in ours:
        return Asked(**wanted, more=times)
    if not isinstance(trigger, DataTrigger) and any(
        name in wanted for name in _OF_DATA
    ):
        msg = f"{', '.join(wanted)}: the schedule has no datastore; give datastore=…."
        raise ScheduleValueError(msg)
    match trigger:
        case DataTrigger():
            same = {
                "datastore": workspace.get_datastore(trigger.datastore),
                "polling_interval": trigger.polling_minutes,
                "data_path_parameter_name": trigger.parameter,
                "path_on_datastore": trigger.path or None,
            }
            return Asked(
                **{**same, **wanted}, more={"start_time": trigger.start, **times}
            )
        case CronTrigger():
            before: Extensions = {
                "cron": trigger.expression,
                "time_zone": trigger.time_zone,
                "start_time": trigger.start,
            }
            return Asked(**wanted, more={**before, **times})
        case RecurrenceTrigger():
            return Asked(ScheduleRecurrence.of_trigger(trigger), more=times)
