"""The scheduler as a process: two of them, kills, signals, clocks that are wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from azml_pipelines import Schedule, ScheduleRecurrence
from azml_pipelines.failpoints import SCHEDULER_POINTS

MINUTES = ScheduleRecurrence("Minute", 1)
POINTS = (*SCHEDULER_POINTS, "submit.rename", "launch.spawn", "launch.spawned")


def scheduler(stage, *options, **variables):
    """Start ``azml scheduler`` in the workspace."""
    return subprocess.Popen(
        [sys.executable, "-m", "azml_pipelines.cli", "scheduler", *options],
        cwd=stage.workspace.folder.root,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_makes_no_run_double_and_misses_none(stage, point):
    """Wherever it dies between the decision and its note, the next one finishes it."""
    published = stage.publish()
    schedule = Schedule.create(
        stage.workspace, "s", published.id, "e", ScheduleRecurrence("Day", 1)
    )
    killed = scheduler(stage, "--once", AZML_FAILPOINTS=f"{point}=kill@1")
    killed.communicate(timeout=60)
    decided = [firing.run_id for firing in schedule.history()]
    done = scheduler(stage, "--once")
    _, errors = done.communicate(timeout=60)

    assert -signal.SIGKILL == killed.returncode
    assert 0 == done.returncode, errors
    (firing,) = schedule.history()
    assert decided == [firing.run_id]
    assert "Submitted" == firing.outcome
    (run,) = schedule.get_pipeline_runs()
    assert ["0.txt"] == stage.rows(run)
    visible = [
        place.name
        for place in stage.workspace.folder.runs.iterdir()
        if not place.name.startswith(".")
    ]
    assert [run.id] == visible


def test_two_schedulers_share_the_work(stage):
    """Every nominal time has one run, whoever submits it."""
    published = stage.publish()
    schedule = Schedule.create(
        stage.workspace, "s", published.id, "e", MINUTES, catchup=True
    )
    both = [stage.scheduler(starts_runs=False) for _ in range(2)]
    stage.clock.move(seconds=1)
    for _ in range(10):
        for one in both:
            one.tick()
        stage.clock.move(minutes=1)

    firings = schedule.history()
    assert 10 == len(firings) == len({one.nominal for one in firings})
    assert 10 == len(schedule.get_pipeline_runs())


def test_sigterm_ends_it_and_not_its_runs(stage):
    """With exit code 0; the run that it has started goes on."""
    published = stage.publish(seconds=2)
    schedule = Schedule.create(
        stage.workspace, "s", published.id, "e", ScheduleRecurrence("Day", 1)
    )
    process = scheduler(stage)
    deadline = time.monotonic() + 60
    while not schedule.get_pipeline_runs():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=30)

    (run,) = schedule.get_pipeline_runs()
    assert 0 == process.returncode, errors
    assert f"run {run.id}" in output
    assert ["0.txt"] == stage.rows(run)


@pytest.mark.parametrize(
    "jump",
    [
        timedelta(days=1),
        timedelta(days=-1),
        timedelta(days=3650),
        timedelta(days=-3650),
        timedelta(days=-20_400),
    ],
    ids=["a day on", "a day back", "ten years on", "ten years back", "1970"],
)
def test_a_wrong_clock_costs_no_more_than_the_times_it_shows(stage, jump):
    """When it is right again, the schedule goes on, and no time fires twice."""
    published = stage.publish()
    schedule = Schedule.create(stage.workspace, "s", published.id, "e", MINUTES)
    one = stage.scheduler(starts_runs=False)
    stage.clock.move(seconds=1)
    one.tick()
    stage.clock.moment += jump
    one.tick()
    stage.clock.moment -= jump
    one.tick()
    right = []
    for _ in range(3):
        stage.clock.move(minutes=1)
        one.tick()
        right.append(f"{stage.clock.moment:%Y-%m-%dT%H:%M}")

    nominal = [firing.nominal for firing in schedule.history()]
    assert len(nominal) == len(set(nominal))
    assert set(right) <= {one[:16] for one in nominal}
    assert len(nominal) <= 5
