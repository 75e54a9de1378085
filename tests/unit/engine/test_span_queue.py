"""What waits comes in order, what comes later waits behind it, some are preferred."""

from __future__ import annotations

import pytest

from azml_pipelines.engine.ledger import Ledger, Limits, Span
from azml_pipelines.errors import StalledRunError


def test_a_sealed_ledger_takes_no_more():
    """Shares have been judged by then."""
    ledger = Ledger(2, Limits(), sealed=False)
    ledger.extend(3)
    ledger.seal()

    assert 5 == ledger.total
    with pytest.raises(ValueError, match="come after the last one"):
        ledger.extend(1)


def test_an_unsealed_ledger_is_never_finished():
    """However much of it is done."""
    ledger = Ledger(1, Limits(), sealed=False)
    ledger.take(1)
    ledger.succeeded(1, 1, 0)

    assert ledger.has_more
    with pytest.raises(StalledRunError, match="were to come"):
        ledger.finish()


def test_what_comes_later_waits_behind_the_rest():
    """In one span with it, so that memory is needed for nothing."""
    ledger = Ledger(0, Limits(), sealed=False)
    for _ in range(1000):
        ledger.extend(1)

    assert ledger.take(1000) == Span(0, 1000)


def test_preferred_mini_batches_come_first():
    """Each alone, in the order given; the others stay in theirs."""
    ledger = Ledger(10, Limits())
    ledger.take(2)
    ledger.prefer([7, 3, 1, 8])

    assert [Span(7, 1), Span(3, 1), Span(8, 1), Span(2, 1), Span(4, 3), Span(9, 1)] == [
        ledger.take(9) for _ in range(6)
    ]
    assert ledger.take(9) is None


def test_what_was_tried_before_is_not_preferred():
    """It comes back by itself, with its number of tries."""
    ledger = Ledger(4, Limits())
    ledger.take(1)
    ledger.failed(0, 1, 1)
    ledger.prefer([0, 2])

    assert [Span(2, 1), Span(0, 1, 2)] == [ledger.take(4) for _ in range(2)]
