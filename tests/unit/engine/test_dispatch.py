"""Dispatch brings every mini-batch to one end, whatever happens to its slots."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.data.minibatch import split_files
from azml_pipelines.engine.dispatch import Dispatch
from azml_pipelines.engine.largest_first import heaviest
from azml_pipelines.engine.ledger import Ledger, Limits, Verdict
from azml_pipelines.engine.watchdog import Watchdog
from azml_pipelines.errors import (
    ComputeLostError,
    ErrorThresholdExceeded,
    InitFailedError,
    OutputError,
    RunCanceledError,
    StalledRunError,
)
from azml_pipelines.testing.scripted_slots import ScriptedSlots
from azml_pipelines.testing.virtual_slots import VirtualSlots

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
        self.feed = None
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
            watchdog=Watchdog(100, lambda: next(self.clock)),
            feed=self.feed,
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
    """After one fresh start of its workers; one that goes on counts as moving."""
    step = Step(10, slots)

    with pytest.raises(StalledRunError, match=r"for 100 s: \d+ bundles are in hand"):
        step.run()

    assert slots.restarts == 1
    assert longer == (next(step.clock) > 250)


class Sleepy(ScriptedSlots):
    """Slots that report nothing until they are started anew."""

    def next_report(self, timeout):
        return super().next_report(timeout) if self.restarts else None


def test_a_fresh_start_may_help():
    """Then the step goes on as if nothing had been."""
    slots = Sleepy()
    step = Step(10, slots).run()

    assert slots.restarts == 1
    assert len(step.ends) == 10


class Slowly:
    """A list that is a bundle's length ahead of the work."""

    def __init__(self, total, chunk):
        self.total = total
        self.chunk = chunk
        self.waits = 0

    def grow(self, ledger, wait):
        """Let one more chunk come."""
        self.waits += wait > 0
        ledger.extend(min(self.chunk, self.total - ledger.total))
        if ledger.total == self.total:
            ledger.seal()


@pytest.mark.parametrize("chunk", [1, 7, 500])
def test_the_list_may_come_later(chunk):
    """Everything is settled once, and nothing waits for the end of the list."""
    slots = ScriptedSlots(count=2, outcomes={(3, 1): "signal", (9, 1): "lost"})
    step = Step(500, slots)
    step.ledger = Ledger(0, Limits(), sealed=False)
    step.feed = Slowly(500, chunk)
    step.run()

    assert Counter(range(500)) == Counter(index for index, _, _ in step.ends)
    assert step.feed.waits >= 1
    step.ledger.finish()


def simulated(seconds, *, weights=None, nodes=1, processes=2):
    """Return the makespan of a step, as a share of the time that cannot be beaten."""
    slots = VirtualSlots(nodes, processes, seconds.__getitem__, overhead=0.005)
    step = Step(len(seconds), slots)
    step.clock = itertools.count(step=0.01)
    if weights:
        step.ledger.prefer(heaviest(weights, slots.count, None))
    step.run()

    assert Counter(range(len(seconds))) == Counter(index for index, _, _ in step.ends)

    return slots.now / max(sum(seconds) / slots.count, *seconds)


def skewed(seed, count=2_000):
    """Return seconds with a long tail, sixteen in all."""
    random = Random(seed)
    found = [random.paretovariate(1.2) for _ in range(count)]
    return [16 * one / sum(found) for one in found]


@pytest.mark.parametrize("seed", range(5))
def test_skew_that_is_known_costs_next_to_nothing(seed):
    """The long ones are handed out first."""
    seconds = skewed(seed)

    assert simulated(seconds, weights=seconds) <= 1.05


@pytest.mark.parametrize("seed", range(5))
def test_skew_that_nobody_knew_of(seed):
    """Whoever has a long one gives back what waits behind it."""
    seconds = sorted(skewed(seed))
    late = max(seconds) / max(sum(seconds) / 2, *seconds)

    assert simulated(seconds) <= 1.05 + late


def test_idle_slots_get_what_waits_in_bundles_of_others():
    """A bundle that turns out to be long is shared out."""
    quick = [0.001] * 2_000
    assert simulated([*quick, *[1.0] * 40]) <= 1.1
