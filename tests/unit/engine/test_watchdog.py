"""A step that stands still is noticed, gets one fresh start, and then ends by name."""

from __future__ import annotations

import pytest

from azml_pipelines.engine.watchdog import Watchdog
from azml_pipelines.errors import StalledRunError


class Clock:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """Begins somewhere."""
    return Clock()


@pytest.fixture
def reports():
    """What was reported, a list of lines each time."""
    return []


@pytest.fixture
def watchdog(clock, reports):
    """Has a hundred seconds of patience."""
    return Watchdog(100, clock, reports.append)


def test_patience_lasts_to_the_last_second(watchdog, clock):
    """And not a moment longer."""
    assert not watchdog.stands_still(0)
    clock.now += 100

    assert not watchdog.stands_still(0)
    clock.now += 0.1

    assert watchdog.stands_still(0)


def test_a_report_is_a_sign_of_life(watchdog, clock):
    """The seconds begin anew."""
    watchdog.stands_still(0)
    clock.now += 99
    watchdog.moved()
    clock.now += 99

    assert not watchdog.stands_still(0)


def test_a_worker_that_goes_on_is_a_sign_of_life(watchdog, clock):
    """However long no bundle comes back."""
    for moves in range(50):
        assert not watchdog.stands_still(moves)
        clock.now += 90

    assert not watchdog.stands_still(50)
    clock.now += 101

    assert watchdog.stands_still(50)


def test_there_is_one_fresh_start(watchdog, clock, reports):
    """With as much patience again; the second time the step ends by name."""
    watchdog.stands_still(7)
    clock.now += 101
    watchdog.bark(["node000 process001 (pid 5): nothing"], 2, 40)

    assert not watchdog.stands_still(7)
    clock.now += 101

    assert watchdog.stands_still(7)
    with pytest.raises(StalledRunError) as error:
        watchdog.bark(["node000 process001 (pid 9): mini-batch 3"], 2, 40)

    assert error.value.message == (
        "nothing has moved for 100 s: 2 bundles are in hand, 40 mini-batches wait, also"
        " after a fresh start of all worker processes"
        " (node000 process001 (pid 9): mini-batch 3)"
    )
    assert ["all worker processes are started anew", "given up"] == [
        report[-1] for report in reports
    ]
    assert "node000 process001 (pid 5): nothing" in reports[0]


def test_many_workers_are_not_all_named(watchdog):
    """The message stays short; the report has them all."""
    watchdog.bark([], 1, 0)
    with pytest.raises(StalledRunError, match=r"\(a; b; c and 7 more\)"):
        watchdog.bark(list("abcdefghij"), 10, 0)


def test_a_clock_that_is_set_does_not_matter(watchdog, clock):
    """A monotonic clock never goes back; should one do so, nobody is punished."""
    watchdog.stands_still(0)
    clock.now -= 10_000

    assert not watchdog.stands_still(0)
