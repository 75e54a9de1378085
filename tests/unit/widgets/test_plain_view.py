"""A run as lines of text."""

from __future__ import annotations

from azml_pipelines.widgets.pace import Pace
from azml_pipelines.widgets.plain_view import PlainView


def told(view, state, now):
    """Return what a view says about a state."""
    pace = Pace()
    pace.observe(state, now)
    return view.lines(state, now, pace)


def test_each_change_of_state_is_one_line(make_state, make_step, now):
    """A step is named when it starts and when it ends, with all of its counts."""
    view = PlainView()
    waiting = make_step(status="NotStarted", started=None)
    ended = make_step(status="Finished", done_mini_batches=100, ended=now)

    assert told(view, make_state(steps=[waiting]), now) == [
        "[   1:40] run run-1 of experiment digits: running"
    ]
    assert told(view, make_state(steps=[waiting]), now + 1) == []
    assert len(told(view, make_state(), now + 2)) == 1
    assert told(view, make_state(), now + 3) == []
    assert (
        "predict-digits: finished, 100/100 mini-batches, 400/1,000 items done, "
        "3 failed, 2 retries, 4.0 items/s, 1:40 elapsed"
    ) in told(view, make_state(steps=[ended]), now + 4)[0]


def test_a_sign_of_life_comes_after_half_a_minute(make_state, now):
    """It starts counting at the last line, whatever that said."""
    view = PlainView()
    told(view, make_state(), now)

    assert told(view, make_state(), now + 29) == []

    (sign,) = told(view, make_state(), now + 30)

    assert "predict-digits: running, 40/100 mini-batches" in sign
    assert told(view, make_state(), now + 31) == []


def test_a_queued_run_gives_a_sign_too(make_state, now):
    """Waiting for a first step is no silence either."""
    view = PlainView()
    queued = make_state(status="Queued", steps=[])
    told(view, queued, now)

    assert [line.split("] ")[1] for line in told(view, queued, now + 30)] == [
        "run run-1: queued"
    ]


def test_a_failed_step_brings_its_error(failed, now):
    """The reason stands in the line that says so."""
    (line,) = told(PlainView(), failed, now)

    assert line.endswith(failed.error)
