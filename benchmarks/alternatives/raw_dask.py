"""``dask.distributed`` as it comes: one task per mini-batch."""

from __future__ import annotations

import time

from benchmarks.alternatives.script import rows_of
from benchmarks.work import Measured, Work

__all__ = ["run"]


def run(work: Work) -> Measured:
    """Do the work; the rows come in any order."""
    started = time.time()
    from distributed import (  # noqa: PLC0415 - its import is part of it
        Client,
        LocalCluster,
        as_completed,
    )

    source = str(work.source)
    tasks = [(source, mini_batch) for mini_batch in work.mini_batches()]
    with (
        LocalCluster(
            n_workers=work.processes, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
        work.output.open("w") as rows,
    ):
        futures = client.map(rows_of, tasks, pure=False)
        for batch in as_completed(futures, with_results=True).batches():
            rows.writelines(text for _, text in batch)
        rows.flush()
        ended = time.time()
    return Measured.of(work, started, ended)
