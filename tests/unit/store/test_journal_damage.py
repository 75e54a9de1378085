"""What SQLite says of a damaged journal becomes one line that says what to do."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.journal import Journal
from azml_pipelines.store.journal_damage import DamagedJournalError, naming_damage
from azml_pipelines.store.journal_file import connect, reading
from azml_pipelines.store.run_reader import read_run_state


@pytest.fixture
def run(make_run):
    """A run with one step."""
    return make_run("score")


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, bytes(8192)])
def test_what_is_no_journal_is_named(run, content):
    """For those who read and for those who write."""
    run.journal.write_bytes(content)

    with pytest.raises(DamagedJournalError) as reading_error:
        read_run_state(run)
    with pytest.raises(DamagedJournalError) as writing_error:
        Journal(run.journal)

    for error in (reading_error.value, writing_error.value):
        assert str(run.journal) in error.message
        assert "submit the pipeline again" in error.message
        assert len(error.message.splitlines()) == 1


def test_a_journal_that_is_cut_is_named(run):
    """Its pages are fewer than its header says."""
    with closing(connect(run.journal)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = run.journal.read_bytes()
    run.journal.write_bytes(content[: len(content) // 2])

    with pytest.raises(DamagedJournalError):
        Journal(run.journal).reopen()


def test_a_journal_that_is_missing_is_not_called_damaged(run):
    """It says that it cannot be opened."""
    shutil.rmtree(run.root)

    with pytest.raises(WorkspaceException, match="cannot be opened") as error:
        read_run_state(run)

    assert not isinstance(error.value, DamagedJournalError)


def test_what_it_quotes_stays_short_and_harmless(run):
    """It may be anything that stands in the file."""
    error = DamagedJournalError(run.journal, "near \x1b[2J\n" + 1000 * "x")

    assert "\x1b" not in error.message
    assert len(error.message.splitlines()) == 1
    assert len(error.problem) < 200


def test_text_that_is_not_utf8_is_named(run):
    """Python finds that, not SQLite."""
    with closing(sqlite3.connect(run.journal)) as connection:
        connection.execute("UPDATE step SET name = CAST(x'ff' AS TEXT)")
        connection.commit()

    with pytest.raises(DamagedJournalError, match="UTF-8"):
        read_run_state(run)


def test_a_lock_is_no_damage(run):
    """Nor is a full disk: what stands in the file is as it was."""
    with closing(connect(run.journal)) as holder, closing(connect(run.journal)) as late:
        holder.execute("BEGIN IMMEDIATE")
        late.execute("PRAGMA busy_timeout = 1")

        with (
            pytest.raises(sqlite3.OperationalError, match="locked"),
            naming_damage(run.journal),
        ):
            late.execute("BEGIN IMMEDIATE")


def test_errors_of_others_pass(run):
    """Only what the journal raises is about the journal."""
    with pytest.raises(ZeroDivisionError), reading(run.journal):
        _ = 1 // 0
