"""Ray Data: ``map_batches`` with an actor class."""

from __future__ import annotations

import time
from itertools import chain
from typing import Any

from benchmarks.alternatives.ray_session import ray_session
from benchmarks.alternatives.script import rows_of
from benchmarks.work import Measured, Work

__all__ = ["quiet", "run"]


class _Entry:
    """What Ray Data keeps alive in each of its processes."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Run one mini-batch."""
        return {"rows": [rows_of((self._source, batch["item"].tolist()))]}


def quiet() -> None:
    """Draw no progress bars."""
    from ray.data import DataContext  # noqa: PLC0415 - its import is part of it

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False


def run(work: Work) -> Measured:
    """Do the work; the rows come in any order."""
    started = time.time()
    with ray_session(work):
        import ray.data  # noqa: PLC0415 - its import is part of it

        quiet()
        names = list(chain.from_iterable(work.mini_batches()))
        texts = ray.data.from_items(names).map_batches(
            _Entry,
            fn_constructor_args=(str(work.source),),
            batch_size=int(work.mini_batch_size),
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=work.processes),
        )
        with work.output.open("w") as rows:
            rows.writelines(row["rows"] for row in texts.iter_rows())
        ended = time.time()
    return Measured.of(work, started, ended)
