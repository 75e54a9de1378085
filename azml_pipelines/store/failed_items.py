"""Every item that failed for good: who, why, where, and how to see it happen again.

Read from the journal and the frozen list as a stream, so that a million failures need
no more memory than one.
"""

from __future__ import annotations

import heapq
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.data.mini_batch_line import ListedItems
from azml_pipelines.store.journal_damage import DamagedJournalError
from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_seals import checked_done, sealed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["SHORT", "FailedItem", "failed_items"]

SHORT = "short"
"""The reason of items whose mini-batch succeeded with fewer results than items."""
_MOST_CANDIDATES = 20
_OF_A_FAILURE = (
    "mini_batch",
    "first_item",
    "items",
    "attempt",
    "reason",
    "exception_type",
    "message",
    "user_line",
    "process",
    "node",
)
"""Columns of ``failure`` that a record has too."""


@dataclass(frozen=True)
class FailedItem:
    """One failed item, or the failed rows of one piece of a table.

    A result that is missing from a short list belongs to nobody: ``item`` is None and
    ``candidates`` are the items that it may have been of, the first 20 of them.
    """

    item: str | None
    items: int
    """1 for a file, the number of rows for a piece of a table, 0 for one unreadable."""
    mini_batch: int
    attempt: int
    reason: str
    exception_type: str
    message: str
    user_line: str
    process: str
    node: str
    replay: str
    """The command that runs it again where a debugger works."""
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Record:
    """A row of the journal that says that items failed."""

    mini_batch: int
    first_item: int
    items: int
    """Of the mini-batch or its piece; 0 when it could not be read."""
    missing: int
    """Results that a short list lacks; 0 when the whole try failed."""
    attempt: int
    reason: str
    exception_type: str
    message: str
    user_line: str
    process: str
    node: str


def failed_items(
    folder: RunFolder, step: ParallelRunStepPlan, position: int
) -> Iterator[FailedItem]:
    """Yield what failed for good so far, in the order of the input.

    Args:
        folder: Of the run.
        step: The step in the plan.
        position: Its place in the plan, from 0.

    Raises:
        DamagedJournalError: A record of them is not what was written.
    """
    with (
        reading(folder.journal) as connection,
        closing(_Lines(folder.step(step.step_run_id).mini_batches)) as lines,
    ):
        steps = connection.execute("SELECT count(*) FROM step").fetchone()[0]
        name = step.name if steps > 1 else None
        for record in _records(connection, folder.journal, position):
            payload = lines.payload(record.mini_batch)
            command = _replay_command(folder.root.name, record, payload, name)
            yield from _items(record, payload, command)


class _Lines:
    """The frozen list, read forward once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb") if path.is_file() else None
        self._next = 0
        self._line = b""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def payload(self, mini_batch: int) -> ListedItems:
        """Return what a mini-batch holds; indexes never go back."""
        while self._file is not None and self._next <= mini_batch:
            self._line = self._file.readline()
            self._next += 1
        return ListedItems.of_line(self._line)


def _replay_command(
    run_id: str, record: _Record, payload: ListedItems, step: str | None
) -> str:
    """Return the words to type that run these items again."""
    words = ["azml", "replay", run_id, str(record.mini_batch)]
    if step is not None:
        words += ["--step", step]
    whole = not record.first_item and record.items in {0, payload.items}
    # The length of a table is known only by reading it: a piece begins after its start.
    if record.first_item or (payload.items and not whole):
        words += ["--first-item", str(record.first_item)]
        words += ["--item-count", str(record.items)]
    return " ".join(words)


def _items(record: _Record, payload: ListedItems, command: str) -> Iterator[FailedItem]:
    names = payload.names(record.first_item, record.items)
    if record.missing:
        # Of a table one line says it all; of files each missing result has its own.
        share = 1 if payload.items else record.missing
        for _ in range(record.missing // share):
            yield _failed(record, command, None, share, tuple(names[:_MOST_CANDIDATES]))
        return
    for name in names:
        yield _failed(record, command, name, 1 if payload.items else record.items, ())


def _failed(
    record: _Record,
    command: str,
    item: str | None,
    items: int,
    candidates: tuple[str, ...],
) -> FailedItem:
    return FailedItem(
        item,
        items,
        record.mini_batch,
        record.attempt,
        record.reason,
        record.exception_type,
        record.message,
        record.user_line,
        record.process,
        record.node,
        command,
        candidates,
    )


def _records(
    connection: sqlite3.Connection, journal: Path, position: int
) -> Iterator[_Record]:
    """Yield failures and short results in the order of the input."""
    return heapq.merge(
        _given_up(connection, journal, position),
        _short(connection, journal, position),
        key=lambda record: (record.mini_batch, record.first_item),
    )


def _given_up(
    connection: sqlite3.Connection, journal: Path, position: int
) -> Iterator[_Record]:
    rows = connection.execute(
        "SELECT * FROM failure WHERE step = ? AND final ORDER BY mini_batch",
        (position,),
    )
    # The pieces of one mini-batch are few; those of all of them are not.
    pieces: list[_Record] = []
    for row in rows:
        sealed(row, "failure", journal)
        fields = {name: row[name] for name in _OF_A_FAILURE}
        record = _Record(**fields, missing=0)
        if pieces and pieces[0].mini_batch != record.mini_batch:
            yield from sorted(pieces, key=lambda piece: piece.first_item)
            pieces = []
        pieces.append(record)
    yield from sorted(pieces, key=lambda piece: piece.first_item)


def _short(
    connection: sqlite3.Connection, journal: Path, position: int
) -> Iterator[_Record]:
    parts = connection.execute("SELECT * FROM part WHERE step = ?", (position,))
    # Journals of old do not know which process wrote a part.
    processes = {part["name"]: dict(part).get("process", "") for part in parts}
    for done, first, part, whole in checked_done(connection, position, short=True):
        mini_batch, items, count = done.mini_batch, done.items, done.rows
        if not whole:
            problem = f"the record {mini_batch!r:.20} of its table done is not whole"
            raise DamagedJournalError(journal, problem)
        yield _Record(
            mini_batch,
            first,
            items,
            items - count,
            _attempt(connection, position, mini_batch),
            SHORT,
            "",
            f"run() returned {count} results for {items} items",
            "",
            processes[part],
            part.partition(".")[0],
        )


def _attempt(connection: sqlite3.Connection, position: int, mini_batch: int) -> int:
    """Return which try of a mini-batch succeeded."""
    row = connection.execute(
        "SELECT coalesce(max(attempt) + 1, 1) FROM failure"
        " WHERE step = ? AND mini_batch = ? AND charged",
        (position, mini_batch),
    ).fetchone()
    return int(row[0])
