"""W4, skew: items that take as long as their files are big, from quick to very long.

Nothing can end before the sum of all costs divided by the processes, or before the
longest item. The items sleep, so that it is the order that is measured.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from benchmarks.data import skewed_files
from benchmarks.figure import Figure, beside, single
from benchmarks.rounds import OURS, Side, alternate, say
from benchmarks.work import Work

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.settings import Settings

__all__ = ["TITLE", "measure"]

TITLE = "skew: 2,000 items with Pareto-distributed cost, proportional to their size"
_PROCESSES = 2
_SECONDS_PER_BYTE = 1e-6
_TOOLS = (
    Side("Pool.imap_unordered, chunk 1", "alternatives.pool:run", {"chunk": 1}),
    Side("Pool.imap_unordered, chunk 64", "alternatives.pool:run", {"chunk": 64}),
    Side("joblib", "alternatives.joblib_batches:run"),
    Side("Ray Data", "alternatives.ray_data:run"),
)


def _lower_bound(folder: Path) -> float:
    costs = [entry.stat().st_size * _SECONDS_PER_BYTE for entry in os.scandir(folder)]
    return max(sum(costs) / _PROCESSES, *costs)


def measure(settings: Settings) -> list[Figure]:
    """Compare makespans with the lower bound."""
    count = settings.size(2_000, 40)
    folder = skewed_files(
        settings.place / "d", count, settings.size(16_000_000, 400_000)
    )
    bound = _lower_bound(folder)
    work = Work(
        "skew", str(folder), count, count, mini_batch_size=1, processes=_PROCESSES
    )
    say(f"W4: {count} items, lower bound {bound:.2f} s")
    found = alternate(settings.sides(*_TOOLS), work, settings.rounds, lines=count)
    ours = found[OURS.name]
    figure = single(
        "W4.times_lower_bound",
        f"first run() to finished file, to the lower bound of {bound:.2f} s",
        "x",
        [one / bound for one in ours.work],
        at_most=1.05,
        note=ours.problem,
    )
    others = [one for one in found.values() if one is not ours]
    return [
        beside(figure, others, lambda one: [seconds / bound for seconds in one.work])
    ]
