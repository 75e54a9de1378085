"""The journal believes the orchestrator of the latest epoch, and nobody else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from azml_pipelines.data.stretch import Slice
from azml_pipelines.store.journal import Journal, LostRunError, Progress, SettledBundle
from azml_pipelines.store.journal_file import connect, storable
from azml_pipelines.store.run_reader import read_failures, read_run_state
from azml_pipelines.worker.messages import FailedTry, UserError
from azml_pipelines.worker.page import Done, checksum, pack_records

PROGRESS = Progress(1, 0, 1, 0, 0)


def done(mini_batch, **fields):
    """Return the record of a mini-batch that succeeded."""
    values = {"offset": 0, "length": 2, "crc": 7, "rows": 1, "items": 1, "seconds": 0.5}
    values = (mini_batch, *{**values, **fields}.values())
    return Done(*values, checksum(values))


def failed(mini_batch, attempt=1, message="no"):
    """Return a failed try."""
    error = UserError("ValueError", message, "score.py:3 in run: x", "Traceback …")
    return FailedTry(mini_batch, attempt, "exception", 4, error)


def bundle(*records, part="a.part", failures=(), final=frozenset()):
    """Return what a report adds."""
    packed = pack_records(records)
    return SettledBundle(part, packed, failures, final, "node000", "process000")


def slices(journal, position=0):
    """Return where the rows of each mini-batch stand."""
    return [one for found in journal.stretches(position) for one in found.slices()]


@pytest.fixture
def run(make_run):
    """A run with two steps."""
    return make_run("first", "second")


@pytest.fixture
def journal(run, open_journal, owner):
    """Its journal, claimed by this process."""
    journal = open_journal(run)
    journal.claim(owner)
    return journal


def test_a_new_journal(run):
    """Nothing has started; the steps stand in the order of the plan."""
    state = read_run_state(run)

    assert (state.run_id, state.experiment) == ("run-1", "tests")
    assert (state.status, state.started) == ("NotStarted", None)
    assert [step.name for step in state.steps] == ["first", "second"]
    assert {step.status for step in state.steps} == {"NotStarted"}
    assert run.journal.stat().st_mode & 0o777 == 0o600


def test_a_run_has_one_journal(run, make_run):
    """A second one does not replace it."""
    with pytest.raises(FileExistsError):
        Journal.create(run.journal, None, b"")


def test_the_life_of_a_run(run, journal):
    """Every note can be read at once, by anybody."""
    journal.start_run()
    journal.start_step(0)
    journal.note_totals(0, 10, 100, "abc")
    running = read_run_state(run)
    journal.end_step(0, "Finished")
    journal.end_step(1, "Failed", "Step 'second' failed")
    journal.end_run("Failed", "Step 'second' failed")
    ended = read_run_state(run)

    assert running.status == "Running"
    assert running.steps[0].status == "Running"
    assert (running.steps[0].total_mini_batches, running.steps[0].total_items) == (
        10,
        100,
    )
    assert ended.status == "Failed"
    assert ended.error == "Step 'second' failed"
    assert ended.started <= ended.ended
    assert [step.status for step in ended.steps] == ["Finished", "Failed"]
    assert journal.finished_steps() == {0}


def test_each_claim_is_a_new_epoch(run, open_journal, owner):
    """The same process may claim again, as a restart does."""
    journal = open_journal(run)

    assert journal.epoch == 0
    assert journal.claim(owner) == 1
    assert open_journal(run).claim(owner) == 2
    assert journal.epoch == 2


def test_a_living_orchestrator_is_not_pushed_aside(run, open_journal, owner, other):
    """The second one is told who drives the run, and nothing changes."""
    first = open_journal(run)
    first.claim(owner)

    with pytest.raises(LostRunError, match=f"process {owner.pid} on {owner.host}"):
        open_journal(run).claim(other)

    first.start_run()

    assert first.epoch == 1


def test_a_dead_orchestrator_is_followed_by_another(run, open_journal, owner, dead):
    """Nobody has to wait for a process that is gone."""
    open_journal(run).claim(dead)

    assert open_journal(run).claim(owner) == 2


WRITES = {
    "start_run": lambda journal: journal.start_run(),
    "end_run": lambda journal: journal.end_run("Canceled"),
    "start_step": lambda journal: journal.start_step(0),
    "end_step": lambda journal: journal.end_step(0, "Failed", "x"),
    "note_totals": lambda journal: journal.note_totals(0, 1, 1, "x"),
    "note_output": lambda journal: journal.note_output(0, "/x", "x"),
    "settle": lambda journal: journal.settle(0, bundle(done(0)), PROGRESS),
    "forget_done": lambda journal: journal.forget_done(0, [5]),
    "heartbeat": lambda journal: journal.heartbeat(),
}


def content(folder):
    """Return everything in a journal, as text."""
    with closing(sqlite3.connect(folder.journal)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("write", WRITES)
def test_an_older_epoch_changes_nothing(run, open_journal, dead, owner, write):
    """It is told so, whatever it wants to write."""
    old = open_journal(run)
    old.claim(dead)
    old.settle(0, bundle(done(5)), PROGRESS)
    open_journal(run).claim(owner)
    before = content(run)

    with pytest.raises(LostRunError, match="another orchestrator"):
        WRITES[write](old)

    assert before == content(run)


def test_who_has_not_claimed_may_not_write(run, open_journal, owner):
    """Opening a claimed journal is not enough."""
    open_journal(run).claim(owner)

    with pytest.raises(LostRunError):
        open_journal(run).start_run()


def test_a_write_that_fails_leaves_nothing(run, journal):
    """A report is written whole or not at all."""
    broken = replace(bundle(done(0)), failures=[None])
    with pytest.raises(AttributeError):
        journal.settle(0, broken, PROGRESS)

    assert slices(journal, 0) == []
    assert read_run_state(run).steps[0].done_mini_batches == 0

    journal.settle(0, bundle(done(0)), PROGRESS)

    assert len(slices(journal, 0)) == 1


def test_slices_come_in_input_order(journal):
    """Whatever the order of the reports, and by step."""
    journal.settle(0, bundle(done(4), done(5, offset=9), part="b"), PROGRESS)
    journal.settle(0, bundle(done(0), done(1), part="a"), PROGRESS)
    journal.settle(1, bundle(done(2), part="a"), PROGRESS)

    assert [
        Slice(0, "a", 0, 2, 7),
        Slice(1, "a", 0, 2, 7),
        Slice(4, "b", 0, 2, 7),
        Slice(5, "b", 9, 2, 7),
    ] == slices(journal, 0)
    assert [Slice(2, "a", 0, 2, 7)] == slices(journal, 1)


def test_the_first_record_of_a_mini_batch_stands(journal):
    """A late result of the same mini-batch is not heard."""
    journal.settle(0, bundle(done(0, length=3), part="first"), PROGRESS)
    journal.settle(0, bundle(done(0, length=9), part="late"), PROGRESS)

    assert [Slice(0, "first", 0, 3, 7)] == slices(journal, 0)


def test_a_forgotten_record_makes_room(journal):
    """A mini-batch whose rows are damaged runs again, and then counts."""
    journal.settle(0, bundle(done(0), done(1)), PROGRESS)
    journal.forget_done(0, [0])
    journal.settle(0, bundle(done(0, length=9), part="again"), PROGRESS)

    assert ["again", "a.part"] == [one.part for one in slices(journal, 0)]


def test_progress_stands_beside_the_records(run, journal):
    """Readers add nothing up."""
    journal.settle(1, bundle(done(0)), Progress(10, 2, 70, 30, 4))
    step = read_run_state(run).steps[1]

    assert (step.done_mini_batches, step.failed_mini_batches) == (10, 2)
    assert (step.succeeded_items, step.failed_items, step.retries) == (70, 30, 4)


def test_any_text_can_be_kept(run, journal):
    """Names that are not UTF-8 and null bytes, in errors of all kinds."""
    text = "caf\udcff\x00é"
    kept = "caf\\udcff\x00é"
    journal.settle(0, bundle(failures=[failed(0, message=text)]), PROGRESS)
    journal.end_step(0, "Failed", text)
    journal.end_run("Failed", text)
    state = read_run_state(run)

    assert next(read_failures(run, "run-1-first")).message == kept
    assert (state.error, state.steps[0].error) == (kept, kept)


def test_storable_text_is_left_alone():
    """Only what SQLite cannot hold is escaped."""
    assert storable("é🧀\n") == "é🧀\n"
    assert storable("\ud800") == "\\ud800"


def test_an_ended_run_can_be_reopened(run, journal, owner):
    """What is finished stays finished; errors and ends are forgotten."""
    journal.settle(
        1,
        bundle(done(1), failures=[failed(0, 3)], final=frozenset({0})),
        Progress(2, 1, 1, 4),
    )
    journal.end_step(0, "Finished")
    journal.end_step(1, "Failed", "x")
    journal.end_run("Failed", "x")

    assert journal.reopen()

    state = read_run_state(run)

    assert (state.status, state.error, state.ended) == ("Queued", None, None)
    assert [step.status for step in state.steps] == ["Finished", "NotStarted"]

    journal.claim(owner)
    (failure,) = read_failures(run, "run-1-second")

    assert (failure.mini_batch, failure.attempt, failure.final) == (0, 3, False)
    assert [one.mini_batch for one in slices(journal, 1)] == [1]


def test_a_run_that_has_not_ended_is_not_reopened(run, open_journal):
    """There is nothing to forget."""
    journal = open_journal(run)

    assert not journal.reopen()
    assert journal.status() == "NotStarted"


def test_a_run_with_a_living_orchestrator_is_not_reopened(
    run, open_journal, owner, other
):
    """Whoever asks is told who drives it."""
    journal = open_journal(run)
    journal.claim(other)

    with pytest.raises(LostRunError, match=f"process {other.pid}"):
        open_journal(run).reopen()

    journal.start_run()


def test_a_launch_is_noted_until_somebody_claims(run, open_journal, owner, other):
    """A process that was started and never breathed is not waited for."""
    journal = open_journal(run)
    journal.note_launch(other, epoch=0)

    with pytest.raises(LostRunError):
        open_journal(run).claim(owner)

    assert open_journal(run).claim(other) == 1

    journal.note_launch(owner, epoch=0)

    with pytest.raises(LostRunError, match=f"process {other.pid}"):
        open_journal(run).claim(owner)


def test_two_writers_take_turns(run, open_journal, owner):
    """One waits for the other's transaction; neither loses a record."""
    first, second = open_journal(run), open_journal(run)
    first.claim(owner)
    second._epoch = first.epoch
    for number in range(20):
        writer = first if number % 2 else second
        writer.settle(0, bundle(done(number)), PROGRESS)

    assert list(range(20)) == [one.mini_batch for one in slices(first, 0)]


def test_readers_cannot_write(run):
    """Not even by mistake."""
    with (
        closing(connect(run.journal, read_only=True)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("UPDATE run SET status = 'Finished'")
