"""Who waits for a lock gets it, or learns in time that somebody else keeps it."""

from __future__ import annotations

import os

import pytest

from azml_pipelines.store.file_lock import wait_for_lock


@pytest.fixture
def opened(tmp_path):
    """Two descriptors of the same file, as two processes would have them."""
    file = tmp_path / "lock"
    descriptors = [os.open(file, os.O_RDWR | os.O_CREAT) for _ in range(2)]
    yield descriptors
    for descriptor in descriptors[1:]:
        os.close(descriptor)


def test_one_at_a_time(opened):
    """The second gets it when the first has closed the file."""
    first, second = opened

    assert wait_for_lock(first, 0)
    assert not wait_for_lock(second, 0)

    os.close(first)

    assert wait_for_lock(second, 0)


def test_nobody_waits_for_ever(opened):
    """By the clock that was given."""
    clock = iter(range(0, 100, 10))
    wait_for_lock(opened[0], 0)
    found = wait_for_lock(opened[1], 30, lambda: next(clock))
    os.close(opened[0])

    assert not found
    assert next(clock) == 40
