"""Scripted slots play what was written down, once each, and then succeed."""

from __future__ import annotations

import pytest

from azml_pipelines.data.minibatch import split_files
from azml_pipelines.testing.scripted_slots import ScriptedSlots
from azml_pipelines.worker.messages import Bundle


def bundle(count, first=0, attempt=1, items=2):
    """Return a bundle of mini-batches with the same number of items."""
    paths = [str(n) for n in range(count * items)]
    lines = "".join(line for _, line in split_files(0, paths, items))
    return Bundle(first, count, attempt, lines.encode())


def report(slots, given):
    """Submit a bundle and return what is reported of it."""
    slots.submit(given)
    return slots.next_report(timeout=60)


def test_without_a_script_everything_succeeds():
    """As many results as items."""
    played = report(ScriptedSlots(), bundle(3, first=4))

    assert [(4, 2, 2), (5, 2, 2), (6, 2, 2)] == [
        (one.mini_batch, one.rows, one.items) for one in played.done()
    ]
    assert (played.failures, played.unstarted, played.complete) == ((), 0, True)


@pytest.mark.parametrize(
    ("outcome", "reason", "charged", "unstarted"),
    [
        pytest.param("exception", "exception", True, 0, id="exception"),
        pytest.param("wrong return", "wrong return", True, 0, id="wrong return"),
        pytest.param("timeout", "timeout", True, 2, id="timeout"),
        pytest.param("signal", "signal", True, 2, id="signal"),
        pytest.param("exit", "exit", True, 2, id="exit"),
        pytest.param("stray", "signal", False, 2, id="stray"),
    ],
)
def test_a_failed_try(outcome, reason, charged, unstarted):
    """Those that end their process leave the rest of the bundle unstarted."""
    slots = ScriptedSlots(outcomes={(1, 1): outcome})
    played = report(slots, bundle(4))
    (failed,) = played.failures

    assert (failed.mini_batch, failed.attempt, failed.items) == (1, 1, 2)
    assert (reason, charged) == (failed.reason, failed.charged)
    assert unstarted == played.unstarted
    assert played.complete


@pytest.mark.parametrize(
    ("outcome", "told"),
    [("lost", "lost"), ("init", "init_failure"), ("store", "store_failure")],
)
def test_a_bundle_that_breaks_off(outcome, told):
    """No mini-batch has failed; those before the break have succeeded."""
    played = report(ScriptedSlots(outcomes={(2, 1): outcome}), bundle(4))

    assert getattr(played, told)
    assert (played.failures, played.unstarted) == ((), 2)
    assert [one.mini_batch for one in played.done()] == [0, 1]


def test_a_number_of_results():
    """Fewer or more than the items."""
    slots = ScriptedSlots(outcomes={(0, 1): 0, (1, 1): 5})

    assert [0, 5] == [one.rows for one in report(slots, bundle(2)).done()]


def test_each_outcome_is_played_once():
    """Several are played one after the other; then the attempt succeeds."""
    slots = ScriptedSlots(outcomes={(0, 1): ["stray", "lost"]})
    strayed, lost, done = (report(slots, bundle(1)) for _ in range(3))

    assert len(strayed.failures) == 1
    assert lost.lost
    assert len(list(done.done())) == 1


def test_room():
    """One bundle for each process, and as many behind it as allowed."""
    slots = ScriptedSlots(count=2)
    for number in range(2):
        slots.submit(bundle(1, first=number))

    assert (slots.count, slots.in_hand) == (2, 2)
    assert not slots.has_room(waiting=0)
    assert slots.has_room(waiting=1)
    assert len(slots.submitted) == 2


def test_reports_come_in_any_order():
    """The caller picks; the oldest first unless it does."""
    slots = ScriptedSlots(count=3, pick=lambda count: count - 1)
    for number in range(3):
        slots.submit(bundle(1, first=number))

    assert [2, 1, 0] == [slots.next_report(0).first for _ in range(3)]
    assert slots.next_report(0) is None
    assert slots.moves() == 3


def test_processes_take_turns():
    """So that every slot has its share of a script."""
    slots = ScriptedSlots(count=2)

    assert ["process000", "process001", "process000"] == [
        report(slots, bundle(1)).process for _ in range(3)
    ]


def test_an_unknown_outcome_is_refused():
    """The message says which and lists those that are known."""
    with pytest.raises(ValueError, match=r"'explodes' of \(3, 1\).*known: done, exc"):
        ScriptedSlots(outcomes={(3, 1): "explodes"})
