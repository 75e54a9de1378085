"""A worker that cannot start is given up: after a few tries, or a minute of kills."""

from __future__ import annotations

import pytest

from azml_pipelines.compute.start_tries import StartTries


class Clock:
    """A clock that is moved by hand."""

    now = 500.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """Begins somewhere."""
    return Clock()


@pytest.fixture
def tries(clock):
    """Nothing has failed yet."""
    return StartTries(clock)


def test_three_failures(tries):
    """The third one is the last."""
    assert [False, False, True] == [tries.failed(stray=False) for _ in range(3)]


def test_strays_are_not_counted(tries, clock):
    """A hundred kills within a minute, and two failures of its own in between."""
    found = [tries.failed(stray=number % 50 != 0) for number in range(100)]

    assert not any(found)
    clock.now += 60

    assert not tries.failed(stray=True)
    clock.now += 0.1

    assert tries.failed(stray=True)


def test_a_process_that_is_killed_again_and_again_is_given_up(tries):
    """Nobody waits a minute for what a hundred starts have not brought."""
    found = [tries.failed(stray=True) for _ in range(100)]

    assert found == [False] * 99 + [True]
