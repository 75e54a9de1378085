"""A step goes on where it stopped: every mini-batch is settled or waits, never both."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml_pipelines.store.journal import Progress, SettledBundle
from azml_pipelines.store.resume_point import Gap, read_resume_point
from azml_pipelines.store.run_reader import read_failures
from azml_pipelines.worker.messages import FailedTry, UserError
from azml_pipelines.worker.page import Done, pack_records

ITEMS = 5


@dataclass(frozen=True)
class History:
    """What has happened to one mini-batch so far."""

    tries: tuple[bool, ...]
    """Failed tries before the last one, in order: whether each was charged."""
    end: str
    """``waiting``, ``done`` or ``failed``."""
    rows: int


HISTORIES = st.lists(
    st.builds(
        History,
        st.lists(st.booleans(), max_size=3).map(tuple),
        st.sampled_from(["waiting", "waiting", "done", "done", "failed"]),
        st.integers(0, ITEMS + 2),
    ),
    min_size=1,
    max_size=25,
)


def failed(mini_batch, attempt, *, charged):
    """Return a failed try."""
    error = UserError("ValueError", "no")
    return FailedTry(mini_batch, attempt, "exception", ITEMS, error, charged=charged)


def settle(journal, records=(), failures=(), *, final=False):
    """Write one report."""
    indexes = frozenset(failure.mini_batch for failure in failures)
    journal.settle(
        0,
        SettledBundle(
            "a.part",
            pack_records(records),
            failures,
            indexes if final else frozenset(),
            "n",
            "p",
        ),
        Progress(),
    )


def play(journal, histories):
    """Write what happened, and return the attempt that is next for each."""
    attempts = {}
    for mini_batch, history in enumerate(histories):
        attempt = 1
        for charged in history.tries:
            settle(journal, failures=[failed(mini_batch, attempt, charged=charged)])
            attempt += charged
        if history.end == "done":
            settle(journal, [Done(mini_batch, 0, 0, 0, history.rows, ITEMS, 0.0)])
        elif history.end == "failed":
            last = failed(mini_batch, attempt, charged=True)
            settle(journal, failures=[last], final=True)
        attempts[mini_batch] = attempt
    return attempts


def spread(gaps):
    """Return the attempt of every mini-batch in some gaps, in order."""
    return [
        (gap.first + offset, gap.attempt) for gap in gaps for offset in range(gap.count)
    ]


@pytest.fixture
def fresh(make_run, open_journal, owner):
    """Make runs with the same step, and open their journals."""
    numbers = itertools.count()

    def fresh(total):
        folder = make_run("score", run_id=f"run-{next(numbers)}")
        journal = open_journal(folder)
        journal.claim(owner)
        journal.note_totals(0, total, total * ITEMS, "abc")
        return folder, journal

    return fresh


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=HISTORIES)
def test_what_is_not_settled_waits(fresh, histories):
    """In order, each for its next try; the counters are those of what is settled."""
    folder, journal = fresh(len(histories))
    attempts = play(journal, histories)
    point = read_resume_point(folder.journal, 0)
    succeeded = [one for one in histories if one.end == "done"]
    given_up = [one for one in histories if one.end == "failed"]

    assert [
        (index, attempts[index])
        for index, history in enumerate(histories)
        if history.end == "waiting"
    ] == spread(point.gaps)
    assert all(gap.count == 1 for gap in point.gaps if gap.attempt > 1)
    assert point.progress == Progress(
        done_mini_batches=len(succeeded) + len(given_up),
        failed_mini_batches=len(given_up),
        succeeded_items=sum(one.rows for one in succeeded),
        failed_items=sum(max(ITEMS - one.rows, 0) for one in succeeded)
        + ITEMS * len(given_up),
        retries=sum(len(one.tries) for one in histories),
    )


def test_before_the_list_is_frozen(make_run):
    """There is no total, and so nothing waits."""
    point = read_resume_point(make_run().journal, 0)

    assert (point.total_mini_batches, point.list_sha256) == (None, None)
    assert point.gaps == ()
    assert point.progress == Progress()


def test_a_fresh_step_is_one_gap(fresh):
    """However many mini-batches there are."""
    folder, _ = fresh(1_000_000)
    point = read_resume_point(folder.journal, 0)

    assert point.total_mini_batches == 1_000_000
    assert point.list_sha256 == "abc"
    assert point.gaps == (Gap(0, 1_000_000, 1),)


def test_a_reopened_run_tries_again_what_was_given_up(fresh, owner):
    """From the first try on; what succeeded stays."""
    folder, journal = fresh(3)
    play(
        journal,
        [
            History((True, True), "failed", 0),
            History((), "done", ITEMS),
            History((True,), "waiting", 0),
        ],
    )
    journal.end_run("Failed", "x")
    journal.reopen()
    journal.claim(owner)
    point = read_resume_point(folder.journal, 0)

    assert spread(point.gaps) == [(0, 1), (2, 1)]
    assert point.progress.done_mini_batches == 1
    assert point.progress.failed_items == 0


def test_what_a_finished_step_gave_up_stays_given_up(make_run, open_journal, owner):
    """Another step's failure reopens the run; the finished one is not run again."""
    folder = make_run("first", "second")
    journal = open_journal(folder)
    journal.claim(owner)
    journal.note_totals(0, 1, ITEMS, "abc")
    play(journal, [History((True,), "failed", 0)])
    journal.end_step(0, "Finished")
    journal.end_step(1, "Failed", "x")
    journal.end_run("Failed", "x")
    journal.reopen()
    journal.claim(owner)
    tries = list(read_failures(folder, "run-1-first"))

    assert [one.final for one in tries] == [True, False]


def test_steps_are_apart(make_run, open_journal, owner):
    """What one step has done does not count for another."""
    folder = make_run("first", "second")
    journal = open_journal(folder)
    journal.claim(owner)
    for position in (0, 1):
        journal.note_totals(position, 2, 2 * ITEMS, "abc")
    settle(journal, [Done(0, 0, 0, 0, 5, 5, 0.0)])

    assert read_resume_point(folder.journal, 0).gaps == (Gap(1, 1, 1),)
    assert read_resume_point(folder.journal, 1).gaps == (Gap(0, 2, 1),)
