"""The last lines about a run."""

from __future__ import annotations

from azml_pipelines.store.failure_groups import FailureGroup, StepFailures
from azml_pipelines.widgets.closing import closing_lines


def test_other_failed_steps_are_not_forgotten(make_state, make_step, now):
    """Their errors come before the run's own, which is the last line."""
    steps = [
        make_step(status="Failed", error="first", ended=now),
        make_step(name="b", step_run_id="2", status="Failed", error="own", ended=now),
    ]
    state = make_state(status="Failed", error="own", ended=now, steps=steps)

    assert closing_lines(state, now)[1:] == [
        "predict-digits: first",
        "Its logs: azml logs run-1",
        "To go on: azml resume run-1",
        "own",
    ]


def test_failed_items_are_summed_up(make_state, now):
    """Where they are listed, and the most frequent reasons; the error stays last."""
    groups = (
        FailureGroup("exception", "ValueError", "score.py:3", "bad\nheader", 1200, 9),
        FailureGroup("short", "", "", "fewer results", 1, 1),
    )
    step = StepFailures("score", 1203, "/runs/failed_items.csv", groups, 2)
    state = make_state(status="Failed", error="own", ended=now)

    lines = closing_lines(state, now, (), [step])

    assert lines[1:5] == [
        "score: 1,203 failed items, listed in /runs/failed_items.csv",
        "  1,200 x ValueError: bad\\nheader at score.py:3",
        "  1 x short: fewer results",
        "  and 2 other reasons",
    ]
    assert "own" == lines[-1]


def test_errors_stay_on_one_line(make_state, now):
    """A line break in a message would push the names off the last line."""
    state = make_state(status="Failed", error="a\nb", ended=now)

    assert closing_lines(state, now)[-1] == "a\\nb"


def test_a_run_that_nobody_saw_end_claims_no_duration(make_state, now):
    """Its orchestrator was killed some time ago."""
    first, *_ = closing_lines(make_state(status="Failed", error="gone"), now)

    assert first.startswith("Failed: 0 of 1 step finished")
