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


@pytest.fixture
def look(watchdog, clock):
    """Look once a second for some seconds; return what the last look said."""

    def look(seconds, moves=0, **how):
        for _ in range(int(seconds)):
            clock.now += 1
            said = watchdog.stands_still(moves, **how)
        return said

    watchdog.stands_still(0)
    return look


def test_patience_lasts_to_the_last_second(look):
    """And not a moment longer."""
    assert not look(100)
    assert look(1)


def test_a_report_is_a_sign_of_life(watchdog, look):
    """The seconds begin anew."""
    look(99)
    watchdog.moved()

    assert not look(99)


def test_a_worker_that_goes_on_is_a_sign_of_life(look):
    """However long no bundle comes back."""
    for moves in range(50):
        assert not look(90, moves)

    assert not look(101, 50)
    assert look(1, 50)


def test_a_list_that_is_being_made_may_take_longer(look):
    """Its store is asked again for minutes before that ends by name."""
    assert not look(600, waits_for_list=True)
    assert look(1, waits_for_list=True)


def test_who_was_stopped_itself_has_not_waited(watchdog, look, clock):
    """After an hour of SIGSTOP workers get their time to show that they live."""
    look(50)
    clock.now += 3600

    assert not watchdog.stands_still(0)
    assert not look(45)
    assert look(1)


def test_there_is_one_fresh_start(watchdog, look, reports):
    """With as much patience again; the second time the step ends by name."""
    look(101, 7)
    watchdog.bark(["node000 process001 (pid 5): nothing"], 2, 40)

    assert not look(100, 7)
    assert look(1, 7)
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
