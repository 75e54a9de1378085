"""Every row has an origin, and every item an answer."""

from __future__ import annotations

from contextlib import closing

import pytest

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.journal_damage import DamagedJournalError
from azml_pipelines.store.journal_file import connect
from azml_pipelines.store.trace import origin_of_row, rows_of_item


def origin(stored, row):
    """Trace a row of the one step."""
    return origin_of_row(stored.folder, "step-1", row)


def rows(stored, item):
    """Trace an item of the one step."""
    return rows_of_item(stored.folder, "step-1", item)


def test_a_row_has_the_item_at_its_place(stored):
    """Whoever came first: rows are counted in the order of the input."""
    stored.done(1, ["c", "d"], 2)
    stored.done(0, ["a", "b"], 2)

    found = [origin(stored, row) for row in range(4)]

    assert ["0a.txt", "0b.txt", "1a.txt", "1b.txt"] == [one.item for one in found]
    assert [0, 0, 1, 1] == [one.mini_batch for one in found]
    assert ("process000", "node000", "node000.1.1.part") == (
        found[3].process,
        found[3].node,
        found[3].part,
    )


def test_the_try_that_counts_is_named(stored):
    """A second one wrote the row, where the first one failed."""
    stored.fail(0, 2, final=False)
    stored.done(0, ["a", "b"], 2)

    assert 2 == origin(stored, 1).attempt
    assert [2] == [one.attempt for one in rows(stored, "0b.txt")]


def test_a_short_result_has_candidates(stored):
    """One row of two items may be either's; more rows than items as well."""
    stored.done(0, ["only"], 2)
    stored.done(1, ["x", "y", "z"], 2)

    found = origin(stored, 0)

    assert (None, ("0a.txt", "0b.txt"), 2) == (
        found.item,
        found.candidates,
        found.items,
    )
    assert ("1a.txt", "1b.txt") == origin(stored, 3).candidates
    assert [(1, 3, False)] == [
        (one.first_row, one.rows, one.exact) for one in rows(stored, "1a.txt")
    ]


def test_failed_mini_batches_have_no_rows(stored):
    """What comes behind them moves up, as in the file."""
    stored.fail(0, 2, attempt=3, reason="exception")
    stored.done(1, ["x", "y"], 2)

    (failed,) = rows(stored, "0a.txt")
    (waiting,) = rows(stored, "3b.txt")

    assert "1a.txt" == origin(stored, 0).item
    assert ("failed", None, "exception", 3) == (
        failed.state,
        failed.first_row,
        failed.reason,
        failed.attempt,
    )
    assert "waiting" == waiting.state


@pytest.mark.parametrize("row", [2, 10**9, -1])
def test_there_are_only_so_many_rows(stored, row):
    """The message says how many."""
    stored.done(0, ["a", "b"], 2)

    with pytest.raises(UserErrorException, match=r"rows 0 to 1"):
        origin(stored, row)


@pytest.mark.parametrize(
    ("item", "found"),
    [
        pytest.param("in/x.txt", [0], id="whole path"),
        pytest.param("y/x.txt", [2], id="the end of one"),
        pytest.param("y.txt", [1, 3], id="the end of two"),
        pytest.param("/mnt/in/x.txt", [0], id="where it is mounted"),
        pytest.param("n/x.txt", [], id="no part of a name"),
        pytest.param("nothing.txt", [], id="another one"),
    ],
)
def test_an_item_is_known_by_its_path(make_stored, item, found):
    """Or by the end of it, from a slash on."""
    paths = ["in/x.txt", "in/y.txt", "in/y/x.txt", "in/y/y.txt", "x.txt"]
    stored = make_stored([(1, [path]) for path in paths])
    for number in range(len(paths)):
        stored.done(number, ["row"], 1)

    assert found == [one.first_row for one in rows(stored, item)]


def test_rows_of_tables_are_counted_through_their_file(make_stored):
    """Row 5 of a file is row 2 of its second piece; the next file begins anew."""
    stored = make_stored(
        [
            (0, ["a.csv", 0, 30, "", []]),
            (0, ["a.csv", 30, 60, "", []]),
            (0, ["b.csv", 0, 60, "", []]),
        ]
    )
    stored.done(0, ["0", "1", "2"], 3)
    stored.done(1, ["3", "4", "5"], 3)
    stored.done(2, ["6", "7"], 2)

    assert "a.csv row 5" == origin(stored, 5).item
    assert "b.csv row 1" == origin(stored, 7).item
    assert [(0, 3), (3, 3)] == [
        (one.first_row, one.rows) for one in rows(stored, "a.csv")
    ]


def test_where_a_piece_before_is_missing_rows_are_counted_in_theirs(make_stored):
    """How many rows it has, nobody knows."""
    stored = make_stored(
        [(0, ["a.csv", 0, 30, "", []]), (0, ["a.csv", 30, 60, "", []])]
    )
    stored.fail(0, 0)
    stored.done(1, ["3", "4"], 2)

    assert "a.csv bytes 30-60 row 1" == origin(stored, 1).item


def test_a_damaged_record_is_no_ground_to_count_on(stored):
    """Nobody knows how many rows it stands for."""
    stored.done(0, ["a", "b"], 2)
    stored.done(1, ["c", "d"], 2)
    with closing(connect(stored.folder.journal)) as connection:
        connection.execute("UPDATE done SET rows = 1 WHERE first = 0")

    with pytest.raises(DamagedJournalError, match="mini-batch 0"):
        origin(stored, 3)
