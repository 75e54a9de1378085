"""Ray actors: one call per mini-batch, at most some calls ahead of each actor."""

from __future__ import annotations

import time

from benchmarks.alternatives.ray_session import ray_session
from benchmarks.alternatives.script import rows_of
from benchmarks.work import Measured, Work

__all__ = ["run"]


class _Actor:
    """Holds what ``init()`` made."""

    def run(self, source: str, mini_batch: list[str]) -> str:
        """Run one mini-batch."""
        return rows_of((source, mini_batch))


def run(work: Work) -> Measured:
    """Do the work; the rows come in any order."""
    started = time.time()
    with ray_session(work):
        import ray  # noqa: PLC0415 - its import is part of it
        from ray.util import ActorPool  # noqa: PLC0415 - the same

        source = str(work.source)
        actor = ray.remote(num_cpus=1)(_Actor)
        pool = ActorPool([actor.remote() for _ in range(work.processes)])
        found = pool.map_unordered(
            lambda one, mini_batch: one.run.remote(source, mini_batch),
            work.mini_batches(),
        )
        with work.output.open("w") as rows:
            rows.writelines(found)
        ended = time.time()
    return Measured.of(work, started, ended)
