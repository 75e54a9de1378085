"""Every failed item is named, with its reason and the command that repeats it."""

from __future__ import annotations

import tracemalloc
from contextlib import closing

import pytest

from azml_pipelines.store.failed_items import failed_items
from azml_pipelines.store.journal_damage import DamagedJournalError
from azml_pipelines.store.journal_file import connect


def found(stored):
    """Return what failed."""
    return list(failed_items(stored.folder, stored.step, 0))


def test_each_file_of_a_given_up_mini_batch(stored):
    """Its name, its mini-batch, the exception, the user's line, process and node."""
    stored.fail(2, 2, message="no digit", user_line="score.py:3 in run: x", attempt=3)

    first, second = found(stored)

    assert ("2a.txt", "2b.txt") == (first.item, second.item)
    assert (2, 3, "exception", "ValueError") == (
        first.mini_batch,
        first.attempt,
        first.reason,
        first.exception_type,
    )
    assert "no digit" == first.message
    assert "score.py:3 in run: x" == first.user_line
    assert ("process000", "node000") == (first.process, first.node)
    assert "azml replay run-1 2" == first.replay


def test_a_try_that_is_followed_by_another_is_no_failed_item(stored):
    """Only what was given up counts."""
    stored.fail(1, 2, final=False)
    stored.done(1, ["x", "y"], 2)

    assert found(stored) == []


def test_input_order(stored):
    """Whoever failed first, and whatever the reason."""
    stored.fail(3, 2)
    stored.done(2, ["only one"], 2)
    stored.fail(0, 2)

    assert [0, 0, 2, 3, 3] == [item.mini_batch for item in found(stored)]


def test_a_missing_result_belongs_to_nobody(stored):
    """One entry per missing result; the items of the mini-batch are candidates."""
    stored.done(1, [], 2)

    one, other = found(stored)

    assert one == other
    assert one.item is None
    assert "short" == one.reason
    assert ("1a.txt", "1b.txt") == one.candidates
    assert ("process000", "node000") == (one.process, one.node)


def test_a_journal_of_old_does_not_know_who_was_short(stored):
    """The node stands in the name of the part, the process nowhere."""
    stored.done(1, ["only one"], 2)
    with closing(connect(stored.folder.journal)) as connection:
        connection.execute("ALTER TABLE part DROP COLUMN process")

    (one,) = found(stored)

    assert ("", "node000") == (one.process, one.node)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE failure SET first_item = x'30'",
        "UPDATE failure SET message = 'another'",
        "UPDATE done SET items = x'33'",
        "UPDATE done SET records = zeroblob(length(records))",
    ],
)
def test_a_damaged_record_is_named(stored, damage):
    """Nobody is told that the wrong item failed, or nothing at all."""
    stored.fail(0, 2)
    stored.done(1, ["only one"], 2)
    with closing(connect(stored.folder.journal)) as connection:
        connection.execute(damage)

    with pytest.raises(DamagedJournalError, match="damaged: the record"):
        found(stored)


def test_a_piece_of_a_mini_batch(make_stored):
    """Only its items have failed, and the command repeats only these."""
    stored = make_stored([(8, [f"{n}.txt" for n in range(8)])])
    stored.fail(0, 2, first_item=5)
    stored.fail(0, 1, first_item=3)

    items = found(stored)

    assert ["3.txt", "5.txt", "6.txt"] == [item.item for item in items]
    assert "azml replay run-1 0 --first-item 5 --item-count 2" == items[1].replay
    assert "azml replay run-1 0 --first-item 3 --item-count 1" == items[0].replay


def test_rows_of_a_table(make_stored):
    """One entry per piece, with the bytes and the rows of it."""
    stored = make_stored([(0, ["a.csv", 10, 90]), (0, ["a.csv", 90, 200])])
    stored.fail(0, 7)
    stored.fail(1, 1, first_item=4)

    whole, one = found(stored)

    assert ("a.csv bytes 10-90 rows 0-6", 7) == (whole.item, whole.items)
    assert "azml replay run-1 0" == whole.replay
    assert ("a.csv bytes 90-200 row 4", 1) == (one.item, one.items)
    assert "azml replay run-1 1 --first-item 4 --item-count 1" == one.replay


def test_a_table_that_nobody_could_read(make_stored):
    """Its bytes are known, its rows are not."""
    stored = make_stored([(0, ["a.csv", 0, 90])])
    stored.fail(0, 0)

    assert ["a.csv bytes 0-90"] == [item.item for item in found(stored)]


def test_a_lost_list_does_not_hide_that_items_failed(stored):
    """The entry says what is missing."""
    stored.fail(0, 2)
    stored.place.mini_batches.unlink()

    (item,) = found(stored)

    assert "lost list" in item.item
    assert "ValueError" == item.exception_type


def test_memory_does_not_grow_with_the_failures(make_stored):
    """Twenty times as many need no more."""

    def peak(stored):
        # The least of ten: what other threads of this process take counts as well.
        found = []
        for _ in range(10):
            tracemalloc.start()
            count = sum(1 for _ in failed_items(stored.folder, stored.step, 0))
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            found.append((count, most))
        return min(found)

    lines = [(1, [f"{n}.txt"]) for n in range(4000)]
    stored = make_stored(lines)
    for number in range(200):
        stored.fail(number, 1)
    few = peak(stored)
    for number in range(200, 4000):
        stored.fail(number, 1)
    many = peak(stored)

    assert (200, 4000) == (few[0], many[0])
    assert many[1] < 1.5 * few[1]
