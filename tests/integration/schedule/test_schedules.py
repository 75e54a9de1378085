"""Schedules with real runs: what fires, with which values, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from azml_pipelines import (
    Dataset,
    PipelineEndpoint,
    Schedule,
    ScheduleRecurrence,
)
from azml_pipelines.errors import (
    DeclarationError,
    ParameterError,
    UserErrorException,
)

HOURLY = ScheduleRecurrence("Hour", 1)


def outcomes(schedule):
    """Return what became of the nominal times, the oldest first."""
    return [firing.outcome for firing in reversed(schedule.history())]


def test_a_setting_that_cannot_be_is_refused_at_once(stage):
    """Neither made nor changed: what a firing would refuse at night is said now."""
    published = stage.publish()
    given = (stage.workspace, "hourly", published.id, "nights", HOURLY)
    with pytest.raises(DeclarationError, match=r"mini_batch_size='0'.*'size'"):
        Schedule.create(*given, pipeline_parameters={"size": "0"})
    assert [] == Schedule.list(stage.workspace)

    schedule = Schedule.create(*given, pipeline_parameters={"size": "2"})
    with pytest.raises(DeclarationError, match=r"mini_batch_size='0'.*'size'"):
        schedule.update(pipeline_parameters={"size": "0"})
    assert {"size": "2"} == schedule.definition.parameters


def test_a_schedule_runs_its_pipeline(stage):
    """Once per nominal time, with version 1's attributes and the runs to be found."""
    published = stage.publish()
    schedule = Schedule.create(
        stage.workspace,
        name="hourly",
        pipeline_id=published.id,
        experiment_name="by-itself",
        recurrence=HOURLY,
        description="every hour",
        wait_for_provisioning=True,
    )
    scheduler = stage.scheduler()

    stage.clock.move(seconds=1)
    scheduler.tick()
    scheduler.tick()
    (run,) = schedule.get_pipeline_runs()

    assert ["0.txt"] == stage.rows(run)
    assert run.id == schedule.get_last_pipeline_run().id
    assert "by-itself" == run.experiment.name
    assert "hourly" == run.tags["azml.schedule"]
    assert [run.id] == [
        one.id for one in type(run).get_pipeline_runs(stage.workspace, published.id)
    ]
    found = Schedule.get(stage.workspace, schedule.id)
    assert ("hourly", "every hour", published.id, "Active") == (
        found.name,
        found.description,
        found.pipeline_id,
        found.status,
    )
    assert ("Hour", 1) == (found.recurrence.frequency, found.recurrence.interval)
    assert f"run {run.id}" in stage.said[0]


def test_nothing_is_written_when_something_is_wrong(stage):
    """No schedule is left of a call that was refused."""
    published = stage.publish()
    _, inbox = stage.inbox()

    for error, arguments in (
        (UserErrorException, {"pipeline_id": "nobody", "recurrence": HOURLY}),
        (ValueError, {}),
        (ValueError, {"recurrence": HOURLY, "datastore": inbox}),
        (ValueError, {"recurrence": HOURLY, "path_on_datastore": "a"}),
        (ValueError, {"cron": "61 * * * *"}),
        (ValueError, {"datastore": inbox, "polling_interval": 0}),
        (ValueError, {"recurrence": HOURLY, "max_concurrent_runs": 0}),
        (TypeError, {"recurrence": HOURLY, "catch_up": True}),
        (ParameterError, {"recurrence": HOURLY, "pipeline_parameters": {"files": 3}}),
        (
            ParameterError,
            {"recurrence": HOURLY, "pipeline_parameters": {"files": "no@latest"}},
        ),
        (
            ParameterError,
            {"datastore": inbox, "data_path_parameter_name": "images"},
        ),
    ):
        call = {
            "name": "s",
            "pipeline_id": published.id,
            "experiment_name": "e",
            **arguments,
        }
        with pytest.raises(error):
            Schedule.create(stage.workspace, **call)

    assert [] == Schedule.list(stage.workspace, active_only=False)


def test_the_latest_dataset_is_found_at_each_firing(stage):
    """And the version that was found is recorded with the firing and in the run."""
    published = stage.publish()
    folders = []
    for name in ("a", "b"):
        folder = stage.folder / name
        folder.mkdir()
        (folder / f"{name}.txt").write_text(name)
        folders.append(Dataset.File.from_files(str(folder)))
    folders[0].register(stage.workspace, "letters")
    schedule = Schedule.create(
        stage.workspace,
        "latest",
        published.id,
        "e",
        HOURLY,
        pipeline_parameters={"files": "letters@latest"},
    )
    scheduler = stage.scheduler()
    stage.clock.move(seconds=1)
    scheduler.tick()
    folders[1].register(stage.workspace, "letters", create_new_version=True)
    stage.clock.move(hours=1)
    scheduler.tick()

    second, first = schedule.get_pipeline_runs()

    assert (["a.txt"], ["b.txt"]) == (stage.rows(first), stage.rows(second))
    assert ["letters:2", "letters:1"] == [
        firing.details.split('"files":"')[-1].split('"')[0]
        for firing in schedule.history()
    ]


def test_new_and_changed_files_become_the_input(stage):
    """Only they do; what was there before, and what is deleted, fires nothing."""
    place, inbox = stage.inbox()
    (place / "old.txt").write_text("old")
    (place / "kept.txt").write_text("kept")
    (place / ".hidden").write_text("never")
    published = stage.publish()
    schedule = Schedule.create(
        stage.workspace,
        "files",
        published.id,
        "e",
        datastore=inbox,
        polling_interval=1,
        data_path_parameter_name="files",
    )
    scheduler = stage.scheduler()

    def look():
        stage.clock.move(minutes=1, seconds=1)
        scheduler.tick()

    look()
    (place / "new.txt").write_text("new")
    (place / "more").mkdir()
    (place / "more" / "deep.txt").write_text("deep")
    (place / "old.txt").write_text("changed")
    (place / "growing.txt").write_text("1")
    look()
    (place / "growing.txt").write_text("12")
    look()
    (first,) = schedule.get_pipeline_runs()
    look()
    second, _ = schedule.get_pipeline_runs()
    (place / "kept.txt").unlink()
    look()
    look()

    assert ["deep.txt", "new.txt", "old.txt"] == sorted(stage.rows(first))
    assert ["growing.txt"] == stage.rows(second)
    assert ["Submitted"] * 2 == outcomes(schedule)
    assert ("inbox", 1, "files", None) == (
        schedule.datastore_name,
        schedule.polling_interval,
        schedule.data_path_parameter_name,
        schedule.path_on_datastore,
    )


def test_changes_while_nobody_looks_are_not_lost(stage):
    """Another scheduler finds them; a datastore that is gone fires none."""
    place, inbox = stage.inbox()
    (place / "old.txt").write_text("old")
    published = stage.publish()
    schedule = Schedule.create(
        stage.workspace,
        "files",
        published.id,
        "e",
        datastore=inbox,
        data_path_parameter_name="files",
    )
    (place / "a.txt").write_text("a")
    stage.clock.move(hours=5)
    stage.scheduler(starts_runs=False).tick()
    away = place.rename(stage.folder / "away")
    stage.clock.move(minutes=6)
    stage.scheduler(starts_runs=False).tick()
    stage.scheduler(starts_runs=False).tick()
    away.rename(place)
    for _ in range(3):
        stage.clock.move(minutes=6)
        stage.scheduler(starts_runs=False).tick()

    (firing,) = schedule.history()

    assert '"a.txt"' in firing.details
    assert any("cannot be listed" in line for line in stage.said)


@pytest.mark.parametrize(
    ("catchup", "hours"), [(False, [3]), (True, [1, 2, 3])], ids=["latest", "each"]
)
def test_a_scheduler_that_was_away(stage, catchup, hours):
    """Three hours down: one run for the latest slot, or one for each."""
    published = stage.publish()
    start = stage.clock.moment + timedelta(hours=1)
    schedule = Schedule.create(
        stage.workspace,
        "hourly",
        published.id,
        "e",
        ScheduleRecurrence("Hour", 1, start.replace(tzinfo=None)),
        catchup=catchup,
    )
    stage.clock.move(hours=3, minutes=30)
    scheduler = stage.scheduler(starts_runs=False)
    scheduler.tick()
    scheduler.tick()

    found = [firing.nominal for firing in reversed(schedule.history())]

    assert [f"{start + timedelta(hours=n - 1):%H:%M}" for n in hours] == [
        one[11:16] for one in found
    ]


def test_what_cannot_be_submitted_is_recorded(stage):
    """The history says why, and other schedules go on."""
    published = stage.publish()
    broken, good = (
        Schedule.create(stage.workspace, name, published.id, "e", HOURLY)
        for name in ("broken", "good")
    )
    other = stage.publish()
    good.update(name="better", pipeline_parameters={})
    record = stage.workspace.catalog.schedules.find(good.id)
    assert record.name == "better"
    stage.workspace.catalog.published.set_status(published.id, "Disabled")
    third = Schedule.create(stage.workspace, "third", other.id, "e", HOURLY)
    stage.clock.move(seconds=2)
    stage.scheduler(starts_runs=False).tick()

    assert ["Failed"] == outcomes(broken)
    assert "is Disabled" in broken.history()[0].note
    assert ["Submitted"] == outcomes(third)


def test_a_disabled_schedule_fires_nothing(stage):
    """Nor, when it is enabled again, what it would have fired meanwhile."""
    published = stage.publish()
    schedule = Schedule.create(
        stage.workspace, "s", published.id, "e", HOURLY, catchup=True
    )
    schedule.disable()
    stage.clock.move(hours=5)
    stage.scheduler(starts_runs=False).tick()

    assert "Disabled" == schedule.status
    assert [] == schedule.history()
    assert [] == Schedule.list(stage.workspace)
    assert [schedule.id] == [
        one.id
        for one in Schedule.get_schedules_for_pipeline_id(stage.workspace, published.id)
    ]
    schedule.enable()
    assert "Active" == schedule.status


def test_an_update_changes_what_is_given(stage):
    """The rest stays; the new trigger counts from now on."""
    _, inbox = stage.inbox()
    published = stage.publish()
    schedule = Schedule.create(
        stage.workspace,
        "s",
        published.id,
        "e",
        datastore=inbox,
        data_path_parameter_name="files",
        path_on_datastore="in",
        max_concurrent_runs=2,
    )
    schedule.update(polling_interval=2, description="d", on_overlap="queue")
    after = Schedule.get(stage.workspace, schedule.id)

    assert (2, "files", "in", "d", 2, "queue") == (
        after.polling_interval,
        after.data_path_parameter_name,
        after.path_on_datastore,
        after.description,
        after.definition.max_concurrent_runs,
        after.definition.on_overlap,
    )
    after.update(cron="@daily", time_zone="Europe/Berlin")
    assert "0 0 * * *" == after.definition.trigger.expression
    with pytest.raises(ValueError, match="datastore"):
        after.update(polling_interval=3)


def test_an_endpoint_is_asked_for_its_default_at_each_firing(stage):
    """What is published later runs from then on."""
    old, new = stage.publish(), stage.publish(seconds=0.1)
    endpoint = PipelineEndpoint.publish(stage.workspace, "names", "d", old)
    schedule = Schedule.create_for_pipeline_endpoint(
        stage.workspace, "s", endpoint.id, "e", HOURLY
    )
    scheduler = stage.scheduler(starts_runs=False)
    stage.clock.move(seconds=1)
    scheduler.tick()
    endpoint.add_default(new)
    stage.clock.move(hours=1)
    scheduler.tick()

    runs = schedule.get_pipeline_runs()
    catalog = stage.workspace.catalog.runs
    assert [new.id, old.id] == [catalog.find(run.id).pipeline_id for run in runs]
    assert [schedule.id] == [
        one.id
        for one in Schedule.get_schedules_for_pipeline_endpoint_id(
            stage.workspace, endpoint.id
        )
    ]
