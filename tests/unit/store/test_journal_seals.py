"""No row of a journal is believed that is not what was written."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.journal import DamagedJournalError, Journal
from azml_pipelines.store.journal_file import connect
from azml_pipelines.store.journal_seals import COUNTERS
from azml_pipelines.store.resume_point import read_resume_point
from azml_pipelines.store.run_reader import read_failures, read_run_state

FLIPS = 400


@pytest.fixture
def filled(stored):
    """A run with each kind of row."""
    stored.done(0, ["a", "b"], 2)
    stored.fail(1, 2)
    stored.done(2, ["e", "f"], 2)
    stored.journal.end_run("Canceled")
    stored.journal.close()
    return stored


def damage(folder, statement):
    """Change a journal past those who seal it."""
    with closing(sqlite3.connect(folder.journal)) as connection:
        connection.execute(statement)
        connection.commit()


def records(journal):
    """Return where the rows of each mini-batch with a whole record stand."""
    found = journal.stretches(0)
    return {one for run in found for one in run.slices() if one.crc >= 0}


CHANGES = [
    "UPDATE run SET status = 'Running'",
    "UPDATE run SET plan_sha256 = 'x'",
    "UPDATE run SET epoch = 0",
    "UPDATE run SET error = 'x'",
    "UPDATE run SET seal = 0",
    "UPDATE step SET total_mini_batches = 3",
    "UPDATE step SET list_sha256 = NULL",
    "UPDATE step SET status = 'Finished'",
    "UPDATE step SET name = 'x'",
    "UPDATE failure SET mini_batch = 3",
    "UPDATE failure SET final = 0",
    "UPDATE failure SET items = 1",
    "UPDATE failure SET message = 'x'",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_with_a_changed_row_does_not_go_on(filled, owner, change):
    """Neither at once nor after its end; the table is named."""
    damage(filled.folder, change)
    named = f"of its table {change.split()[1]}"
    with closing(Journal(filled.folder.journal)) as journal:
        for go_on in (journal.reopen, lambda: journal.claim(owner)):
            with pytest.raises(DamagedJournalError, match=named):
                go_on()


def test_what_people_read_is_checked(filled):
    """Rather nothing than something that was not so."""
    damage(filled.folder, "UPDATE failure SET message = 'another'")

    with pytest.raises(DamagedJournalError):
        list(read_failures(filled.folder, "step-1"))

    damage(filled.folder, "UPDATE run SET status = 'Finished'")

    with pytest.raises(DamagedJournalError):
        read_run_state(filled.folder)


def test_counters_are_not_sealed(filled, owner):
    """They are counted anew from the records; but they are numbers."""
    changes = ", ".join(f"{name} = 99" for name in COUNTERS)
    damage(filled.folder, f"UPDATE step SET {changes}")  # noqa: S608 - names of ours
    with closing(Journal(filled.folder.journal)) as journal:
        journal.reopen()
        journal.claim(owner)

    assert 99 == read_run_state(filled.folder).steps[0].retries

    damage(filled.folder, "UPDATE step SET retries = 'many'")

    with pytest.raises(DamagedJournalError, match="retries"):
        read_run_state(filled.folder)


def test_a_changed_layout_is_refused(filled, owner):
    """It would read the same bytes as something else."""
    damage(filled.folder, "CREATE INDEX another ON done (crc)")
    with (
        closing(Journal(filled.folder.journal)) as journal,
        pytest.raises(DamagedJournalError, match="layout"),
    ):
        journal.claim(owner)


def test_a_damaged_record_is_forgotten_and_runs_again(filled, owner):
    """The rest is kept."""
    damage(filled.folder, "UPDATE done SET crc = crc + 1 WHERE first = 2")
    with closing(Journal(filled.folder.journal)) as journal:
        journal.reopen()
        journal.claim(owner)
        point = read_resume_point(filled.folder.journal, 0)

    assert 2 == point.progress.succeeded_items
    assert [1, 2, 3] == [
        index for gap in point.gaps for index in range(gap.first, gap.first + gap.count)
    ]


def test_no_flipped_bit_changes_what_is_done(filled, owner, tmp_path):
    """What is kept is right, what is not kept runs again, or the run is refused."""
    with closing(connect(filled.folder.journal)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    model = filled.folder.journal.read_bytes()
    with closing(Journal(filled.folder.journal)) as journal:
        true = records(journal)
    refused = 0
    flips = random.Random(3)
    folder = tmp_path / "flipped"
    for _ in range(FLIPS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        bit = flips.randrange(8 * len(model))
        content = bytearray(model)
        content[bit // 8] ^= 1 << bit % 8
        path = folder / "run.db"
        path.write_bytes(content)
        try:
            with closing(Journal(path)) as journal:
                journal.reopen()
                journal.claim(owner)
                kept = records(journal)
                gaps = read_resume_point(path, 0).gaps
        except WorkspaceException:
            refused += 1
            continue
        waiting = {gap.first + n for gap in gaps for n in range(gap.count)}

        assert kept <= true, f"bit {bit}"
        assert {0, 1, 2, 3} == waiting | {one.mini_batch for one in kept}

    assert 0 < refused < FLIPS
