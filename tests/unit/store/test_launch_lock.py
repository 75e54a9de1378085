"""Only one process at a time may start an orchestrator."""

from __future__ import annotations

import threading

import pytest

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.launch_lock import launching


def test_the_second_waits_for_the_first(stored):
    """They never hold it together."""
    inside = threading.Event()
    leave = threading.Event()
    order = []

    def first():
        with launching(stored.folder):
            inside.set()
            leave.wait(5)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(5)
    threading.Timer(0.05, leave.set).start()
    with launching(stored.folder):
        order.append("second")
    thread.join()

    assert ["first", "second"] == order


def test_nobody_waits_for_ever(stored):
    """The message names the run and how long it took, by the clock that was given."""
    clock = iter(range(0, 100, 10))

    with (
        launching(stored.folder),
        pytest.raises(UserErrorException, match="starting run run-1 for 30 s"),
        launching(stored.folder, clock=lambda: next(clock)),
    ):
        pass

    assert next(clock) == 40
