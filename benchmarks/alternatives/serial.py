"""One process, one loop: what the work itself takes."""

from __future__ import annotations

import time

from benchmarks.alternatives.script import rows_of
from benchmarks.work import Measured, Work

__all__ = ["run"]


def run(work: Work) -> Measured:
    """Do the work."""
    started = time.time()
    source = str(work.source)
    with work.output.open("w") as rows:
        for mini_batch in work.mini_batches():
            rows.write(rows_of((source, mini_batch)))
    return Measured.of(work, started, time.time())
