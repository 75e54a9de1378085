"""Where the rows of a step stand: what the journal tells the commit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from azml_pipelines.data.stretch import Slice, Stretch
from azml_pipelines.store.journal_damage import DamagedJournalError, naming_damage
from azml_pipelines.store.journal_records import checked_runs
from azml_pipelines.store.journal_seals import read_step
from azml_pipelines.worker.page import unpack_records
from azml_pipelines.worker.records import Columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.store.journal_records import DoneRun

__all__ = ["read_stretches"]

_NEVER = -1
"""A checksum that no bytes have."""


def read_stretches(
    connection: sqlite3.Connection, path: Path, position: int
) -> Iterator[Stretch]:
    """Yield where the rows of succeeded mini-batches stand, in input order.

    One whose record is missing or damaged comes as a stretch that no part file can
    hold: whoever reads the rows finds it damaged, and it runs again.

    Args:
        connection: Reads the journal.
        path: Where that is.
        position: The step.

    Raises:
        DamagedJournalError: A record stands for no mini-batch of the plan, or for one
            that has a record already.
    """
    with naming_damage(path):
        total = read_step(connection, path, position)["total_mini_batches"]
        end = math.inf if total is None else total
        following, last_item = 0, -1
        for run in checked_runs(connection, position):
            if not run.placed:
                continue  # What it stood for is missing, and is named so.
            another_piece = run.first == following - 1 and run.first_item > last_item
            if run.first + run.count > end or (
                run.first < following and not (another_piece and last_item >= 0)
            ):
                raise _impossible(path, run.first)
            if total is not None:
                yield from _missing(connection, position, following, run.first)
            yield _stretch(run)
            following = run.first + run.count
            last_item = run.first_item if run.count == 1 else -1
        if total is not None:
            yield from _missing(connection, position, following, total)


def _stretch(run: DoneRun) -> Stretch:
    if run.whole:
        columns = Columns(run.records)
        offsets, lengths = columns.offsets(), columns.lengths()
        return Stretch(run.first, run.name, offsets, lengths, columns.crcs())
    return _repaired(run)


def _repaired(run: DoneRun) -> Stretch:
    """Return a run of which some records are damaged; these have no rows."""
    damaged = set(run.damaged())
    facts = [(0, 0, _NEVER)] * run.count
    for number, done in enumerate(unpack_records(run.records)):
        if run.first + number not in damaged:
            facts[number] = done.offset, done.length, done.crc
    offsets, lengths, crcs = zip(*facts, strict=True)
    return Stretch(run.first, run.name, offsets, lengths, crcs)


def _impossible(path: Path, mini_batch: object) -> DamagedJournalError:
    problem = f"its record of mini-batch {mini_batch!r:.20} cannot be"
    return DamagedJournalError(path, problem)


def _missing(
    connection: sqlite3.Connection, position: int, first: int, end: int
) -> Iterator[Stretch]:
    """Yield those that have neither succeeded nor failed, though nothing waits."""
    if first >= end:
        return
    rows = connection.execute(
        "SELECT DISTINCT mini_batch FROM failure WHERE step = ? AND final"
        " AND mini_batch >= ? AND mini_batch < ?",
        (position, first, end),
    )
    failed = {index for (index,) in rows}
    for index in range(first, end):
        if index not in failed:
            yield Stretch.of(Slice(index, "", 0, 0, _NEVER))
