"""Runs as the views see them: states by hand, no processes, no waiting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azml_pipelines.store.run_state import RunState, StepState

NOW = 1_000_100.0


class FakeRun:
    """Plays one state after the other; the last one stays."""

    def __init__(self, *states):
        self.states = list(states)

    def state(self):
        """Return the next state."""
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


class FakeClock:
    """Time passes only while somebody sleeps."""

    def __init__(self, now=NOW):
        self.time = now

    def now(self):
        """Return the time."""
        return self.time

    def sleep(self, seconds):
        """Let the time pass."""
        self.time += seconds


@pytest.fixture
def now():
    """The moment at which the states of these tests are looked at."""
    return NOW


@pytest.fixture
def make_step():
    """Make a step that has been running for 100 s and has done 40 of 100."""
    running = StepState(
        name="predict-digits",
        step_run_id="step-1",
        status="Running",
        total_mini_batches=100,
        done_mini_batches=40,
        failed_mini_batches=1,
        total_items=1000,
        succeeded_items=397,
        failed_items=3,
        retries=2,
        started=NOW - 100,
    )
    return lambda **changes: replace(running, **changes)


@pytest.fixture
def make_state(make_step):
    """Make a run of one running step, unless told otherwise."""

    def make(**changes):
        steps = changes.pop("steps", None)
        running = RunState(
            run_id="run-1",
            experiment="digits",
            status="Running",
            created=NOW - 101,
            started=NOW - 100,
            steps=(make_step(),) if steps is None else tuple(steps),
        )
        return replace(running, **changes)

    return make


@pytest.fixture
def failed(make_state, make_step):
    """A run that failed with one line of error."""
    error = (
        "step predict-digits, mini-batch 7, item 7.png: ValueError: bad header "
        "(score.py:12 in run: image = read(path))"
    )
    step = make_step(status="Failed", error=error, ended=NOW - 10)
    return make_state(status="Failed", error=error, ended=NOW - 10, steps=[step])


@pytest.fixture
def finished(make_state, make_step):
    """A run that has finished."""
    step = make_step(
        status="Finished", done_mini_batches=100, succeeded_items=997, ended=NOW - 10
    )
    return make_state(status="Finished", ended=NOW - 10, steps=[step])


@pytest.fixture
def make_run():
    """Make a run that plays states."""
    return FakeRun


@pytest.fixture
def clock():
    """A clock that needs no waiting."""
    return FakeClock()
