"""Where a step goes on: what of it is settled in the journal, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.store.journal import Progress
from azml_pipelines.store.journal_file import connect

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Gap", "ResumePoint", "read_resume_point"]


@dataclass(frozen=True)
class Gap:
    """Consecutive mini-batches that are not settled and wait for the same try."""

    first: int
    count: int
    attempt: int


@dataclass(frozen=True)
class ResumePoint:
    """What a step has and what it lacks."""

    total_mini_batches: int | None
    """None until the list is frozen."""
    list_sha256: str | None
    progress: Progress
    gaps: tuple[Gap, ...]


def read_resume_point(journal: Path, position: int) -> ResumePoint:
    """Read where the step at ``position`` of the plan goes on."""
    connection = connect(journal, read_only=True)
    try:
        connection.execute("BEGIN")
        step = connection.execute(
            "SELECT total_mini_batches, list_sha256 FROM step WHERE position = ?",
            (position,),
        ).fetchone()
        total = step["total_mini_batches"]
        tried = {
            row["mini_batch"]: row["attempt"]
            for row in connection.execute(
                "SELECT mini_batch, max(attempt) AS attempt FROM failure"
                " WHERE step = ? AND charged AND NOT final GROUP BY mini_batch",
                (position,),
            )
        }
        settled = (
            row["mini_batch"]
            for row in connection.execute(
                "SELECT mini_batch FROM done WHERE step = ? UNION SELECT mini_batch"
                " FROM failure WHERE step = ? AND final ORDER BY mini_batch",
                (position, position),
            )
        )
        gaps = tuple(_gaps(settled, total or 0, tried))
        progress = _progress(connection, position)
    finally:
        connection.close()
    return ResumePoint(total, step["list_sha256"], progress, gaps)


def _progress(connection: sqlite3.Connection, position: int) -> Progress:
    done = connection.execute(
        "SELECT count(*) AS count, coalesce(sum(rows), 0) AS rows,"
        " coalesce(sum(max(items - rows, 0)), 0) AS short FROM done WHERE step = ?",
        (position,),
    ).fetchone()
    failed = connection.execute(
        "SELECT coalesce(sum(final), 0) AS count, coalesce(sum(final * items), 0) AS"
        " items, coalesce(sum(NOT final), 0) AS retries FROM failure WHERE step = ?",
        (position,),
    ).fetchone()
    return Progress(
        done_mini_batches=done["count"] + failed["count"],
        failed_mini_batches=failed["count"],
        succeeded_items=done["rows"],
        failed_items=done["short"] + failed["items"],
        retries=failed["retries"],
    )


def _gaps(settled: Iterable[int], total: int, tried: dict[int, int]) -> Iterator[Gap]:
    """Yield what lies between the settled mini-batches, those tried before alone."""
    first = 0
    for index in settled:
        yield from _split(first, index, tried)
        first = index + 1
    yield from _split(first, total, tried)


def _split(first: int, end: int, tried: dict[int, int]) -> Iterator[Gap]:
    for index in sorted(index for index in tried if first <= index < end):
        if first < index:
            yield Gap(first, index - first, 1)
        yield Gap(index, 1, tried[index] + 1)
        first = index + 1
    if first < end:
        yield Gap(first, end - first, 1)
