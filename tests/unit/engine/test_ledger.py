"""The ledger follows version 1's rules of tries and thresholds (v1-surface 23)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.engine.ledger import Counts, Ledger, Limits, Span, Verdict
from azml_pipelines.errors import (
    ErrorThresholdExceeded,
    NoItemSucceededError,
    StalledRunError,
)

STRAYS_ALLOWED = 9


@dataclass
class MiniBatch:
    """What will become of a mini-batch, written down before it runs."""

    items: int
    failures: list[str]
    """Of its first tries, in order: ``raise`` or ``stray``. Then it succeeds."""
    results: int
    tries: int = 0
    strays: int = 0
    end: str = ""
    """``done`` or ``failed``, once it is settled."""


@dataclass
class Model:
    """The rules, told a second time: plain sums over all mini-batches."""

    limits: Limits
    batches: list[MiniBatch] = field(default_factory=list)

    def play(self, batch):
        """Let a mini-batch have its next try; return what it is."""
        outcome = batch.failures.pop(0) if batch.failures else "done"
        if outcome == "stray":
            batch.strays += 1
            if batch.strays > STRAYS_ALLOWED:
                batch.end = "failed"
        else:
            batch.tries += 1
            if outcome == "done":
                batch.end = "done"
            elif batch.tries == self.limits.run_max_try:
                batch.end = "failed"
        return outcome

    @property
    def failed_items(self):
        """Items without a result, of settled mini-batches."""
        short = [max(one.items - one.results, 0) for one in self.ended("done")]
        return sum(short) + sum(one.items for one in self.ended("failed"))

    @property
    def succeeded_items(self):
        """Results of the mini-batches that succeeded."""
        return sum(one.results for one in self.ended("done"))

    def ended(self, how):
        """Return the mini-batches that ended so."""
        return [one for one in self.batches if one.end == how]

    def exceeded(self, *, all_scheduled):
        """Return whether the step must be stopped."""
        limits, failed = self.limits, len(self.ended("failed"))
        if limits.error_threshold != -1 and self.failed_items > limits.error_threshold:
            return True
        count = limits.allowed_failed_count
        if count not in {None, -1} and failed > count:
            return True
        percent = limits.allowed_failed_percent
        if percent is None or not all_scheduled:
            return False
        return Fraction(failed, len(self.batches)) > Fraction(str(percent)) / 100


BATCH = st.builds(
    MiniBatch,
    items=st.integers(1, 4),
    failures=st.lists(st.sampled_from(["raise"] * 3 + ["stray"]), max_size=5)
    | st.builds(lambda: ["stray"] * 12),
    results=st.integers(0, 5),
)
LIMITS = st.builds(
    Limits,
    run_max_try=st.integers(1, 4),
    error_threshold=st.integers(-1, 12),
    allowed_failed_count=st.none() | st.integers(-1, 4),
    allowed_failed_percent=st.none() | st.sampled_from([0, 12.5, 25, 33.3, 50, 100]),
    needs_a_success=st.booleans(),
)


@settings(max_examples=500)
@given(
    limits=LIMITS,
    batches=st.lists(BATCH, min_size=1, max_size=8),
    streamed=st.booleans(),
    data=st.data(),
)
def test_the_ledger_agrees_with_the_rules(limits, batches, streamed, data):
    """Every mini-batch is settled once; the step stops exactly when it must.

    Whether all of them are known from the start or come while others run.
    """
    model = Model(limits, batches)
    ledger = Ledger(0 if streamed else len(batches), limits, sealed=not streamed)
    in_hand = []
    while ledger.has_more or in_hand:
        feed(ledger, len(batches), data)
        if not ledger.waiting_count and not in_hand:
            continue
        if ledger.waiting_count and (not in_hand or data.draw(st.booleans())):
            in_hand.append(ledger.take(data.draw(st.integers(1, 4))))
            continue
        span = in_hand.pop(data.draw(st.integers(0, len(in_hand) - 1)))
        count = data.draw(st.integers(1, span.count))
        rest = Span(span.first + count, span.count - count, span.attempt)
        ledger.give_back(rest)
        for index in range(span.first, span.first + count):
            report(ledger, model, index, span.attempt)
        scheduled = not ledger.has_more
        if model.exceeded(all_scheduled=scheduled):
            with pytest.raises(ErrorThresholdExceeded):
                ledger.check()
            return
        ledger.check()

    assert {"done", "failed"} >= {one.end for one in batches}
    assert ledger.counts == Counts(
        done_mini_batches=len(batches),
        failed_mini_batches=len(model.ended("failed")),
        succeeded_items=model.succeeded_items,
        failed_items=model.failed_items,
        retries=sum(one.tries + one.strays - 1 for one in batches),
    )

    if model.exceeded(all_scheduled=True):
        # Only now it is known that these were all.
        with pytest.raises(ErrorThresholdExceeded):
            ledger.finish()
    elif limits.needs_a_success and not model.succeeded_items:
        with pytest.raises(NoItemSucceededError):
            ledger.finish()
    else:
        ledger.finish()


def feed(ledger, total, data):
    """Let some more come, or be sealed, or be preferred."""
    if not ledger.sealed:
        ledger.extend(data.draw(st.integers(0, total - ledger.total)))
        if ledger.total == total and data.draw(st.booleans()):
            ledger.seal()
    if data.draw(st.booleans()):
        ledger.prefer(data.draw(st.lists(st.integers(0, 7), unique=True)))


def report(ledger, model, index, attempt):
    """Play one try, and tell the ledger what came of it."""
    batch = model.batches[index]

    assert not batch.end
    assert attempt == batch.tries + 1

    outcome = model.play(batch)
    if outcome == "done":
        ledger.succeeded(1, batch.results, max(batch.items - batch.results, 0))
        return
    charged = outcome == "raise"
    verdict = ledger.failed(index, attempt, batch.items, charged=charged)

    assert (verdict is Verdict.FAILED) == bool(batch.end)


def settled(*, failed_items=0, failed=0, total=10, waiting=0, succeeded=1):
    """Return an account of a step that is at its end, or nearly."""
    counts = Counts(total - waiting, failed, succeeded, failed_items)
    spans = [Span(0, waiting)] if waiting else []
    return lambda **limits: Ledger(total, Limits(**limits), spans, counts)


@pytest.mark.parametrize(
    ("threshold", "failed_items", "stops"),
    [
        pytest.param(-1, 10**9, False, id="minus one ignores every failure"),
        pytest.param(0, 0, False, id="nothing failed"),
        pytest.param(0, 1, True, id="nothing may fail"),
        pytest.param(5, 5, False, id="the threshold itself is allowed"),
        pytest.param(5, 6, True, id="one above it is not"),
    ],
)
def test_error_threshold(threshold, failed_items, stops):
    """It counts items, over the whole input, while the step runs."""
    ledger = settled(failed_items=failed_items, waiting=3)(error_threshold=threshold)
    if stops:
        message = f"{failed_items} item.* error_threshold={threshold} "
        with pytest.raises(ErrorThresholdExceeded, match=message):
            ledger.check()
    else:
        ledger.check()


@pytest.mark.parametrize(
    ("allowed", "failed", "stops"),
    [
        pytest.param(None, 10, False, id="not checked"),
        pytest.param(-1, 10, False, id="minus one is not checked"),
        pytest.param(0, 1, True, id="none may fail"),
        pytest.param(3, 3, False, id="as many as allowed"),
        pytest.param(3, 4, True, id="one more"),
    ],
)
def test_allowed_failed_count(allowed, failed, stops):
    """It counts mini-batches that failed for good, while the step runs."""
    ledger = settled(failed=failed, waiting=3)(allowed_failed_count=allowed)
    if stops:
        message = f"{failed} mini-batch.*allowed_failed_count={allowed} "
        with pytest.raises(ErrorThresholdExceeded, match=message):
            ledger.check()
    else:
        ledger.check()


@pytest.mark.parametrize(
    ("percent", "failed", "total", "waiting", "stops"),
    [
        pytest.param(None, 10, 10, 0, False, id="not checked"),
        pytest.param(100, 10, 10, 0, False, id="all may fail"),
        pytest.param(0, 1, 10, 0, True, id="none may"),
        pytest.param(30, 3, 10, 0, False, id="as many as allowed"),
        pytest.param(30, 4, 10, 0, True, id="one more"),
        pytest.param(30, 4, 10, 1, False, id="not while anything waits"),
        pytest.param(2.3, 69, 3000, 0, False, id="equality that floats miss"),
        pytest.param(2.3, 70, 3000, 0, True, id="one more than that"),
        pytest.param(33.3, 333, 1000, 0, False, id="decimals"),
    ],
)
def test_allowed_failed_percent(percent, failed, total, waiting, stops):
    """It is looked at only once nothing waits, and equality is allowed."""
    account = settled(failed=failed, total=total, waiting=waiting)
    ledger = account(allowed_failed_percent=percent)
    if stops:
        message = (
            f"{failed} of {total} mini-batches.*allowed_failed_percent={percent:g} "
        )
        with pytest.raises(ErrorThresholdExceeded, match=message):
            ledger.check()
    else:
        ledger.check()


def test_a_retry_that_succeeds_is_no_failure():
    """Only failures for good count toward the thresholds."""
    ledger = Ledger(1, Limits(run_max_try=3, allowed_failed_count=0, error_threshold=0))
    verdicts = [ledger.failed(0, attempt, 10) for attempt in (1, 2)]
    ledger.check()
    ledger.succeeded(1, 10, 0)
    ledger.finish()

    assert verdicts == [Verdict.RETRY] * 2
    assert ledger.counts == Counts(1, 0, 10, 0, 2)


def test_mini_batches_are_taken_in_order():
    """At most as many as asked for, and fewer at the end."""
    ledger = Ledger(5, Limits())
    taken = [ledger.take(2) for _ in range(4)]

    assert taken == [Span(0, 2), Span(2, 2), Span(4, 1), None]
    assert ledger.waiting_count == 0


def test_a_mini_batch_that_failed_comes_next_and_alone():
    """It can harm nobody else, and nobody waits for it long."""
    ledger = Ledger(5, Limits())
    ledger.take(3)
    ledger.failed(1, 1, 10)

    assert ledger.take(100) == Span(1, 1, 2)
    assert ledger.take(100) == Span(3, 2, 1)


def test_what_nobody_has_started_is_given_back():
    """It comes next, in the same try."""
    ledger = Ledger(5, Limits())
    ledger.take(4)
    ledger.give_back(Span(2, 2))
    ledger.give_back(Span(4, 0))

    assert ledger.waiting_count == 3
    assert ledger.take(9) == Span(2, 2)
    assert ledger.take(9) == Span(4, 1)


def test_a_resumed_step_goes_on():
    """With what waits, in its try, and the counts of what was settled."""
    counts = Counts(3, 1, 20, 5, 2)
    ledger = Ledger(6, Limits(error_threshold=5), [Span(2, 1, 3), Span(4, 2)], counts)

    assert ledger.waiting_count == 3
    assert ledger.take(9) == Span(2, 1, 3)

    ledger.check()
    ledger.succeeded(1, 9, 1)

    with pytest.raises(ErrorThresholdExceeded):
        ledger.check()


def test_nothing_to_append():
    """``append_row`` without one succeeded item fails, whatever may fail."""
    ledger = settled(succeeded=0, failed_items=50)(error_threshold=-1)

    with pytest.raises(NoItemSucceededError, match="10 mini-batches"):
        ledger.finish()


def test_summary_only_needs_no_success():
    """The script has written what it wanted to."""
    ledger = settled(succeeded=0, failed_items=50)(needs_a_success=False)
    ledger.finish()

    assert ledger.counts.succeeded_items == 0


def test_nothing_is_lost_on_the_way():
    """A mini-batch that has neither succeeded nor failed is missed."""
    ledger = Ledger(3, Limits())
    ledger.take(3)
    ledger.succeeded(2, 2, 0)

    with pytest.raises(StalledRunError, match="1 of 3 mini-batches"):
        ledger.finish()
