"""Virtual slots keep time, and hand back what they have not started."""

from __future__ import annotations

import pytest

from azml_pipelines.testing.virtual_slots import VirtualSlots
from azml_pipelines.worker.messages import Bundle


def bundle(first, count=1):
    """Return a bundle without lines."""
    return Bundle(first, count, 1, b"")


def reports(slots, timeout=1000):
    """Let everything come to its end."""
    found = []
    while slots.in_hand:
        report = slots.next_report(timeout)
        found.append((slots.now, report.first, len(report.done()), report.unstarted))
    return found


def test_time_passes_as_told():
    """Each mini-batch takes its time, after the overhead of its bundle."""
    slots = VirtualSlots(1, 2, [1.0, 2.0, 4.0].__getitem__, overhead=0.5)
    slots.submit(bundle(0, 2))
    slots.submit(bundle(2))

    assert [(3.5, 0, 2, 0), (4.5, 2, 1, 0)] == reports(slots)
    assert slots.utilisation == pytest.approx(7 / 9)


def test_what_waits_begins_at_once():
    """It is on its node already."""
    slots = VirtualSlots(1, 1, lambda _: 1.0, overhead=0.5)
    slots.submit(bundle(0))
    slots.submit(bundle(1))

    assert [1.5, 2.5] == [now for now, *_ in reports(slots)]


def test_room():
    """The emptiest node has the next bundle; each has its own queue."""
    slots = VirtualSlots(2, 2, lambda _: 1.0)
    rooms = []
    for number in range(8):
        rooms.append((slots.has_room(waiting=0), slots.has_room(waiting=1)))
        slots.submit(bundle(number))

    assert [(True, True)] * 4 + [(False, True)] * 4 == rooms
    assert not slots.has_room(waiting=1)
    assert (slots.count, slots.in_hand, slots.moves()) == (4, 8, 4)
    assert len(slots.describe()) == 4


def test_waiting_in_vain():
    """Time passes all the same."""
    slots = VirtualSlots(1, 1, lambda _: 10.0)
    slots.submit(bundle(0))

    assert slots.next_report(4) is None
    assert slots.now == 4
    assert slots.next_report(6) is not None
    assert slots.now == 10


def test_a_recall():
    """The mini-batch at hand is ended, the others come back."""
    slots = VirtualSlots(1, 2, lambda _: 1.0)
    slots.submit(bundle(0, 10))
    slots.submit(bundle(10, 1))
    slots.next_report(1.0)
    slots.next_report(1.5)
    slots.recall()
    slots.recall()

    assert [(3.0, 0, 3, 7)] == reports(slots)
