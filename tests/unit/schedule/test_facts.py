"""When a schedule fires, in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from azml_pipelines.schedule.definition import CronTrigger, DataTrigger
from azml_pipelines.schedule.facts import trigger_text
from azml_pipelines.schedule.recurrence import ScheduleRecurrence

NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("recurrence", "text"),
    [
        (ScheduleRecurrence("Hour", 1), "every hour (UTC)"),
        (ScheduleRecurrence("Minute", 15), "every 15 minutes (UTC)"),
        (
            ScheduleRecurrence(
                "Week",
                1,
                time_zone="Europe/Berlin",
                time_of_day="8:30",
                week_days=["Friday", "Monday"],
            ),
            "every week on Monday, Friday at 08:30 (Europe/Berlin)",
        ),
    ],
)
def test_recurrences(recurrence, text):
    """With days and times, where there are some."""
    assert text == trigger_text(recurrence.trigger(NOW))


def test_other_triggers():
    """Cron as it is written, and the place that is watched."""
    files = DataTrigger(datastore="lake", path="in/*.csv", polling_minutes=5)

    assert "cron 0 8 * * * (UTC)" == trigger_text(CronTrigger(expression="0 8 * * *"))
    assert "new files in lake/in/*.csv, looked for every 5 min" == trigger_text(files)
