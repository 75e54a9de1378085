"""joblib with its own processes; it gathers calls into batches by itself."""

from __future__ import annotations

import time

from benchmarks.alternatives.script import rows_of
from benchmarks.work import Measured, Work

__all__ = ["run"]


def run(work: Work) -> Measured:
    """Do the work; the rows come in any order."""
    started = time.time()
    from joblib import Parallel, delayed  # noqa: PLC0415 - its import is part of it

    source = str(work.source)
    call = delayed(rows_of)
    parallel = Parallel(n_jobs=work.processes, return_as="generator_unordered")
    with work.output.open("w") as rows:
        rows.writelines(
            parallel(call((source, mini_batch)) for mini_batch in work.mini_batches())
        )
    return Measured.of(work, started, time.time())
