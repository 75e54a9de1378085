"""Tries that others end: not charged, and with a budget of their own."""

from __future__ import annotations

import pytest

from azml_pipelines.engine.ledger import Ledger, Limits, Span, Verdict
from azml_pipelines.errors import ComputeLostError


def test_a_stray_try_is_not_charged():
    """It comes again with the same number, and alone."""
    ledger = Ledger(5, Limits(run_max_try=1))
    ledger.take(3)
    verdict = ledger.failed(1, 1, 10, charged=False)

    assert verdict is Verdict.RETRY
    assert ledger.take(100) == Span(1, 1, 1)


def test_strays_have_a_budget_of_their_own():
    """A mini-batch whose processes are killed again and again is given up."""
    ledger = Ledger(1, Limits(run_max_try=1))
    verdicts = [ledger.failed(0, 1, 10, charged=False) for _ in range(10)]

    assert verdicts == [Verdict.RETRY] * 9 + [Verdict.FAILED]
    assert ledger.strays_of(0) == 10


@pytest.mark.parametrize(
    ("total", "allowed"),
    [
        pytest.param(200, 100, id="a hundred"),
        pytest.param(10_000, 500, id="or 5 % of the mini-batches"),
    ],
)
def test_a_step_that_somebody_keeps_killing_ends(total, allowed):
    """Not one mini-batch is to blame, and the message says so."""
    ledger = Ledger(total, Limits())
    for mini_batch in range(allowed):
        ledger.failed(mini_batch, 1, 1, charged=False)
    ledger.check()
    ledger.failed(allowed, 1, 1, charged=False)

    with pytest.raises(ComputeLostError, match=f"{allowed + 1} tries and starts"):
        ledger.check()


def test_a_success_now_and_then_does_not_keep_a_step_alive():
    """It is ended by name before many innocent mini-batches are given up."""
    ledger = Ledger(200, Limits())
    for number in range(111):
        ledger.failed(number % 50, 1, 1, charged=False)
        ledger.check()
        if number % 10 == 9:
            ledger.succeeded(1, 1, 0)
    ledger.failed(11, 1, 1, charged=False)

    with pytest.raises(ComputeLostError, match="and 11 of 200 mini-batches succeeded"):
        ledger.check()


def test_starts_that_others_end_count_too():
    """Where hardly a worker process gets through its start, there are few tries."""
    ledger = Ledger(200, Limits())
    ledger.strayed(100)
    ledger.check()
    ledger.strayed(1)

    with pytest.raises(ComputeLostError, match="101 tries and starts"):
        ledger.check()


def test_a_storm_ends_no_step_that_gets_on():
    """A thousand kills over ten thousand mini-batches, with successes in between."""
    ledger = Ledger(10_000, Limits())
    for mini_batch in range(1_000):
        ledger.take(2)
        ledger.failed(mini_batch, 1, 1, charged=False)
        ledger.succeeded(1, 1, 0)
        ledger.check()

    assert ledger.counts.retries == 1_000
