"""``dask.dataframe``: ``map_partitions`` over partitions of about 1 MB, one file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.alternatives.script import FRAME_OPTIONS, entry
from benchmarks.alternatives.table_input import file_of
from benchmarks.work import Measured

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.work import Work

__all__ = ["run"]


def _found(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    return entry(source)(frame)


def run(work: Work) -> Measured:
    """Do the work, in order."""
    started = time.time()
    import dask.dataframe as dd  # noqa: PLC0415 - its import is part of it
    from distributed import Client, LocalCluster  # noqa: PLC0415 - the same

    with (
        LocalCluster(
            n_workers=work.processes, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster),
    ):
        path = str(file_of(work))
        if work.suffix == ".csv":
            frame = dd.read_csv(path, blocksize="1MB")
        else:
            frame = dd.read_parquet(path, split_row_groups=True)
        meta = {**dict(frame.dtypes), "found": "int64"}
        found = frame.map_partitions(_found, str(work.source), meta=meta)
        found.to_csv(str(work.output), single_file=True, **FRAME_OPTIONS)
        ended = time.time()
    return Measured.of(work, started, ended)
