"""Ray Data over a table: ``map_batches`` with an actor class, batches of about 1 MB."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.alternatives.ray_data import quiet
from benchmarks.alternatives.ray_session import ray_session
from benchmarks.alternatives.script import table_rows
from benchmarks.alternatives.table_input import ROWS, file_of
from benchmarks.work import Measured

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.work import Work

__all__ = ["run"]


class _Entry:
    """What Ray Data keeps alive in each of its processes."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __call__(self, batch: pd.DataFrame) -> dict[str, list[str]]:
        """Run one mini-batch; its rows are formatted here, not by whoever writes."""
        return {"rows": [table_rows(self._source, batch)]}


def run(work: Work) -> Measured:
    """Do the work; the rows come in any order."""
    started = time.time()
    with ray_session(work):
        import ray.data  # noqa: PLC0415 - its import is part of it

        quiet()
        read = ray.data.read_csv if work.suffix == ".csv" else ray.data.read_parquet
        texts = read(str(file_of(work))).map_batches(
            _Entry,
            fn_constructor_args=(str(work.source),),
            batch_size=ROWS,
            batch_format="pandas",
            compute=ray.data.ActorPoolStrategy(size=work.processes),
        )
        with work.output.open("w") as rows:
            rows.writelines(row["rows"] for row in texts.iter_rows())
        ended = time.time()
    return Measured.of(work, started, ended)
