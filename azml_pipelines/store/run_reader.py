"""Reads what happened to a run; never writes, so it can run beside the orchestrator."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.journal_file import connect
from azml_pipelines.store.launch_lock import is_launching
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_state import TERMINAL, RunState, StepState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.store.run_state import Status
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = [
    "Failure",
    "read_failures",
    "read_output",
    "read_run_state",
    "request_cancel",
]

_LAUNCH_SECONDS = 10.0
_STEP_FIELDS = (
    "name, step_run_id, status, total_mini_batches, done_mini_batches,"
    " failed_mini_batches, total_items, succeeded_items, failed_items, retries,"
    " started, ended, error"
)


@dataclass(frozen=True)
class Failure:
    """A failed try, as the journal knows it."""

    mini_batch: int
    attempt: int
    final: bool
    charged: bool
    reason: str
    items: int
    exception_type: str
    message: str
    user_line: str
    traceback: str
    node: str
    process: str


def _open(path: Path) -> sqlite3.Connection:
    try:
        return connect(path, read_only=True)
    except sqlite3.OperationalError as error:
        msg = f"the run's journal {path} cannot be opened: {error}"
        raise WorkspaceException(msg, inner_exception=error) from error


def read_run_state(folder: RunFolder) -> RunState:
    """Return what has happened so far.

    A run whose orchestrator is gone without a word is reported as failed, with the
    command that resumes it; nothing is written.

    Raises:
        WorkspaceException: The journal is missing or is no journal.
    """
    connection = _open(folder.journal)
    try:
        connection.execute("BEGIN")
        run = connection.execute("SELECT * FROM run").fetchone()
        steps = connection.execute(
            f"SELECT {_STEP_FIELDS} FROM step ORDER BY position"  # noqa: S608 - a constant
        ).fetchall()
    except sqlite3.DatabaseError as error:
        msg = f"{folder.journal} is not the journal of a run: {error}"
        raise WorkspaceException(msg, inner_exception=error) from error
    finally:
        connection.close()
    if run is None:
        msg = f"{folder.journal} is not the journal of a run: it was never finished"
        raise WorkspaceException(msg)
    status, error_text = run["status"], run["error"]
    states = [StepState(*step) for step in steps]
    if status not in TERMINAL and not _is_driven(run, folder):
        status = "Failed"
        what = f"the orchestrator (process {run['pid']}) has ended without a word"
        if run["pid"] is None:
            what = "no orchestrator was started"
        error_text = f"{what}; what is finished is kept: azml resume {run['run_id']}"
    if status in TERMINAL:
        states = [_left_behind(state) for state in states]
    return RunState(
        run_id=run["run_id"],
        experiment=run["experiment"],
        status=status,
        created=run["created"],
        started=run["started"],
        ended=run["ended"],
        error=error_text,
        steps=tuple(states),
    )


def _is_driven(run: sqlite3.Row, folder: RunFolder) -> bool:
    if run["pid"] is None:
        # Who has just submitted it, or resumes it, is about to start an orchestrator.
        return time.time() - run["created"] < _LAUNCH_SECONDS or is_launching(folder)
    return Owner(run["host"], run["pid"], run["process_started"]).alive


def _left_behind(state: StepState) -> StepState:
    if state.status != "Running":
        return state
    status: Status = "Failed"
    return StepState(**{**state.__dict__, "status": status})


def read_failures(
    folder: RunFolder, step_run_id: str, *, most: int = 100
) -> Iterator[Failure]:
    """Yield the failed tries of a step, those that were given up first."""
    connection = _open(folder.journal)
    try:
        rows = connection.execute(
            "SELECT mini_batch, attempt, final, charged, reason, items, exception_type,"
            " message,"
            " user_line, traceback, node, process FROM failure"
            " JOIN step ON step.position = failure.step WHERE step_run_id = ?"
            " ORDER BY final DESC, mini_batch, attempt LIMIT ?",
            (step_run_id, most),
        )
        for row in rows:
            yield Failure(*row)
    finally:
        connection.close()


def read_output(folder: RunFolder, step_run_id: str) -> str | None:
    """Return the absolute path of a step's committed output file, if there is one."""
    connection = _open(folder.journal)
    try:
        row = connection.execute(
            "SELECT output FROM step WHERE step_run_id = ?", (step_run_id,)
        ).fetchone()
    finally:
        connection.close()
    return row["output"] if row else None


def request_cancel(folder: RunFolder) -> None:
    """Ask the run's orchestrator to stop; it looks several times a second."""
    folder.cancel_request.touch(mode=0o600)
