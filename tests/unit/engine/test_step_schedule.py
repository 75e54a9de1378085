"""Steps start when what they need has finished and a slot is free."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.engine.step_schedule import ScheduledStep, StepSchedule

STEPS = 1_000


@st.composite
def graphs(draw):
    """Return 1,000 steps, each after some of those before it, and a number of slots."""
    random = Random(draw(st.integers(0, 2**32)))
    width = draw(st.integers(1, 200))
    most = draw(st.integers(0, 5))
    steps = [
        ScheduledStep(
            str(number),
            tuple(
                str(random.randrange(max(number - width, 0), number))
                for _ in range(random.randint(0, most) if number else 0)
            ),
            random.choice([1, 1, 1, 2, 64]),
        )
        for number in range(STEPS)
    ]
    return steps, draw(st.integers(1, 32)), random


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_every_step_runs_once_and_after_what_it_needs(graph):
    """Whatever the graph, the slots, and the order in which steps end."""
    steps, slots, random = graph
    schedule = StepSchedule(steps, slots)
    started, done, running = [], set(), []
    while True:
        for position in schedule.take():
            assert {int(name) for name in steps[position].after} <= done
            started.append(position)
            running.append(position)
        if not running:
            break
        assert sum(min(steps[position].slots, slots) for position in running) <= slots
        ended = running.pop(random.randrange(len(running)))
        done.add(ended)
        schedule.finished(ended)

    assert sorted(started) == list(range(STEPS))


def test_no_slot_is_idle_while_a_step_that_fits_waits():
    """A wide step lets narrow ones go ahead, and has its turn when there is room."""
    schedule = StepSchedule(
        [ScheduledStep("a"), ScheduledStep("wide", (), 4), ScheduledStep("b")], 4
    )

    assert schedule.take() == [0, 2]
    schedule.finished(0)
    assert schedule.take() == []
    schedule.finished(2)
    assert schedule.take() == [1]


def test_a_compute_target_lends_the_nodes_that_it_has():
    """Steps elsewhere do not wait; one that wants more than there are gets them all."""
    steps = [
        ScheduledStep("a", compute="small"),
        ScheduledStep("b", compute="small"),
        ScheduledStep("elsewhere", compute="local"),
        ScheduledStep("wide", compute="small", nodes=5),
    ]
    schedule = StepSchedule(steps, 8, nodes={"small": 1})

    assert schedule.take() == [0, 2]
    schedule.finished(0)
    assert schedule.take() == [1]
    schedule.finished(1)
    assert schedule.take() == [3]


def test_what_needs_a_failed_step_never_starts():
    """Nor does what needs that; the others go on when they are to."""
    steps = [
        ScheduledStep("bad"),
        ScheduledStep("needs", ("bad",)),
        ScheduledStep("needs-that", ("needs",)),
        ScheduledStep("other"),
    ]
    schedule = StepSchedule(steps, 1, goes_on=True)
    schedule.take()
    schedule.failed(0)

    assert schedule.take() == [3]
    schedule.finished(3)
    assert schedule.take() == []


def test_without_going_on_nothing_starts_after_a_failure():
    """What runs by then comes to its end."""
    schedule = StepSchedule([ScheduledStep(str(n)) for n in range(3)], 2)
    schedule.take()
    schedule.failed(0)

    assert schedule.take() == []
    assert schedule.running == {1}


def test_finished_steps_are_not_run_again():
    """A run that goes on starts with what is left."""
    steps = [ScheduledStep("a"), ScheduledStep("b", ("a",)), ScheduledStep("c", ("b",))]

    assert StepSchedule(steps, 2, finished={0}).take() == [1]


@pytest.mark.parametrize("slots", [0, -3])
def test_there_is_always_a_slot(slots):
    """A machine without cores still runs something."""
    assert StepSchedule([ScheduledStep("a")], slots).take() == [0]
