"""The commit gets every mini-batch once, or is told which one has to run again."""

from __future__ import annotations

import pytest

from azml_pipelines.data.commit import damaged_mini_batches
from azml_pipelines.store.journal import DamagedJournalError


@pytest.fixture
def journal(stored):
    """The journal of a step of four mini-batches, of which the second has failed."""
    stored.done(0, ["a", "b"], 2)
    stored.fail(1, 2)
    stored.done(2, ["e", "f"], 2)
    stored.done(3, ["g", "h"], 2)
    return stored.journal


def damaged(stored):
    """Return the mini-batches that have to run again."""
    return list(damaged_mini_batches(stored.journal.stretches(0), stored.place.parts))


def test_what_was_given_up_is_not_missed(stored, journal):
    """It has no rows, and nothing is wrong with that."""
    assert [0, 2, 3] == [one.first for one in journal.stretches(0)]
    assert [] == damaged(stored)


@pytest.mark.parametrize("index", [0, 2, 3])
def test_a_mini_batch_without_a_record_has_to_run_again(stored, journal, index):
    """At the beginning, in between and at the end."""
    journal.forget_done(0, [index])

    assert [index] == damaged(stored)


@pytest.mark.parametrize(
    "field", ["count", "first_item", "rows", "items", "short", "part", "crc", "seal"]
)
def test_a_mini_batch_with_a_damaged_record_has_to_run_again(stored, journal, field):
    """Whatever was changed; the others are as they were."""
    statement = f"UPDATE done SET {field} = {field} + 1 WHERE first = 2"  # noqa: S608
    journal._connection.execute(statement)

    assert [2] == damaged(stored)


@pytest.mark.parametrize("value", ["", "x", b"\0", -1, 1e300, 2**62])
def test_a_record_may_hold_anything(stored, journal, value):
    """Other types and numbers out of range, too."""
    journal._connection.execute(
        "UPDATE done SET rows = ?, records = ? WHERE first = 2", (value, value)
    )

    assert [2] == damaged(stored)


def test_without_its_part_a_mini_batch_has_to_run_again(stored, journal):
    """Records that name a part of which nobody knows the name are not passed over."""
    journal._connection.execute("DELETE FROM part")

    assert [0, 2, 3] == damaged(stored)


def test_a_record_outside_of_the_plan_is_refused(stored, journal):
    """Nobody can have written it."""
    stored.done(9, ["x"], 2)

    with pytest.raises(DamagedJournalError, match="mini-batch 9 cannot be"):
        list(journal.stretches(0))
