"""Schedules in version 1's YAML."""

from __future__ import annotations

import pytest

from azml_pipelines import Schedule, ScheduleRecurrence

TEXT = """
Schedule:
  description: every Friday
  recurrence:
    frequency: Week
    interval: 1
    start_time: '2019-06-07T10:50:00'
    time_zone: UTC
    hours: [1]
    minutes: [0]
    week_days: [Friday]
    time_of_day: ~
  pipeline_parameters: {a: 1}
  wait_timeout: 3600
  datastore_name: ~
"""


def test_a_file_gives_the_arguments_of_create(workspace, tmp_path):
    """Keys without a value are left out."""
    file = tmp_path / "schedule.yml"
    file.write_text(TEXT)

    assert {
        "description": "every Friday",
        "recurrence": ScheduleRecurrence(
            "Week", 1, "2019-06-07T10:50", "UTC", [1], [0], ["Friday"]
        ),
        "pipeline_parameters": {"a": 1},
        "wait_timeout": 3600,
    } == Schedule.load_yaml(workspace, file)


def test_a_datastore_is_found_by_its_name(workspace, tmp_path):
    """In the workspace."""
    file = tmp_path / "schedule.yml"
    file.write_text("Schedule: {datastore_name: workspaceblobstore}")

    found = Schedule.load_yaml(workspace, str(file))

    assert "workspaceblobstore" == found["datastore"].name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pipeline: {}", "no key 'Schedule'"),
        ("Schedule: {recurence: {}}", "Did you mean 'recurrence'?"),
        ("Schedule: {recurrence: daily}", "recurrence is 'daily'"),
        ("Schedule: {recurrence: {every: 1}}", "no key 'every'"),
    ],
)
def test_what_is_not_known_is_refused(workspace, tmp_path, text, said):
    """With the file and what is accepted."""
    file = tmp_path / "schedule.yml"
    file.write_text(text)

    with pytest.raises(ValueError, match=r"schedule\.yml") as caught:
        Schedule.load_yaml(workspace, file)

    assert said in str(caught.value)
