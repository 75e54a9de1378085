"""``multiprocessing.Pool``: its ``imap_unordered``, or ``imap`` where order counts."""

from __future__ import annotations

import multiprocessing
import time

from benchmarks.alternatives.script import rows_of
from benchmarks.work import Measured, Work

__all__ = ["run"]


def run(work: Work) -> Measured:
    """Do the work; the options are the ``chunk`` size and whether it is ``ordered``."""
    started = time.time()
    source = str(work.source)
    tasks = ((source, mini_batch) for mini_batch in work.mini_batches())
    with (
        multiprocessing.Pool(work.processes) as pool,
        work.output.open("w") as rows,
    ):
        hand_out = pool.imap if work.options.get("ordered") else pool.imap_unordered
        rows.writelines(hand_out(rows_of, tasks, int(work.options["chunk"])))
    return Measured.of(work, started, time.time())
