"""Schedules of version 2."""

from __future__ import annotations

import pytest

from azml_pipelines import PublishedPipeline
from azml_pipelines.azure_v2.schedule_document import ScheduledTimes, load_schedule
from azml_pipelines.cli.document_schedule import schedule_of_document
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.errors import BadDocumentError

JOB = "jobs: {say: {type: command, command: echo, compute: local}}\n"
RECURRENCE = "{type: recurrence, frequency: day, interval: 2}"


@pytest.fixture
def schedule_of(workspace, write):
    """Read a schedule with this trigger and job."""

    def read(trigger=RECURRENCE, job="./job.yml"):
        write("job.yml", JOB)
        text = f"name: nightly\ntrigger: {trigger}\ncreate_job: {job}\n"
        return load_schedule(workspace, write("schedule.yml", text))

    return read


@pytest.mark.parametrize(
    ("trigger", "times"),
    [
        (RECURRENCE, ScheduledTimes(frequency="Day", interval=2)),
        (
            "{type: cron, expression: '0 2 * * 1', time_zone: UTC}",
            ScheduledTimes(cron="0 2 * * 1"),
        ),
        (
            (
                "{type: recurrence, frequency: week, interval: 1, timezone: UTC,"
                " pattern: {hours: [1, 2], minutes: 3, week_days: monday}}"
            ),
            ScheduledTimes(
                frequency="Week", hours=(1, 2), minutes=(3,), week_days=("Monday",)
            ),
        ),
        (
            (
                "{type: recurrence, frequency: month, interval: 1,"
                " schedule: {hours: 4, minutes: [0, 30], month_days: [1, 15]}}"
            ),
            ScheduledTimes(cron="0,30 4 1,15 * *"),
        ),
        (
            (
                "{type: recurrence, frequency: hour, interval: 6, start_time:"
                " '2026-01-01T00:00:00', end_time: '2027-01-01T00:00:00'}"
            ),
            ScheduledTimes(
                frequency="Hour",
                interval=6,
                start_time="2026-01-01T00:00:00",
                end_time="2027-01-01T00:00:00",
            ),
        ),
    ],
)
def test_when_it_fires(schedule_of, trigger, times):
    """Both names of keys on which Azure's pages differ are read."""
    assert schedule_of(trigger).times == times


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        ("{type: moon}", "give cron or recurrence"),
        ("{type: cron}", "expression: is missing"),
        ("{type: recurrence, interval: 1}", "give one of minute"),
        ("{type: recurrence, frequency: day}", "interval: is missing"),
        ("{type: recurrence, frequency: day, interval: 0}", "greater than or equal"),
        (
            (
                "{type: recurrence, frequency: day, interval: 1,"
                " schedule: {hours: 99, minutes: 0}}"
            ),
            "hours: has 99; give whole numbers from 0 to 23",
        ),
        (
            (
                "{type: recurrence, frequency: month, interval: 2,"
                " schedule: {hours: 1, minutes: 0, month_days: 1}}"
            ),
            "every month",
        ),
        ("{type: recurrence, frequency: day, interval: 1, hourz: 3}", "unknown key"),
        (
            "{type: cron, expression: '0 2 * * 1', interval: 2}",
            "interval: belongs to the type recurrence",
        ),
        (
            "{type: recurrence, frequency: day, interval: 1, expression: '0 2 * * 1'}",
            "expression: belongs to the type cron",
        ),
        (
            "{type: cron, expression: '0 2 * * 1', time_zone: UTC, timezone: UTC}",
            "timezone: is another name of time_zone",
        ),
    ],
)
def test_triggers_that_cannot_be(schedule_of, trigger, problem):
    """Azure's client lets most of them load."""
    with pytest.raises(BadDocumentError, match=problem):
        schedule_of(trigger)


def test_a_schedule_may_change_its_job(schedule_of):
    """The experiment, the settings, the inputs."""
    job = "{job: ./job.yml, experiment_name: nights, settings: {force_rerun: true}}"
    found = schedule_of(job=job).job

    assert (found.experiment, found.force_rerun) == ("nights", True)


def test_paths_of_a_schedule_start_at_its_folder(workspace, write, tmp_path):
    """The job may lie elsewhere, with data of the same name beside it."""
    write("jobs/texts/0.txt", "the job's")
    write("texts/0.txt", "the schedule's")
    job = "{job: ./jobs/job.yml, inputs: {texts: {path: ./texts}}}"
    file = write(
        "schedule.yml",
        f"name: nightly\ntrigger: {RECURRENCE}\ncreate_job: {job}\n",
    )
    write(
        "jobs/job.yml",
        "jobs:\n  say:\n    type: command\n    command: cat ${{inputs.texts}}/0.txt\n"
        "    compute: local\n    inputs: {texts: '${{parent.inputs.texts}}'}\n"
        "inputs: {texts: {path: ./texts}}\n",
    )
    [step] = load_schedule(workspace, file).job.pipeline.graph.in_order()

    [source] = step.inputs[0].dataset.definition.sources
    assert (source.url, source.path) == (folder_url(str(tmp_path)), "texts")


def test_tags_of_the_job_are_not_lost_without_a_word(schedule_of):
    """Runs of a schedule have none."""
    with pytest.warns(UserWarning, match="create_job: display_name of the job have no"):
        schedule_of(job="{job: ./job.yml, display_name: Night}")


def test_a_forced_job_reuses_nothing(workspace, schedule_of, tmp_path):
    """Each of its runs runs everything again."""
    schedule_of(job="{job: ./job.yml, settings: {force_rerun: true}}")
    made = schedule_of_document(workspace, tmp_path / "schedule.yml")

    published = PublishedPipeline.get(workspace, made.pipeline_id)
    [step] = published.definition().steps
    assert not step.allow_reuse


def test_a_job_of_azure_is_refused(schedule_of):
    """A file has to be named."""
    with pytest.raises(BadDocumentError, match="name the file of a pipeline job"):
        schedule_of(job="azureml:old_job")
