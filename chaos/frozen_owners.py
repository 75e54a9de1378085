"""Owners that freeze somewhere, are replaced, and wake up: nothing of theirs counts."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.failpoints import POINTS
from chaos.lab import ROWS_SCRIPT, names, rows, wait_for
from chaos.owners import take_away
from chaos.process_tree import is_frozen, is_running, kill
from chaos.standard_check import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Verdict

__all__ = ["FREEZING_PLACES", "Freeze", "play"]

_ELSEWHERE = ("submit.", "launch.", "part.", "header.")
"""Of those who submit, and of workers."""
FREEZING_PLACES = tuple(
    place
    for place in POINTS
    if not place.startswith(_ELSEWHERE)
    and place not in {"journal.begin", "journal.commit"}
)
"""All failpoints of an orchestrator but those within a transaction: who freezes there
holds the journal, and nobody can take the run over."""
_ITEMS = 40
_BAD = "000007"
_SCRIPT = ROWS_SCRIPT.format(
    init="pass",
    before=f"if mini_batch[0].endswith('{_BAD}'):\n        raise ValueError('bad')",
)
_SECONDS = 30


@dataclass(frozen=True)
class Freeze:
    """Where an owner freezes, and whether it wakes up before its successor has ended."""

    place: str
    early: bool

    @property
    def name(self) -> str:
        """What is printed of it."""
        return f"frozen at {self.place}, awake {'early' if self.early else 'late'}"


def play(lab: Lab, freeze: Freeze, verdict: Verdict) -> None:
    """Freeze the owner of a run, let another one finish it, wake the first one up."""
    with _armed(f"{freeze.place}=stop@1"):
        job = lab.submit(_SCRIPT, items=_ITEMS, run_max_try=1)
    loser = wait_for(lambda: _frozen_owner(lab, job), _SECONDS)
    if not loser:
        verdict.demand(False, f"{freeze.name}: it never froze")
        return
    _take_away(job, loser)
    job.resume()
    if freeze.early:
        wait_for(lambda: lab.orchestrator(job) not in {None, loser}, _SECONDS)
        kill(loser, signal.SIGCONT)
    status = lab.finish(job, _SECONDS)
    before = _written(lab, job)
    if not freeze.early:
        kill(loser, signal.SIGCONT)
    ended = wait_for(lambda: not is_running(loser), _SECONDS)
    verdict.demand(bool(ended), f"{freeze.name}: it goes on")
    error = job.state().error
    verdict.demand(status == "Finished", f"{freeze.name}: {status}: {error}")
    verdict.demand(_written(lab, job) == before, f"{freeze.name}: it has written")
    good = (name for name in names(_ITEMS) if name != _BAD)
    check(lab, job, rows(good), verdict, figures=False)


@contextmanager
def _armed(fault: str) -> Iterator[None]:
    os.environ["AZML_FAILPOINTS"] = fault
    try:
        yield
    finally:
        del os.environ["AZML_FAILPOINTS"]


def _take_away(job: PipelineRun, owner: int) -> None:
    """Take a run from its frozen owner, a moment later where that holds the journal.

    Another thread of it may have been within a transaction: nobody can take the run
    over then, until the owner has gone on or is dead.
    """
    while True:
        try:
            take_away(job.folder.journal, seconds=1)
        except sqlite3.OperationalError:
            kill(owner, signal.SIGCONT)
            time.sleep(0.005)
            kill(owner, signal.SIGSTOP)
        else:
            return


def _frozen_owner(lab: Lab, job: PipelineRun) -> int | None:
    pid = lab.orchestrator(job)
    return pid if pid and is_frozen(pid) else None


def _written(lab: Lab, job: PipelineRun) -> dict[str, tuple[int, int, int]]:
    """Return what is at the output and in the list of failed items, and since when."""
    folder = job.folder.step(job.state().steps[0].step_run_id)
    output = lab.output_path(job)
    files = [
        *output.parent.iterdir(),
        folder.failed_items_csv,
        folder.failed_items_jsonl,
    ]
    found = {path.name: path.stat() for path in files if path.exists()}
    return {
        name: (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        for name, stat in found.items()
    }
