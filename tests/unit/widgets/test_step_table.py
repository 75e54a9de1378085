"""A run state as a table of plain text."""

from __future__ import annotations

from azml_pipelines.widgets.step_table import text


def test_a_running_run_is_a_table(make_state, now):
    """Run, experiment, age; then a heading and a row per step."""
    run, experiment, age, heading, row = text(make_state(), now).splitlines()

    assert (run, experiment, age) == ("run run-1", "experiment digits", "running, 1:40")
    assert heading.split()[0] == "step"
    assert row.split() == [
        "predict-digits",
        "running",
        "40/100",
        "400/1,000",
        "3",
        "2",
        "4.0",
        "items/s",
        "2:30",
        "1:40",
    ]


def test_a_failed_runs_error_is_the_last_line(failed, now):
    """As on every other surface."""
    assert failed.error == text(failed, now).splitlines()[-1]


def test_a_failed_step_of_a_running_run_is_explained(make_state, make_step, now):
    """While other steps go on."""
    steps = [make_step(status="Failed", error="bad"), make_step(name="b")]

    assert text(make_state(steps=steps), now).splitlines()[-1] == "predict-digits: bad"


def test_a_count_that_was_left_to_the_run_is_shown(make_state, make_step, now):
    """Below the table, for the steps that have one."""
    counts = {"one": 1, "many": 2, "given": None}
    steps = [make_step(name=name, auto_processes=n) for name, n in counts.items()]
    lines = text(make_state(steps=steps), now).splitlines()

    assert lines[-2:] == ["one: 1 process (auto)", "many: 2 processes (auto)"]
