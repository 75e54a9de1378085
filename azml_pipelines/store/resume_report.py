"""What a resume keeps and what it does again, step by step. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_seals import read_steps

if TYPE_CHECKING:
    import sqlite3

    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["StepResume", "read_resume_report"]


@dataclass(frozen=True)
class StepResume:
    """One step of a run that is about to go on."""

    step: str
    finished: bool
    total: int | None
    """Mini-batches; None as long as the input is not listed."""
    kept: int
    """Finished mini-batches, which are not run again."""
    rows: int
    """Rows of these."""
    again: int
    """Mini-batches that were given up and get all of their tries again."""
    kind: str = "parallel_run"

    @property
    def left(self) -> int | None:
        """Mini-batches that are to be run, those that were given up among them."""
        return None if self.total is None else self.total - self.kept

    @property
    def text(self) -> str:
        """One line for people."""
        kept = f"keeps {_count(self.kept, 'finished mini-batch', 'es')}"
        rows = f"({_count(self.rows, 'row', 's')})"
        if self.kind != "parallel_run":
            anew = "starts from the beginning"
            return f"{self.step}: {'finished' if self.finished else anew}"
        if self.total is None:
            goes_on = f"{kept} {rows} and goes on listing its input"
            anew = "starts from the beginning"
            return f"{self.step}: {goes_on if self.kept else anew}"
        if self.finished:
            return f"{self.step}: finished, {kept} {rows}"
        tried = f", {self.again:,} of them given up before" if self.again else ""
        return f"{self.step}: {kept} {rows}, {self.left:,} to do{tried}"


def _count(number: int, word: str, plural: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else plural}"


def read_resume_report(folder: RunFolder) -> tuple[StepResume, ...]:
    """Return what is kept of each step, in the order of the plan."""
    with reading(folder.journal) as connection:
        steps = read_steps(connection, folder.journal)
        return tuple(_report(connection, step) for step in steps)


def _report(connection: sqlite3.Connection, step: sqlite3.Row) -> StepResume:
    position, name, total = step["position"], step["name"], step["total_mini_batches"]
    finished = step["status"] == "Finished"
    # A mini-batch with a failed piece has rows of others, and is not finished.
    given_up = "SELECT mini_batch FROM failure WHERE step = ? AND final"
    kept, rows = connection.execute(
        "SELECT count(DISTINCT first) + coalesce(sum(count - 1), 0),"  # noqa: S608 - a constant
        " coalesce(sum(rows), 0) FROM done"
        f" WHERE step = ? AND first NOT IN ({given_up})",
        (position, position),
    ).fetchone()
    again = connection.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT mini_batch FROM ({given_up}))",  # noqa: S608 - the same
        (position,),
    ).fetchone()[0]
    kind = step["kind"] if "kind" in step.keys() else "parallel_run"  # noqa: SIM118 - no dict
    return StepResume(name, finished, total, kept, rows, 0 if finished else again, kind)
