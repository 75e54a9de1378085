"""W3, table: a scikit-learn model over mini-batches of 1 MB, every row written as text.

Compared is all of it, the start included: some tools read their input before the first
``run()``. The rows have to be those that ``DataFrame.to_csv`` writes in one process.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.data import rows_in, tables
from benchmarks.figure import Figure, beside, ratio, single
from benchmarks.rounds import OURS, Results, Side, alternate, say
from benchmarks.work import Work

if TYPE_CHECKING:
    from benchmarks.settings import Settings

__all__ = ["TITLE", "measure"]

TITLE = "table: 400 MB of ten columns, a scikit-learn model, mini-batches of 1 MB"
_SERIAL = Side("pandas, one process", "alternatives.table_serial:run", most_rounds=1)
_POOL = Side("Pool over pandas chunks", "alternatives.table_pool:run")
_DASK = Side("dask.dataframe", "alternatives.table_dask:run", most_rounds=1)
_RAY = Side("Ray Data", "alternatives.table_ray:run")
_LEADS = ((_POOL, "pool", 1.3), (_RAY, "ray_data", 1.3), (_DASK, "dask_dataframe", 2.0))


def measure(settings: Settings) -> list[Figure]:
    """Measure with CSV, then with parquet."""
    megabytes = settings.size(400, 4)
    folders = tables(settings.place, megabytes)
    figures = []
    for kind, folder in zip(("csv", "parquet"), folders, strict=True):
        say(f"W3: {megabytes} MB of {kind}")
        work = Work(
            "table",
            str(folder),
            suffix=f".{kind}",
            mini_batch_size="1MB",
            options={"input": kind},
        )
        figures += _of_kind(kind, work, settings, rows_in(megabytes))
    return figures


def _of_kind(kind: str, work: Work, settings: Settings, rows: int) -> list[Figure]:
    sides = [_SERIAL, *settings.sides(_POOL, _DASK, _RAY)]
    found = alternate(sides, work, settings.at_most(2), lines=rows)
    ours, serial = found[OURS.name], found[_SERIAL.name]
    others = [one for one in found.values() if one is not ours]
    total = single(f"W3.{kind}_seconds", f"{kind}, start included", "s", ours.total)
    total = replace(total, note=ours.problem)
    figures = [beside(total, others, lambda one: one.total)]
    for side, key, least in _LEADS:
        one = found.get(side.name)
        figures.append(
            single(
                f"W3.{kind}_times_{key}",
                f"{kind}: {side.name} to ours",
                "x",
                ratio(one.total if one else [], ours.total),
                at_least=least,
                note=ours.problem or (one.problem if one else "left out"),
            )
        )
    figures.append(
        single(
            f"W3.{kind}_same_bytes",
            f"{kind}: rounds with the bytes that DataFrame.to_csv writes",
            "%",
            _equal(ours, serial),
            at_least=100,
            note=ours.problem or serial.problem,
        )
    )
    return figures


def _equal(ours: Results, serial: Results) -> list[float]:
    if not ours.rounds or not serial.rounds:
        return []
    wanted = statistics.median(serial.more("fingerprint"))
    return [100.0 * (one == wanted) for one in ours.more("fingerprint")]
