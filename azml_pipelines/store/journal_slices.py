"""Where the rows of a step stand: what the journal tells the commit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from azml_pipelines.data.commit import Slice
from azml_pipelines.store.journal_damage import DamagedJournalError, naming_damage
from azml_pipelines.store.journal_seals import checked_done, read_steps

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_slices"]

_NEVER = -1
"""A checksum that no bytes have."""


def read_slices(
    connection: sqlite3.Connection, path: Path, position: int
) -> Iterator[Slice]:
    """Yield where the rows of each succeeded mini-batch stand, in input order.

    One whose record is missing or damaged comes as a slice that no part file can hold:
    whoever reads the rows finds it damaged, and it runs again.

    Args:
        connection: Reads the journal.
        path: Where that is.
        position: The step.

    Raises:
        DamagedJournalError: A record stands for no mini-batch of the plan, or for one
            that has a record already.
    """
    with naming_damage(path):
        total = read_steps(connection, path)[position]["total_mini_batches"]
        end = math.inf if total is None else total
        last, last_item = -1, 0
        for row, part, whole in checked_done(connection, position):
            index, first_item = row[0], row[8]
            if whole and index == last + 1 < end and not first_item:
                last, last_item = index, 0
                yield Slice(index, part, row[1], row[2], row[3])
                continue
            if not isinstance(index, int):
                raise _impossible(path, index)
            if total is not None and index > last + 1:
                yield from _missing(connection, position, last + 1, min(index, total))
            if not whole:
                yield Slice(index, str(part), 0, 0, _NEVER)
                last, last_item = max(index, last), 0
                continue
            if index >= end or (last >= 0 and (index, first_item) <= (last, last_item)):
                raise _impossible(path, index)
            last, last_item = index, first_item
            yield Slice(index, part, row[1], row[2], row[3])
        if total is not None:
            yield from _missing(connection, position, last + 1, total)


def _impossible(path: Path, mini_batch: object) -> DamagedJournalError:
    problem = f"its record of mini-batch {mini_batch!r:.20} cannot be"
    return DamagedJournalError(path, problem)


def _missing(
    connection: sqlite3.Connection, position: int, first: int, end: int
) -> Iterator[Slice]:
    """Yield those that have neither succeeded nor failed, though nothing waits."""
    rows = connection.execute(
        "SELECT DISTINCT mini_batch FROM failure WHERE step = ? AND final"
        " AND mini_batch >= ? AND mini_batch < ?",
        (position, first, end),
    )
    failed = {index for (index,) in rows}
    for index in range(first, end):
        if index not in failed:
            yield Slice(index, "", 0, 0, _NEVER)
