"""Bare processes, each with its share from the start: what the machine has to give."""

from __future__ import annotations

import multiprocessing
import time
from itertools import islice
from typing import TYPE_CHECKING

from benchmarks.alternatives.script import rows_of
from benchmarks.work import Measured

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.work import Work

__all__ = ["run"]


def run(work: Work) -> Measured:
    """Do the work; nothing is handed out, nobody waits for anybody."""
    started = time.time()
    shares = [
        multiprocessing.Process(target=_share, args=(work, number))
        for number in range(work.processes)
    ]
    for share in shares:
        share.start()
    for share in shares:
        share.join()
    with work.output.open("wb") as rows:
        for number in range(work.processes):
            rows.write(_part(work, number).read_bytes())
    return Measured.of(work, started, time.time())


def _part(work: Work, number: int) -> Path:
    return work.output.with_suffix(f".{number}")


def _share(work: Work, number: int) -> None:
    source = str(work.source)
    with _part(work, number).open("w") as rows:
        for mini_batch in islice(work.mini_batches(), number, None, work.processes):
            rows.write(rows_of((source, mini_batch)))
