"""Schedules whose runs take longer than the time between two of them."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from azml_pipelines import Pipeline, Schedule, ScheduleRecurrence


def outcomes(schedule):
    """Return what became of the nominal times, the oldest first."""
    return [firing.outcome for firing in reversed(schedule.history())]


@pytest.mark.parametrize("on_overlap", ["skip", "queue"])
def test_runs_do_not_overlap_when_they_must_not(stage, on_overlap):
    """What has no room is skipped or waits; both stand in the history."""
    published = stage.publish(seconds=1)
    schedule = Schedule.create(
        stage.workspace,
        "often",
        published.id,
        "e",
        ScheduleRecurrence("Minute", 1),
        max_concurrent_runs=1,
        on_overlap=on_overlap,
        catchup=True,
    )
    scheduler = stage.scheduler()
    stage.clock.move(minutes=2, seconds=1)
    scheduler.tick()
    before = outcomes(schedule)
    schedule.get_last_pipeline_run().wait_for_completion(show_output=False)
    scheduler.tick()

    word = "Skipped" if on_overlap == "skip" else "Queued"
    assert ["Submitted", word, word] == before
    assert "1 run of the schedule had not ended" in schedule.history()[0].note
    after = "Skipped" if on_overlap == "skip" else "Submitted"
    assert ["Submitted", after, word] == outcomes(schedule)
    for run in schedule.get_pipeline_runs():
        run.wait_for_completion(show_output=False)


@pytest.mark.parametrize(("on_overlap", "ticks"), [("skip", 100), ("queue", 12)])
def test_runs_that_take_longer_than_their_interval(
    stage, workspace, steps, on_overlap, ticks
):
    """Never two at once, by their own clocks; every nominal time is accounted for."""
    times = stage.folder / "times"
    times.mkdir()
    text = f"""
import os, time
begun = time.monotonic_ns()
time.sleep(0.4)
with open({str(times)!r} + "/" + os.environ["AZUREML_RUN_ID"], "w") as file:
    print(begun, time.monotonic_ns(), file=file)
"""
    step = steps.script(text, "slow", allow_reuse=False)
    published = Pipeline(workspace, [step]).publish("slow")
    schedule = Schedule.create(
        workspace,
        "often",
        published.id,
        "e",
        ScheduleRecurrence("Minute", 1),
        max_concurrent_runs=1,
        on_overlap=on_overlap,
        catchup=True,
    )
    scheduler = stage.scheduler()
    for _ in range(ticks):
        stage.clock.move(minutes=1)
        scheduler.tick()
        time.sleep(0.1)  # about a tenth of what a run takes
    while waiting := [one for one in schedule.history() if one.outcome == "Queued"]:
        schedule.get_last_pipeline_run().wait_for_completion(show_output=False)
        scheduler.tick()
        assert len(waiting) <= ticks
    for run in schedule.get_pipeline_runs():
        assert run.wait_for_completion(show_output=False) == "Finished"
    found = sorted(
        tuple(map(int, file.read_text().split())) for file in times.iterdir()
    )
    said = outcomes(schedule)

    assert len(said) in {ticks, ticks + 1}
    assert len(found) == said.count("Submitted") > 1
    assert set(said) == {"Submitted", *(["Skipped"] if on_overlap == "skip" else [])}
    assert all(one[1] < next_one[0] for one, next_one in pairwise(found))
