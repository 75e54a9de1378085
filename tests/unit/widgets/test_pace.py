"""How fast steps have been going lately."""

from __future__ import annotations

import pytest

from azml_pipelines.widgets.pace import Pace, Speed, average_speed


def test_the_average_covers_the_whole_time(make_step, now):
    """40 mini-batches and 400 items in 100 seconds."""
    assert Speed(0.4, 4.0) == average_speed(make_step(), now)


def test_a_step_that_has_not_started_has_no_speed(make_step, now):
    """There is no division by zero."""
    assert Speed() == average_speed(make_step(started=None), now)
    assert Speed() == average_speed(make_step(started=now), now)


def test_the_pace_forgets_what_is_long_ago(make_state, make_step, now):
    """After half a minute only the new speed counts."""
    pace = Pace()
    for second in range(61):
        done = second if second <= 30 else 30 + 10 * (second - 30)
        step = make_step(done_mini_batches=done, succeeded_items=done, failed_items=0)
        pace.observe(make_state(steps=[step]), now + second)

    assert pytest.approx(10) == pace.speed(step, now + 60).mini_batches
    assert pytest.approx(10) == pace.speed(step, now + 60).items


def test_two_looks_in_a_row_are_not_enough(make_state, make_step, now):
    """In the first seconds the average is steadier."""
    pace = Pace()
    pace.observe(make_state(), now)
    step = make_step(done_mini_batches=90)
    pace.observe(make_state(steps=[step]), now + 0.2)

    assert average_speed(step, now) == pace.speed(step, now)


def test_standing_still_is_noticed(make_state, now):
    """The clock of silence starts when a number changed last."""
    pace = Pace()

    assert pace.idle_seconds(now) == 0

    pace.observe(make_state(), now)
    pace.observe(make_state(), now + 40)

    assert pace.idle_seconds(now + 40) == 40

    pace.observe(make_state(status="Queued"), now + 41)

    assert pace.idle_seconds(now + 41) == 0
