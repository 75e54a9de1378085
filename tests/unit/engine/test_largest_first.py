"""What would keep the others waiting is handed out first; the rest stays in order."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.compute.report import BundleReport
from azml_pipelines.data.minibatch import split_files, write_mini_batches
from azml_pipelines.engine.largest_first import LargestFirst, heaviest, weigh
from azml_pipelines.engine.ledger import Ledger, Limits, Span
from azml_pipelines.worker.page import Done, pack_record

RATE = 1e-3


@pytest.mark.parametrize(
    ("weights", "slots", "rate", "found"),
    [
        pytest.param([1, 12, 1, 30, 1], 2, None, [3, 1], id="heaviest first"),
        pytest.param([5] * 8, 2, None, [], id="equal ones have no order"),
        pytest.param([0] * 8, 2, None, [], id="nobody knows"),
        pytest.param([], 2, None, [], id="nothing"),
        pytest.param([1, 40, 1, 60], 2, RATE, [3], id="below 50 ms is not worth it"),
        pytest.param([1] * 1000 + [2], 2, None, [], id="half a percent or nothing"),
        pytest.param([1] * 1000 + [3], 2, None, [1000], id="just above that"),
    ],
)
def test_which_are_heavy(weights, slots, rate, found):
    """By bytes, and by seconds as soon as these are known."""
    assert found == heaviest(weights, slots, rate)


def makespan(order, seconds, slots):
    """Return when everything has ended that was taken in this order."""
    free = [0.0] * slots
    for index in order:
        heapq.heapreplace(free, free[0] + seconds[index])
    return max(free)


@given(
    seconds=st.lists(st.integers(1, 10_000), min_size=1, max_size=200),
    slots=st.integers(1, 8),
)
def test_nobody_waits_for_a_late_giant(seconds, slots):
    """What begins late ends soon after the time that nobody can beat."""
    first = heaviest(seconds, slots, None)
    rest = [index for index in range(len(seconds)) if index not in set(first)]
    bound = max(sum(seconds) / slots, *seconds)
    late = max((seconds[index] for index in rest), default=0)

    assert sorted((*first, *rest)) == list(range(len(seconds)))
    assert makespan([*first, *rest], seconds, slots) <= max(
        bound + late, makespan(first, seconds, slots)
    )
    assert late <= max(0.005 * sum(seconds) / slots, 1.2 * sum(seconds) / len(seconds))


def test_bytes_of_files_and_pieces(tmp_path):
    """A mini-batch weighs what its files weigh; one that is gone, nothing."""
    for name, size in (("a", 3), ("b", 5)):
        (tmp_path / name).write_bytes(bytes(size))
    lines = [
        b'[0,2,["a","b"]]\n',
        b'[0,2,["b","gone"]]\n',
        b'[1,0,["t.csv",10,25]]\n',
        b'[1,0,["t.parquet"]]\n',
    ]

    assert [8, 5, 15, 0] == list(weigh(lines, [str(tmp_path), "/nowhere"]))


@pytest.fixture
def ordered(tmp_path):
    """Ten files, of which the fourth and the eighth are large."""
    root = tmp_path / "data"
    root.mkdir()
    for number in range(10):
        size = {3: 300, 7: 900}.get(number, 10)
        (root / str(number)).write_bytes(bytes(size))
    path = tmp_path / "list.jsonl"
    write_mini_batches(split_files(0, map(str, range(10)), 1), path)
    return LargestFirst(path, [str(root)], slots=2)


def report(index, seconds):
    """Return what is reported of one mini-batch."""
    record = pack_record(Done(index, 0, 0, 0, 1, 1, seconds, 0))
    return BundleReport(index, 1, 1, records=record)


def test_a_short_list_is_in_order_from_the_start(ordered):
    """Before anything is handed out."""
    ledger = Ledger(10, Limits())
    ordered.begin(ledger, items=10)

    assert [Span(7, 1), Span(3, 1), Span(0, 3)] == [ledger.take(9) for _ in range(3)]


def test_it_is_looked_at_again(ordered):
    """Seconds are known by then: nothing of this takes long."""
    ledger = Ledger(10, Limits())
    ordered.begin(ledger, items=10)
    ledger.take(1)
    ordered.observe(report(7, 1e-4), ledger)

    assert ledger.take(1) == Span(3, 1)


def test_a_long_list_is_weighed_when_it_is_worth_it(ordered):
    """Quick items are not looked at one by one."""
    ledger = Ledger(10, Limits())
    ordered.begin(ledger, items=1_000_000)
    ledger.take(2)
    ordered.observe(report(0, 1e-5), ledger)
    before = ordered._thread
    ordered.observe(report(1, 0.1), ledger)
    ordered._thread.join()
    ordered.observe(report(2, 0.1), ledger)

    assert before is None
    assert ledger.take(1) == Span(7, 1)


def test_an_unfinished_list_waits(ordered):
    """Nobody knows what share a mini-batch has."""
    ledger = Ledger(10, Limits(), sealed=False)
    ordered.begin(ledger, items=10)

    assert ledger.take(9) == Span(0, 9)
