"""A report says of each mini-batch what became of it, or that it was not started."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.compute.report import BundleReport
from azml_pipelines.worker.messages import FailedTry, UserError
from azml_pipelines.worker.page import Done, pack_record

FIRST, COUNT = 10, 8


def report(done=(), failed=(), unstarted=0):
    """Return the report of a bundle of eight mini-batches."""
    error = UserError("ValueError", "no")
    return BundleReport(
        FIRST,
        COUNT,
        1,
        node="node000",
        records=b"".join(pack_record(Done(n, 0, 0, 0, 1, 1, 0.0)) for n in done),
        failures=tuple(FailedTry(n, 1, "exception", 1, error) for n in failed),
        unstarted=unstarted,
    )


def test_a_report_is_complete_when_nothing_is_missing():
    """Every mini-batch has a record or a failure, or was not started."""
    assert report(range(10, 18)).complete
    assert report([10, 12], [11], unstarted=5).complete
    assert not report([10, 12], [11]).complete
    assert not report([10, 12]).complete


def test_what_lies_behind_a_gap_was_not_started():
    """A failure that was not heard of leaves a gap; what follows runs again."""
    found = report([10, 11, 14], [12, 15]).without_gaps()

    assert [10, 11] == [one.mini_batch for one in found.done()]
    assert [12] == [one.mini_batch for one in found.failures]
    assert found.unstarted == 5


def test_a_report_without_gaps_stays_as_it_is():
    """Nothing is taken from it."""
    whole = report([10, 12, 13, 14, 15, 16, 17], [11])

    assert whole == whole.without_gaps()


@given(
    done=st.frozensets(st.integers(FIRST, FIRST + COUNT - 1)),
    failed=st.frozensets(st.integers(FIRST, FIRST + COUNT - 1)),
)
def test_settled_and_unstarted_make_up_the_bundle(done, failed):
    """Each mini-batch is on exactly one side, and what is settled comes first."""
    found = report(sorted(done - failed), sorted(failed)).without_gaps()
    settled = [one.mini_batch for one in (*found.done(), *found.failures)]
    end = FIRST + COUNT - found.unstarted

    assert list(range(FIRST, end)) == sorted(settled)
    assert end == FIRST + COUNT or end not in done | failed
    assert found.complete
