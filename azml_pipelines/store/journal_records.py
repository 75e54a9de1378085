"""The records of mini-batches that succeeded: many of them in one row of ``done``.

A row holds those of consecutive mini-batches, packed as their worker has written them.
Its seal says whether it stands for what it did when it was written; the checksum of its
records, whether all of them are whole. When that is wrong, the check of each record
tells the good ones from the others, so that no more has to run again than is damaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from azml_pipelines.worker.page import RECORD_SIZE
from azml_pipelines.worker.records import Columns, consecutive, damaged_records

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

__all__ = [
    "DoneRun",
    "checked_runs",
    "forget_damaged_of_run",
    "forget_records",
    "keep_records",
]

_INSERT = (
    "INSERT INTO done (step, first, count, first_item, part, rows, items, short,"
    " records, crc, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OF_A_STEP = (
    "SELECT id, first, count, first_item, part, rows, items, short, crc, seal, records"
    " FROM done WHERE step = ? ORDER BY first, first_item"
)


class _Place(NamedTuple):
    """Where a row of ``done`` belongs."""

    position: int
    part: int
    name: str
    """Of the part file."""
    first_item: int

    def seal(self, *facts: object) -> int:
        """Return the seal of a row from its first, count, rows, items, short, crc."""
        return crc32(repr((self.position, self.name, self.first_item, *facts)).encode())


@dataclass(frozen=True)
class DoneRun:
    """A row of ``done``."""

    row: int
    """Its id."""
    part: int
    """That of the part file."""
    name: str
    """Of the part file; empty when nobody knows it any more."""
    first: int
    count: int
    first_item: int
    short: int
    """Items without a row, of all of them."""
    records: bytes
    placed: bool
    """Whether the row is what was written, but for its records."""
    whole: bool
    """Whether these are as well."""

    def damaged(self) -> list[int]:
        """Return the mini-batches whose records are damaged, of a row that is not."""
        if self.whole:
            return []
        return list(damaged_records(self.records, self.first, self.count))


def keep_records(
    connection: sqlite3.Connection,
    position: int,
    part: tuple[int, str],
    records: bytes,
    first_item: int,
) -> None:
    """Write down what has succeeded; what has a record already keeps that.

    Args:
        connection: In a transaction.
        position: Of the step.
        part: Id and name of the part file.
        records: Packed.
        first_item: Where the piece begins, when it is one of a split mini-batch.
    """
    place = _Place(position, *part, first_item)
    for first, run in consecutive(records):
        count = len(run) // RECORD_SIZE
        kept = _kept(connection, position, first, count, first_item)
        if not kept:
            _insert(connection, place, first, run)
            continue
        for number in range(count):
            if first + number not in kept:
                at = number * RECORD_SIZE
                _insert(connection, place, first + number, run[at : at + RECORD_SIZE])


def _kept(
    connection: sqlite3.Connection,
    position: int,
    first: int,
    count: int,
    first_item: int,
) -> set[int]:
    """Return the mini-batches that have a record, of ``count`` from ``first`` on."""
    kept: set[int] = set()
    rows = connection.execute(
        "SELECT first, count, first_item FROM done WHERE step = ? AND first < ?"
        " ORDER BY first DESC",
        (position, first + count),
    )
    for start, length, item in rows:
        # Rows do not overlap, so those before this one end before it begins.
        if start + length <= first:
            break
        if item == first_item:
            kept.update(range(start, start + length))
    return kept


def _insert(
    connection: sqlite3.Connection, place: _Place, first: int, records: bytes
) -> None:
    sums = Columns(records).sums()
    facts = first, sums.mini_batches, sums.rows, sums.items, sums.short, crc32(records)
    connection.execute(
        _INSERT,
        (
            place.position,
            first,
            sums.mini_batches,
            place.first_item,
            place.part,
            *facts[2:5],
            records,
            facts[5],
            place.seal(*facts),
        ),
    )


def checked_runs(connection: sqlite3.Connection, position: int) -> Iterator[DoneRun]:
    """Yield what succeeded of a step, in the order of the input, each row checked."""
    cursor = connection.cursor()
    cursor.row_factory = None
    names = dict(
        cursor.execute("SELECT id, name FROM part WHERE step = ?", (position,))
    )
    rows = cursor.execute(_OF_A_STEP, (position,))
    for row in rows:
        yield _checked(position, names, row)


def _checked(position: int, names: dict[int, str], row: tuple[Any, ...]) -> DoneRun:
    row_id, first, count, first_item, part, rows, items, short, crc, seal, records = row
    name = names.get(part, "")
    place = _Place(position, part, name, first_item)
    placed = seal == place.seal(first, count, rows, items, short, crc)
    if not isinstance(records, bytes):
        records = b""
    whole = placed and crc32(records) == crc
    if not whole:
        # As much of it as can be looked at record by record.
        most = count if placed else 0
        records = records[: min(most, len(records) // RECORD_SIZE) * RECORD_SIZE]
    return DoneRun(
        row_id, part, name, first, count, first_item, short, records, placed, whole
    )


def forget_damaged_of_run(connection: sqlite3.Connection) -> None:
    """Delete what is damaged of the records of all steps that have not finished.

    Their mini-batches have not succeeded then, and will be run again.
    """
    steps = connection.execute("SELECT position FROM step WHERE status <> 'Finished'")
    for (position,) in steps.fetchall():
        _forget_damaged(connection, position)


def _forget_damaged(connection: sqlite3.Connection, position: int) -> None:
    for run in list(checked_runs(connection, position)):
        if not run.placed:
            connection.execute("DELETE FROM done WHERE id = ?", (run.row,))
        elif not run.whole:
            _rewrite(connection, position, run, set(run.damaged()))


def forget_records(
    connection: sqlite3.Connection, position: int, mini_batches: Iterable[int]
) -> None:
    """Delete the records of some mini-batches, and those that are damaged."""
    _forget_damaged(connection, position)
    forgotten = set(mini_batches)
    for run in list(checked_runs(connection, position)):
        gone = forgotten.intersection(range(run.first, run.first + run.count))
        if gone:
            _rewrite(connection, position, run, gone)


def _rewrite(
    connection: sqlite3.Connection, position: int, run: DoneRun, gone: set[int]
) -> None:
    """Write a row anew, without some of its mini-batches."""
    connection.execute("DELETE FROM done WHERE id = ?", (run.row,))
    left = b"".join(
        run.records[at * RECORD_SIZE : (at + 1) * RECORD_SIZE]
        for at in range(run.count)
        if run.first + at not in gone
    )
    place = _Place(position, run.part, run.name, run.first_item)
    for first, records in consecutive(left):
        _insert(connection, place, first, records)
