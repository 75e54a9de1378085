"""Dispatch brings every mini-batch to one end, whatever happens to its slots."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.data.minibatch import split_files
from azml_pipelines.engine.dispatch import Dispatch
from azml_pipelines.engine.ledger import Ledger, Limits, Verdict
from azml_pipelines.errors import (
    ComputeLostError,
    ErrorThresholdExceeded,
    InitFailedError,
    OutputError,
    RunCanceledError,
    StalledRunError,
)
from azml_pipelines.testing.scripted_slots import ScriptedSlots

ITEMS = 2


class Step:
    """A step of some mini-batches, and what was settled of it, in order."""

    def __init__(self, mini_batches, slots, *, check=lambda: None, **limits):
        paths = [str(n) for n in range(mini_batches * ITEMS)]
        self.lines = [line.encode() for _, line in split_files(0, paths, ITEMS)]
        self.ledger = Ledger(mini_batches, Limits(**limits))
        self.slots = slots
        self.check = check
        self.clock = itertools.count()
        self.ends = []
        """Mini-batch, attempt and ``done`` or ``failed``."""

    def settle(self, report, verdicts):
        """Note what has ended for good."""
        self.ends += [
            (done.mini_batch, report.attempt, "done") for done in report.done()
        ]
        self.ends += [
            (failed.mini_batch, failed.attempt, "failed")
            for failed in report.failures
            if verdicts[failed.mini_batch] is Verdict.FAILED
        ]

    def run(self):
        """Work until the end."""
        Dispatch(
            self.ledger,
            self.slots,
            read=lambda first, count: b"".join(self.lines[first : first + count]),
            settle=self.settle,
            check=self.check,
            patience=100,
            clock=lambda: next(self.clock),
        ).run()
        return self

    @property
    def attempts(self):
        """The attempt with which each mini-batch ended."""
        return {mini_batch: attempt for mini_batch, attempt, _ in self.ends}


def test_everything_is_handed_out_and_settled():
    """Each once, with its own lines."""
    slots = ScriptedSlots(count=2)
    step = Step(500, slots).run()
    lines = b"".join(
        bundle.lines for bundle in sorted(slots.submitted, key=lambda one: one.first)
    )

    assert Counter(range(500)) == Counter(index for index, _, _ in step.ends)
    assert lines == b"".join(step.lines)
    assert step.ledger.counts.succeeded_items == 500 * ITEMS


def test_a_crash_costs_only_the_mini_batch_that_crashed():
    """Its neighbours settle on their first attempt."""
    step = Step(6, ScriptedSlots(count=2, outcomes={(1, 1): "signal"})).run()

    assert step.attempts == {0: 1, 1: 2, 2: 1, 3: 1, 4: 1, 5: 1}
    assert step.ledger.counts.retries == 1


def test_a_mini_batch_that_keeps_failing_is_given_up():
    """After ``run_max_try`` attempts, and its items have failed."""
    outcomes = {(2, attempt): "exception" for attempt in range(1, 9)}
    step = Step(4, ScriptedSlots(outcomes=outcomes), run_max_try=3).run()

    assert (2, 3, "failed") in step.ends
    assert step.ledger.counts.failed_mini_batches == 1
    assert step.ledger.counts.failed_items == ITEMS


def test_a_retry_travels_alone():
    """However many others wait."""
    outcomes = {(n, 1): "exception" for n in (40, 41, 42)}
    slots = ScriptedSlots(count=1, outcomes=outcomes)
    Step(100, slots).run()
    retries = [bundle for bundle in slots.submitted if bundle.attempt > 1]

    assert {40, 41, 42} == {bundle.first for bundle in retries}
    assert {1} == {bundle.count for bundle in retries}


def test_bundles_grow():
    """The first ones hold one mini-batch each; a thousand need few bundles."""
    slots = ScriptedSlots(count=2)
    Step(1000, slots).run()
    sizes = [bundle.count for bundle in slots.submitted]

    assert sizes[0] == 1
    assert max(sizes) > 30
    assert len(sizes) < 60


class Watched(ScriptedSlots):
    """Slots that remember how much was in hand at most."""

    most = 0

    def submit(self, bundle):
        super().submit(bundle)
        self.most = max(self.most, self.in_hand)


def test_never_more_in_hand_than_slots_and_one_behind_each():
    """What was submitted has started, or will within moments."""
    slots = Watched(count=3)
    Step(1000, slots).run()

    assert slots.most == 6


WORDS = [
    "exception",
    "wrong return",
    "timeout",
    "signal",
    "exit",
    "stray",
    "lost",
    0,
    3,
]


@settings(max_examples=100)
@given(data=st.data())
def test_every_mini_batch_ends_once(data):
    """Whatever goes wrong, in whatever order reports come; and the counts agree."""
    total = data.draw(st.integers(1, 25))
    outcomes = data.draw(
        st.dictionaries(
            st.tuples(st.integers(0, total - 1), st.integers(1, 3)),
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
            # Few enough that no twenty nodes are lost in a row.
            max_size=6,
        )
    )
    slots = ScriptedSlots(
        data.draw(st.integers(1, 4)),
        outcomes,
        seconds=data.draw(st.sampled_from([0.0, 0.001, 1.0])),
        pick=lambda count: data.draw(st.integers(0, count - 1)),
    )
    step = Step(total, slots, run_max_try=2, needs_a_success=False).run()
    counts = step.ledger.counts
    failed = [index for index, _, end in step.ends if end == "failed"]

    assert Counter(range(total)) == Counter(index for index, _, _ in step.ends)
    assert (counts.done_mini_batches, counts.failed_mini_batches) == (
        total,
        len(failed),
    )

    step.ledger.finish()


def test_the_step_stops_when_it_may_not_go_on():
    """What was settled until then is written down."""
    step = Step(50, ScriptedSlots(outcomes={(3, 1): 0}), error_threshold=1)

    with pytest.raises(ErrorThresholdExceeded, match="2 items failed"):
        step.run()

    assert (3, 1, "done") in step.ends


def test_init_that_fails_everywhere_ends_the_step():
    """By name; no mini-batch is charged."""
    slots = ScriptedSlots(
        count=2, outcomes={(0, 1): ["init"] * 9, (1, 1): ["init"] * 9}
    )
    step = Step(20, slots)

    with pytest.raises(InitFailedError, match=r"2 of 2.*RuntimeError: scripted: init"):
        step.run()

    assert step.ledger.counts.retries == 0


def test_init_that_fails_somewhere_leaves_the_work_to_others():
    """One bad slot among several is not the end."""
    slots = ScriptedSlots(count=3, outcomes={(0, 1): ["init"] * 2})
    step = Step(20, slots).run()

    assert len(step.attempts) == 20
    assert set(step.attempts.values()) == {1}


def test_rows_that_cannot_be_written_end_the_step():
    """No mini-batch has failed for it."""
    step = Step(9, ScriptedSlots(outcomes={(4, 1): "store"}))

    with pytest.raises(OutputError, match=r"rows cannot be written: RuntimeError"):
        step.run()

    assert {"done"} == {end for _, _, end in step.ends}


def test_a_lost_node_charges_nobody():
    """What it had in hand runs elsewhere, in the same attempt."""
    step = Step(30, ScriptedSlots(count=2, outcomes={(7, 1): ["lost"] * 5})).run()

    assert len(step.attempts) == 30
    assert set(step.attempts.values()) == {1}


def test_nodes_that_are_lost_again_and_again_end_the_step():
    """Not before twenty times without any success in between."""
    step = Step(1, ScriptedSlots(outcomes={(0, 1): ["lost"] * 20})).run()

    assert len(step.ends) == 1

    with pytest.raises(ComputeLostError, match="21 times in a row: scripted"):
        Step(1, ScriptedSlots(outcomes={(0, 1): ["lost"] * 21})).run()


def test_whoever_checks_may_stop_the_step():
    """As somebody who cancels the run does."""

    def cancel():
        raise RunCanceledError("the run was asked to stop")

    step = Step(5, ScriptedSlots(), check=cancel)

    with pytest.raises(RunCanceledError):
        step.run()

    assert step.ends == []


class Silent(ScriptedSlots):
    """Slots that never report."""

    def next_report(self, timeout):
        del timeout


class Busy(Silent):
    """Slots that never report, and move for a while."""

    ticks = 0

    def moves(self):
        self.ticks += 1
        return min(self.ticks, 50)


@pytest.mark.parametrize(
    ("slots", "longer"),
    [pytest.param(Silent(), False, id="silent"), pytest.param(Busy(), True, id="busy")],
)
def test_a_step_that_does_not_move_ends(slots, longer):
    """By the clock that it was given; a worker that goes on counts as moving."""
    step = Step(10, slots)

    with pytest.raises(StalledRunError, match=r"for 100 s: \d+ bundles are in hand"):
        step.run()

    assert longer == (next(step.clock) > 150)
