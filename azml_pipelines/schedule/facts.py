"""What programs are told about schedules and firings: plain values, for JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from azml_pipelines.schedule.calendar_slots import WEEK_DAYS
from azml_pipelines.schedule.definition import CronTrigger, DataTrigger
from azml_pipelines.schedule.firing import FiringDetails

if TYPE_CHECKING:
    from azml_pipelines.schedule.definition import RecurrenceTrigger
    from azml_pipelines.schedule.stored_schedule import StoredSchedule
    from azml_pipelines.store.catalog import FiringRecord

__all__ = ["facts_of", "firing_facts", "trigger_text"]


def facts_of(schedule: StoredSchedule) -> dict[str, Any]:
    """Return all that is known about a schedule, with its next times."""
    return {
        "id": schedule.id,
        "name": schedule.name,
        "status": schedule.status,
        "fires": trigger_text(schedule.definition.trigger),
        "next_times": [one.isoformat() for one in schedule.next_times()],
        **json.loads(schedule.definition.model_dump_json()),
    }


def firing_facts(firing: FiringRecord) -> dict[str, Any]:
    """Return what became of a nominal time."""
    details = FiringDetails.model_validate_json(firing.details)
    return {
        "nominal_time": firing.nominal,
        "outcome": firing.outcome,
        "run_id": firing.run_id,
        "note": firing.note,
        "files": list(details.files),
        "datasets": details.datasets,
    }


def trigger_text(trigger: RecurrenceTrigger | CronTrigger | DataTrigger) -> str:
    """Return in words when a schedule fires."""
    if isinstance(trigger, DataTrigger):
        place = f"{trigger.datastore}/{trigger.path}".rstrip("/")
        return f"new files in {place}, looked for every {trigger.polling_minutes:g} min"
    if isinstance(trigger, CronTrigger):
        return f"cron {trigger.expression} ({trigger.time_zone})"
    unit = trigger.frequency.lower()
    every = (
        f"every {trigger.interval} {unit}s" if trigger.interval > 1 else f"every {unit}"
    )
    days = ", ".join(WEEK_DAYS[day] for day in trigger.week_days)
    times = ", ".join(f"{one:%H:%M}" for one in trigger.times)
    on = f" on {days}" if days else ""
    at = f" at {times}" if times else ""
    return f"{every}{on}{at} ({trigger.time_zone})"
