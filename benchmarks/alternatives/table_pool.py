"""A ``multiprocessing.Pool`` over chunks that pandas reads in the parent process."""

from __future__ import annotations

import multiprocessing
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.alternatives.script import table_rows
from benchmarks.alternatives.table_input import frames
from benchmarks.work import Measured

if TYPE_CHECKING:
    from benchmarks.work import Work

__all__ = ["run"]


def run(work: Work) -> Measured:
    """Do the work, in order; the processes format the rows, the parent writes them."""
    started = time.time()
    one = partial(table_rows, str(work.source))
    with (
        multiprocessing.Pool(work.processes) as pool,
        work.output.open("w") as rows,
    ):
        rows.writelines(pool.imap(one, frames(work)))
    return Measured.of(work, started, time.time())
