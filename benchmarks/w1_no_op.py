"""W1, no-op: mini-batches of ten names that do nothing but return ten lines.

All sides get the same names; the files behind them are empty and are not read. Where
there are more names than files, the dataset names the same folder several times, so
that it is listed as often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.data import empty_files
from benchmarks.figure import Figure, beside, ratio, single
from benchmarks.rounds import OURS, Results, Side, alternate, say
from benchmarks.work import Work

if TYPE_CHECKING:
    from benchmarks.settings import Settings

__all__ = ["FILES", "TITLE", "measure", "no_op"]

TITLE = "no-op: mini-batches of 10 names, 10 lines each, two processes"
FILES = 100_000
_NAMES = 10
_POOL = Side("Pool.imap_unordered, chunk 1", "alternatives.pool:run", {"chunk": 1})
_POOL_64 = Side("Pool.imap_unordered, chunk 64", "alternatives.pool:run", {"chunk": 64})
_JOBLIB = Side("joblib", "alternatives.joblib_batches:run")
_DASK = Side("dask.distributed", "alternatives.raw_dask:run", most_rounds=2)
_RAY_DATA = Side("Ray Data", "alternatives.ray_data:run")
_RAY_ACTORS = Side("Ray actors", "alternatives.ray_actors:run")
_ALWAYS = (_POOL, _POOL_64, _JOBLIB)
_SLOW = (_DASK, _RAY_DATA, _RAY_ACTORS)


def no_op(folder: str, mini_batches: int, files: int) -> Work:
    """Return the work of so many mini-batches over a folder of empty files."""
    items = mini_batches * _NAMES
    distinct = min(items, files)
    return Work("no_op", folder, items, distinct, mini_batch_size=_NAMES)


def measure(settings: Settings) -> list[Figure]:
    """Measure at 10⁴, 10⁵ and 10⁶ mini-batches."""
    files = settings.size(FILES, 200)
    folder = str(empty_files(settings.place / "d", files))
    sizes = [("1e4", 10_000, 20), ("1e5", 100_000, 40), ("1e6", 1_000_000, 60)]
    costs: dict[str, dict[str, list[float]]] = {}
    figures = []
    for name, full, quick in sizes:
        count = settings.size(full, quick)
        work = no_op(folder, count, files)
        others = (*_ALWAYS, *_SLOW) if name == "1e4" else _ALWAYS
        say(f"W1: {count} mini-batches")
        found = alternate(
            settings.sides(*others), work, settings.rounds, lines=count * _NAMES
        )
        costs[name] = {
            side: _per_mini_batch(count, one.work) for side, one in found.items()
        }
        figures += _of_size(name, count, found)
    return [*figures, *_compared(costs["1e4"], costs["1e5"], costs["1e6"])]


def _per_mini_batch(count: int, seconds: list[float]) -> list[float]:
    return [one * 1e6 / count for one in seconds]


def _of_size(name: str, count: int, found: dict[str, Results]) -> list[Figure]:
    ours = found[OURS.name]
    others = [one for one in found.values() if one is not ours]
    largest = name == "1e6"
    cost = single(
        "W1.us_per_mini_batch" if largest else f"W1.us_per_mini_batch_{name}",
        f"per mini-batch after the first run(), {count:,} of them",
        "µs",
        _per_mini_batch(count, ours.work),
        at_most=20 if largest else None,
        note=ours.problem,
    )
    total = single(
        f"W1.seconds_{name}",
        f"all of it, start included, {count:,} mini-batches",
        "s",
        ours.total,
    )
    return [
        beside(cost, others, lambda one: _per_mini_batch(count, one.work)),
        beside(total, others, lambda one: one.total),
    ]


def _compared(
    small: dict[str, list[float]],
    middle: dict[str, list[float]],
    large: dict[str, list[float]],
) -> list[Figure]:
    """Compare costs per mini-batch, by the name of the side."""
    ours = large[OURS.name]
    targets = (
        ("pool_chunk_1", _POOL, large, 1, "10⁶"),
        ("raw_dask", _DASK, small, 100, "10⁴"),
        ("ray_data", _RAY_DATA, small, 35, "10⁴"),
    )
    figures = [
        single(
            f"W1.times_{key}",
            f"{side.name} costs at {size}, to ours at 10⁶",
            "x",
            ratio(found.get(side.name, []), ours),
            at_least=least,
        )
        for key, side, found, least, size in targets
    ]
    growth = [
        times for found in (small, middle) for times in ratio(ours, found[OURS.name])
    ]
    title = "our cost at 10⁶ to that at 10⁴ and 10⁵, the larger of the two"
    figures.append(
        single("W1.growth", title, "x", [max(growth)] if growth else [], at_most=1.2)
    )
    return figures
