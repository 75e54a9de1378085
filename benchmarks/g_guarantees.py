"""G, guarantees: what all of them cost, next to a bare pool that gives none.

Both sides write the same file in input order. The pool has no journal, no timeouts, no
retries and no checksums. It gets its mini-batches in chunks, as ours travel in bundles:
one at a time costs the pool more than that.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks.data import empty_files
from benchmarks.figure import Figure, beside, single
from benchmarks.rounds import OURS, Side, alternate, say
from benchmarks.work import Work

if TYPE_CHECKING:
    from benchmarks.settings import Settings

__all__ = ["TITLE", "measure"]

TITLE = "guarantees: mini-batches that sleep, next to a bare Pool.imap"
_CHUNK_MILLISECONDS = 50
_CASES = ((1, 8_000, 25.0), (10, 1_500, 5.0), (100, 300, 1.0))
"""Milliseconds of a mini-batch, how many of them, and the overhead allowed in %."""


def measure(settings: Settings) -> list[Figure]:
    """Measure with short, middle and long mini-batches."""
    figures = []
    for milliseconds, full, allowed in _CASES:
        count = settings.size(full, 10)
        folder = empty_files(settings.place / f"d{milliseconds}", count)
        work = Work(
            "sleep",
            str(folder),
            count,
            count,
            mini_batch_size=1,
            variables={"SECONDS": str(milliseconds / 1000)},
        )
        chunk = max(1, _CHUNK_MILLISECONDS // milliseconds)
        options: dict[str, int | str] = {"chunk": chunk, "ordered": 1}
        pool = Side("bare pool", "alternatives.pool:run", options)
        say(f"G: {count} mini-batches of {milliseconds} ms")
        found = alternate([pool, OURS], work, settings.rounds, lines=count)
        ours, bare = found[OURS.name], found[pool.name]
        seconds = single(
            f"G.seconds_{milliseconds}ms",
            f"{count:,} mini-batches of {milliseconds} ms, from the first run() on",
            "s",
            ours.work,
        )
        pace = statistics.median(bare.work) if bare.rounds else 0.0
        figures += [
            single(
                f"G.overhead_{milliseconds}ms",
                f"more than a bare pool, mini-batches of {milliseconds} ms",
                "%",
                [100 * (one / pace - 1) for one in ours.work if pace],
                at_most=allowed,
                note=ours.problem or bare.problem,
            ),
            beside(seconds, [bare], lambda one: one.work),
        ]
    return figures
