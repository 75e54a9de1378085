"""Where a step goes on: what of it is settled in the journal, and what waits."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING

from azml_pipelines.store.journal import Progress
from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_list import Listed, read_listed
from azml_pipelines.store.journal_seals import read_step

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Gap", "ListPoint", "ResumePoint", "read_list_point", "read_resume_point"]


@dataclass(frozen=True)
class Gap:
    """Consecutive mini-batches, or items of one, that wait for the same try."""

    first: int
    count: int
    attempt: int
    first_item: int = 0
    item_count: int = 0
    """Items of one split mini-batch, from ``first_item`` on; 0 for whole ones."""


@dataclass(frozen=True)
class ResumePoint:
    """What a step has and what it lacks."""

    total_mini_batches: int | None
    """None until the list is frozen."""
    list_sha256: str | None
    known_mini_batches: int
    """As many as are frozen so far; the gaps are among them."""
    progress: Progress
    gaps: tuple[Gap, ...]
    spoiled: frozenset[int] = frozenset()
    """Split mini-batches of which items were given up."""


@dataclass(frozen=True)
class _Split:
    """A mini-batch whose items are settled piece by piece."""

    items: int
    attempt: int
    settled: tuple[tuple[int, int], ...]
    """First item and number of items of each settled piece."""
    spoiled: bool

    def gaps(self, mini_batch: int) -> Iterator[Gap]:
        """Yield the pieces that are not settled."""
        first = 0
        for start, count in (*sorted(self.settled), (self.items, 0)):
            if first < start:
                yield Gap(mini_batch, 1, self.attempt + 1, first, start - first)
            first = start + count


_Settled = tuple[int, int]
"""The first of some mini-batches, and how many."""


@dataclass(frozen=True)
class ListPoint:
    """What a step knows of its list."""

    total_mini_batches: int | None
    """None until the list is finished."""
    list_sha256: str | None
    listed: Listed
    """What is frozen of it, as long as it is not finished."""


def read_list_point(journal: Path, position: int) -> ListPoint:
    """Read how far the list of the step at ``position`` of the plan has got."""
    with reading(journal) as connection:
        step = read_step(connection, journal, position)
        return ListPoint(
            step["total_mini_batches"],
            step["list_sha256"],
            read_listed(connection, position),
        )


def read_resume_point(journal: Path, position: int) -> ResumePoint:
    """Read where the step at ``position`` of the plan goes on."""
    with reading(journal) as connection:
        step = read_step(connection, journal, position)
        total = step["total_mini_batches"]
        if total is None:
            total = read_listed(connection, position).mini_batches
        splits = _splits(connection, position)
        gaps = tuple(
            _gaps(
                _settled(connection, position),
                total,
                _tried(connection, position, splits),
                splits,
            )
        )
        progress = _progress(connection, position, splits)
    return ResumePoint(
        step["total_mini_batches"],
        step["list_sha256"],
        total,
        progress,
        gaps,
        frozenset(index for index, split in splits.items() if split.spoiled),
    )


def _splits(connection: sqlite3.Connection, position: int) -> dict[int, _Split]:
    rows = connection.execute(
        "SELECT mini_batch, max(items) AS items, max(attempt) AS attempt FROM failure"
        " WHERE step = ? AND split GROUP BY mini_batch",
        (position,),
    ).fetchall()
    splits = {}
    for row in rows:
        place = (position, row["mini_batch"])
        done = connection.execute(
            "SELECT first_item, items FROM done WHERE step = ? AND first = ?",
            place,
        ).fetchall()
        bad = connection.execute(
            "SELECT first_item, items FROM failure"
            " WHERE step = ? AND mini_batch = ? AND final",
            place,
        ).fetchall()
        settled = tuple((piece["first_item"], piece["items"]) for piece in done + bad)
        split = _Split(row["items"], row["attempt"], settled, spoiled=bool(bad))
        splits[row["mini_batch"]] = split
    return splits


def _settled(connection: sqlite3.Connection, position: int) -> Iterator[_Settled]:
    """Yield the mini-batches with a settled try, whole or in pieces, in order."""
    done = connection.execute(
        "SELECT DISTINCT first, count FROM done WHERE step = ? ORDER BY first",
        (position,),
    )
    failed = connection.execute(
        "SELECT DISTINCT mini_batch, 1 FROM failure WHERE step = ?"
        " AND (final OR split) ORDER BY mini_batch",
        (position,),
    )
    end = 0
    for first, count in merge(map(tuple, done), [tuple(one) for one in failed]):
        if first + count > end:
            yield first, count
            end = first + count


def _tried(
    connection: sqlite3.Connection, position: int, splits: dict[int, _Split]
) -> dict[int, int]:
    rows = connection.execute(
        "SELECT mini_batch, max(attempt) AS attempt FROM failure WHERE step = ?"
        " AND charged AND NOT final AND NOT forgiven GROUP BY mini_batch",
        (position,),
    )
    return {
        row["mini_batch"]: row["attempt"]
        for row in rows
        if row["mini_batch"] not in splits
    }


def _progress(
    connection: sqlite3.Connection, position: int, splits: dict[int, _Split]
) -> Progress:
    done = connection.execute(
        "SELECT count(DISTINCT first) + coalesce(sum(count - 1), 0) AS count,"
        " coalesce(sum(rows), 0) AS rows, coalesce(sum(short), 0) AS short"
        " FROM done WHERE step = ?",
        (position,),
    ).fetchone()
    failed = connection.execute(
        "SELECT coalesce(sum(final * max(items, 1)), 0) AS items,"
        " coalesce(sum(NOT final), 0) AS retries,"
        " count(DISTINCT CASE WHEN final THEN mini_batch END) AS count"
        " FROM failure WHERE step = ?",
        (position,),
    ).fetchone()
    count, failed_count = done["count"] + failed["count"], failed["count"]
    for mini_batch, split in splits.items():
        # Counted once in each table that holds a piece; it counts once, when complete.
        count -= _tables_with(connection, position, mini_batch)
        failed_count -= split.spoiled
        if not any(split.gaps(mini_batch)):
            count += 1
            failed_count += split.spoiled
    return Progress(
        done_mini_batches=count,
        failed_mini_batches=failed_count,
        succeeded_items=done["rows"],
        failed_items=done["short"] + failed["items"],
        retries=failed["retries"],
    )


def _tables_with(connection: sqlite3.Connection, position: int, index: int) -> int:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM done WHERE step = :step AND first = :index)"
        " + EXISTS (SELECT 1 FROM failure WHERE step = :step AND mini_batch = :index"
        " AND final) AS count",
        {"step": position, "index": index},
    ).fetchone()
    return int(row["count"])


def _gaps(
    settled: Iterable[_Settled],
    total: int,
    tried: dict[int, int],
    splits: dict[int, _Split],
) -> Iterator[Gap]:
    """Yield what lies between the settled mini-batches, those tried before alone."""
    retried = sorted(tried)
    first = 0
    for index, count in settled:
        yield from _between(first, index, tried, retried)
        if index in splits:
            yield from splits[index].gaps(index)
        first = index + count
    yield from _between(first, total, tried, retried)


def _between(
    first: int, end: int, tried: dict[int, int], retried: list[int]
) -> Iterator[Gap]:
    while (at := bisect_left(retried, first)) < len(retried) and retried[at] < end:
        index = retried[at]
        if first < index:
            yield Gap(first, index - first, 1)
        yield Gap(index, 1, tried[index] + 1)
        first = index + 1
    if first < end:
        yield Gap(first, end - first, 1)
