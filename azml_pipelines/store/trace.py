"""Lineage: which item and which try made a row of an output, and the way back.

Rows are counted from 0 in the order of the input, as they stand in the output file
behind its header. Which of a mini-batch's items made a row is known when it has as many
rows as items; else all of them may have.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.data.mini_batch_line import ListedItems
from azml_pipelines.data.minibatch import MiniBatchFile
from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.journal_damage import DamagedJournalError
from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_seals import read_done, read_steps
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from azml_pipelines.store.journal_seals import DoneRow
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["ItemRows", "RowOrigin", "origin_of_row", "rows_of_item"]

_MOST_CANDIDATES = 20


@dataclass(frozen=True)
class RowOrigin:
    """Where one row of an output comes from."""

    row: int
    """From 0."""
    item: str | None
    """A file, or a row of a piece of a table; None when several may have made it."""
    candidates: tuple[str, ...]
    """Then these, the first 20 of them."""
    items: int
    """How many items the mini-batch, or its piece, has."""
    mini_batch: int
    attempt: int
    """The try that succeeded, from 1."""
    process: str
    node: str
    part: str
    """The file in which its worker wrote the row, in the step's folder ``parts``."""


@dataclass(frozen=True)
class ItemRows:
    """What became of one item."""

    item: str
    mini_batch: int
    state: str
    """``done``, ``failed`` or ``waiting``."""
    first_row: int | None
    """From 0; None without rows."""
    rows: int
    exact: bool
    """Whether these rows are the item's own; else those of its whole mini-batch."""
    attempt: int
    process: str
    node: str
    reason: str = ""
    """Why it failed."""


@dataclass(frozen=True)
class _Place:
    """A record of what succeeded, and the number of its first row."""

    done: DoneRow
    first_row: int

    def holds(self, index: int) -> bool:
        """Whether an item of the mini-batch was in this try."""
        return self.done.first_item <= index < self.done.first_item + self.done.items


@dataclass(frozen=True)
class _Wanted:
    """Where the input has an item that somebody asks for."""

    mini_batch: int
    name: str
    index: int | None
    """Its place in the mini-batch; None for all rows of a piece of a table."""


def origin_of_row(folder: RunFolder, step_run_id: str, row: int) -> RowOrigin:
    """Find out which item, mini-batch, try and process made a row.

    Args:
        folder: Of the run.
        step_run_id: Of the step that wrote the output.
        row: From 0.

    Raises:
        UserErrorException: The step has not written as many rows.
        DamagedJournalError: The journal cannot be read.
    """
    with reading(folder.journal) as connection:
        position = _position(connection, folder, step_run_id)
        count = 0
        places = []
        for place in _places(connection, folder, position):
            count = place.first_row + place.done.rows
            places.append(place)
            if place.first_row <= row < count:
                break
        if not 0 <= row < count:
            rows = f"rows 0 to {count - 1}" if count else "no rows"
            msg = f"There is no row {row}; so far the step has written {rows}."
            raise UserErrorException(msg)
        names = _names(folder, step_run_id, places, row - places[-1].first_row)
        done = places[-1].done
        process, attempt = _try_of(connection, position, done)
    return RowOrigin(
        row=row,
        item=names[0] if len(names) == 1 else None,
        candidates=() if len(names) == 1 else tuple(names[:_MOST_CANDIDATES]),
        items=done.items,
        mini_batch=done.mini_batch,
        attempt=attempt,
        process=process,
        node=_node(done),
        part=done.part,
    )


def rows_of_item(folder: RunFolder, step_run_id: str, item: str) -> list[ItemRows]:
    """Find out what became of an item: which rows are its, or why there are none.

    Args:
        folder: Of the run.
        step_run_id: Of a step.
        item: The path of a file, or the end of it from a ``/`` on. Of a table, each
            piece of the file is one entry.

    Returns:
        One entry for each place where the input has it; empty if it has not.
    """
    with reading(folder.journal) as connection:
        position = _position(connection, folder, step_run_id)
        wanted = _wanted(folder, step_run_id, item)
        places: dict[int, list[_Place]] = {one.mini_batch: [] for one in wanted}
        for place in _places(connection, folder, position):
            if place.done.mini_batch in places:
                places[place.done.mini_batch].append(place)
        return [
            row
            for one in wanted
            for row in _became(connection, position, one, places[one.mini_batch])
        ]


def _position(
    connection: sqlite3.Connection, folder: RunFolder, step_run_id: str
) -> int:
    for step in read_steps(connection, folder.journal):
        if step["step_run_id"] == step_run_id:
            return int(step["position"])
    msg = f"the run has no step {shown(step_run_id)}"
    raise UserErrorException(msg)


def _places(
    connection: sqlite3.Connection, folder: RunFolder, position: int
) -> Iterator[_Place]:
    """Yield what succeeded, in the order of the output.

    Raises:
        DamagedJournalError: A record is not what was written, so that nobody knows how
            many rows it stands for.
    """
    first_row = 0
    for done in read_done(connection, position):
        if not done.whole:
            problem = f"the record of mini-batch {done.mini_batch!r:.20} is not whole"
            raise DamagedJournalError(folder.journal, problem)
        yield _Place(done, first_row)
        first_row += done.rows


def _names(
    folder: RunFolder, step_run_id: str, places: list[_Place], offset: int
) -> list[str]:
    """Return the items that may have made a row of the last place, by its number."""
    done = places[-1].done
    listed = _listed(folder, step_run_id, done.mini_batch)
    if done.rows != done.items:
        return listed.names(done.first_item, done.items)
    index = done.first_item + offset
    before = None if listed.items else _rows_before(folder, step_run_id, places)
    if before is None:
        return listed.names(index, 1)
    return [f"{listed.paths[0]} row {before + index}"]


def _rows_before(
    folder: RunFolder, step_run_id: str, places: list[_Place]
) -> int | None:
    """Count the rows of a file before the piece of the last place; None if unknown."""
    last = places[-1].done.mini_batch
    begin, paths = 0, None
    for index, listed in _lines(folder, step_run_id):
        if listed.paths != paths:
            begin, paths = index, listed.paths
        if index == last:
            break
    counts = {place.done.mini_batch: 0 for place in places}
    for place in places:
        counts[place.done.mini_batch] += place.done.items
    pieces = range(begin, last)
    if paths is None or len(paths) != 1 or not all(one in counts for one in pieces):
        return None
    return sum(counts[one] for one in pieces)


def _wanted(folder: RunFolder, step_run_id: str, item: str) -> list[_Wanted]:
    """Find an item in the list: by its whole path, else by the end of it.

    Of an absolute path, as scripts see it, the longest end that is a path counts.
    """
    found: dict[tuple[bool, int], list[_Wanted]] = {}
    for index, listed in _lines(folder, step_run_id):
        for number, path in enumerate(listed.paths):
            if path != item and not path.endswith(f"/{item}"):
                if not (item.startswith("/") and item.endswith(f"/{path}")):
                    continue
                rank = (False, len(path))
            else:
                rank = (path == item, 0)
            one = _Wanted(index, path, number)
            if not listed.items:
                one = _Wanted(index, listed.names(0, 0)[0], None)
            found.setdefault(rank, []).append(one)
    return found[max(found)] if found else []


def _lines(folder: RunFolder, step_run_id: str) -> Iterator[tuple[int, ListedItems]]:
    try:
        with folder.step(step_run_id).mini_batches.open("rb") as file:
            for index, line in enumerate(file):
                yield index, ListedItems.of_line(line)
    except FileNotFoundError:
        return  # nothing is listed yet


def _listed(folder: RunFolder, step_run_id: str, mini_batch: int) -> ListedItems:
    try:
        with closing(MiniBatchFile(folder.step(step_run_id).mini_batches)) as file:
            return ListedItems.of_line(file.read(mini_batch, 1))
    except (FileNotFoundError, IndexError):
        return ListedItems()


def _became(
    connection: sqlite3.Connection,
    position: int,
    wanted: _Wanted,
    places: list[_Place],
) -> Iterator[ItemRows]:
    found = False
    for place in places:
        if wanted.index is None or place.holds(wanted.index):
            found = True
            yield _done(connection, position, wanted, place)
    for row in connection.execute(_GIVEN_UP, (position, wanted.mini_batch)):
        first, items, attempt, reason, process, node = row
        if wanted.index is None or not items or first <= wanted.index < first + items:
            found = True
            yield ItemRows(
                wanted.name,
                wanted.mini_batch,
                "failed",
                None,
                0,
                True,
                attempt,
                process,
                node,
                reason,
            )
    if not found:
        yield ItemRows(
            wanted.name, wanted.mini_batch, "waiting", None, 0, True, 0, "", ""
        )


def _done(
    connection: sqlite3.Connection, position: int, wanted: _Wanted, place: _Place
) -> ItemRows:
    done = place.done
    first_row, rows = place.first_row, done.rows
    exact = wanted.index is None or done.rows == done.items
    if wanted.index is not None and exact:
        first_row, rows = first_row + wanted.index - done.first_item, 1
    process, attempt = _try_of(connection, position, done)
    return ItemRows(
        wanted.name,
        wanted.mini_batch,
        "done",
        first_row if rows else None,
        rows,
        exact,
        attempt,
        process,
        _node(done),
    )


_GIVEN_UP = (
    "SELECT first_item, items, attempt, reason, process, node FROM failure"
    " WHERE step = ? AND mini_batch = ? AND final ORDER BY first_item"
)


def _try_of(
    connection: sqlite3.Connection, position: int, done: DoneRow
) -> tuple[str, int]:
    """Return the process that wrote some rows, and the number of that try."""
    process = connection.execute(
        "SELECT process FROM part WHERE step = ? AND name = ?", (position, done.part)
    ).fetchone()
    failed = connection.execute(
        "SELECT coalesce(max(attempt), 0) FROM failure"
        " WHERE step = ? AND mini_batch = ? AND charged",
        (position, done.mini_batch),
    ).fetchone()
    return (str(process[0]) if process else ""), int(failed[0]) + 1


def _node(done: DoneRow) -> str:
    return done.part.partition(".")[0]
