"""How far a list has got survives its orchestrator."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from azml_pipelines.store.journal import LostRunError
from azml_pipelines.store.journal_list import Listed, forget_list, note_listed
from azml_pipelines.store.resume_point import (
    Gap,
    read_list_point,
    read_resume_point,
)
from azml_pipelines.store.run_reader import read_run_state


@pytest.fixture
def driven(make_run, open_journal, owner):
    """A run whose step has begun, and its journal."""
    folder = make_run()
    journal = open_journal(folder)
    journal.claim(owner)
    journal.start_step(0)
    return folder, journal


def test_a_list_grows(driven):
    """What is known of it waits; the total is not known before the end."""
    folder, journal = driven
    note_listed(journal, 0, Listed(10, "aa"))
    note_listed(journal, 0, Listed(300, "bb"))
    point = read_resume_point(folder.journal, 0)
    state = read_run_state(folder).steps[0]

    assert Listed(300, "bb") == read_list_point(folder.journal, 0).listed
    assert (None, 300) == (point.total_mini_batches, point.known_mini_batches)
    assert (Gap(0, 300, 1),) == point.gaps
    assert (state.total_mini_batches, state.listed_mini_batches) == (None, 300)


def test_the_end_of_a_list(driven):
    """The totals hold then."""
    folder, journal = driven
    note_listed(journal, 0, Listed(10, "aa"))
    journal.note_totals(0, 12, 12, "cc")
    point = read_list_point(folder.journal, 0)

    assert (point.total_mini_batches, point.list_sha256) == (12, "cc")
    assert read_resume_point(folder.journal, 0).known_mini_batches == 12


def test_a_list_can_be_forgotten(driven):
    """With everything that was done of it."""
    folder, journal = driven
    note_listed(journal, 0, Listed(10, "aa"))
    forget_list(journal, 0)

    assert Listed() == read_list_point(folder.journal, 0).listed
    assert read_resume_point(folder.journal, 0).gaps == ()


def test_a_damaged_record_counts_for_nothing(driven):
    """The list is written anew."""
    folder, journal = driven
    note_listed(journal, 0, Listed(10, "aa"))
    with closing(sqlite3.connect(folder.journal)) as connection, connection:
        connection.execute("UPDATE listed SET mini_batches = 'many'")

    assert Listed() == read_list_point(folder.journal, 0).listed


def test_who_has_lost_the_run_notes_nothing(driven):
    """As with every other write."""
    folder, journal = driven
    with closing(sqlite3.connect(folder.journal)) as connection, connection:
        connection.execute("UPDATE run SET epoch = epoch + 1")

    with pytest.raises(LostRunError):
        note_listed(journal, 0, Listed(10, "aa"))

    assert Listed() == read_list_point(folder.journal, 0).listed
