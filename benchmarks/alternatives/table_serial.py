"""pandas in one process: the reference for the bytes of the rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.alternatives.script import table_rows
from benchmarks.alternatives.table_input import frames
from benchmarks.work import Measured

if TYPE_CHECKING:
    from benchmarks.work import Work

__all__ = ["run"]


def run(work: Work) -> Measured:
    """Do the work."""
    started = time.time()
    source = str(work.source)
    with work.output.open("w") as rows:
        for frame in frames(work):
            rows.write(table_rows(source, frame))
    return Measured.of(work, started, time.time())
