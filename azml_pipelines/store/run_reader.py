"""Reads what happened to a run; never writes, so it can run beside the orchestrator."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from azml_pipelines.store.journal_damage import DamagedJournalError
from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_list import read_listed
from azml_pipelines.store.journal_seals import (
    COUNTERS,
    read_run,
    read_step,
    read_steps,
    sealed,
)
from azml_pipelines.store.launch_lock import is_launching
from azml_pipelines.store.reuse_record import read_reuse, read_taken_over
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_state import TERMINAL, RunState, StepState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.store.run_state import Status
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = [
    "Failure",
    "read_failures",
    "read_output",
    "read_output_facts",
    "read_run_state",
    "read_step_state",
    "request_cancel",
    "run_has_ended",
]

_LAUNCH_SECONDS = 10.0
_NOT_JOURNALED = frozenset({
    "listed_mini_batches", "reused_from", "reused_since", "taken_over", "taken_from",
})  # fmt: skip
_STEP_FIELDS = tuple(
    field.name for field in fields(StepState) if field.name not in _NOT_JOURNALED
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


_FAILURE_FIELDS = tuple(field.name for field in fields(Failure))


def read_run_state(folder: RunFolder) -> RunState:
    """Return what has happened so far.

    A run whose orchestrator is gone without a word is reported as failed, with the
    command that resumes it; nothing is written.

    Raises:
        DamagedJournalError: The journal is no journal, or is damaged.
        WorkspaceException: It is missing or cannot be opened.
    """
    with reading(folder.journal) as connection:
        run = read_run(connection, folder.journal)
        steps = read_steps(connection, folder.journal)
        listed = [read_listed(connection, step["position"]) for step in steps]
    states = [
        _with_reuse(
            replace(_step_state(step, folder.journal), listed_mini_batches=known),
            folder,
        )
        for step, (known, _) in zip(steps, listed, strict=True)
    ]
    status, error_text = _status(run, folder)
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


def run_has_ended(folder: RunFolder) -> bool:
    """Return ``read_run_state(folder).ended_for_good`` without a look at the steps.

    Raises:
        DamagedJournalError: The journal is no journal, or is damaged.
        WorkspaceException: It is missing or cannot be opened.
    """
    with reading(folder.journal) as connection:
        run = read_run(connection, folder.journal)
    return _status(run, folder)[0] in TERMINAL


def read_step_state(folder: RunFolder, position: int) -> StepState:
    """Return what the journal says of one step; nothing of what it has from others.

    Raises:
        DamagedJournalError: The journal is no journal, or is damaged.
        WorkspaceException: It is missing or cannot be opened.
    """
    with reading(folder.journal) as connection:
        step = read_step(connection, folder.journal, position)
    return _step_state(step, folder.journal)


def _status(run: sqlite3.Row, folder: RunFolder) -> tuple[Status, str | None]:
    """Return status and error; one that nobody drives any more has failed."""
    if run["status"] in TERMINAL or _is_driven(run, folder):
        return run["status"], run["error"]
    what = f"the orchestrator (process {run['pid']}) has ended without a word"
    if run["pid"] is None:
        what = "no orchestrator was started"
    return "Failed", f"{what}; what is finished is kept: azml resume {run['run_id']}"


def _step_state(step: sqlite3.Row, journal: Path) -> StepState:
    for name in COUNTERS:
        # Not sealed: they change too often.
        if not (name in step.keys() and isinstance(step[name], int)):  # noqa: SIM118 - no dict
            raise DamagedJournalError(journal, f"the counter {name} is no number")
    # Journals of earlier releases know one kind only.
    known = [name for name in _STEP_FIELDS if name in step.keys()]  # noqa: SIM118 - no dict
    return StepState(**{name: step[name] for name in known})


def _with_reuse(state: StepState, folder: RunFolder) -> StepState:
    """Say of a step that has finished without a list whose result it has."""
    if state.total_mini_batches is not None:
        taken = read_taken_over(folder.step(state.step_run_id))
        if taken is None:
            return state
        return replace(state, taken_over=taken.mini_batches, taken_from=taken.run_id)
    if state.status != "Finished":
        return state
    record = read_reuse(folder.step(state.step_run_id))
    if record is None or record.decision != "reused":
        return state
    return replace(state, reused_from=record.run_id, reused_since=record.ended)


def _is_driven(run: sqlite3.Row, folder: RunFolder) -> bool:
    if run["pid"] is None:
        # Who has just submitted it, or resumes it, is about to start an orchestrator.
        young = abs(time.time() - run["created"]) < _LAUNCH_SECONDS
        return young or is_launching(folder)
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
    with reading(folder.journal) as connection:
        rows = connection.execute(
            "SELECT failure.* FROM failure"
            " JOIN step ON step.position = failure.step WHERE step_run_id = ?"
            " ORDER BY final DESC, mini_batch, attempt LIMIT ?",
            (step_run_id, most),
        )
        for row in rows:
            failure = sealed(row, "failure", folder.journal)
            yield Failure(*(failure[name] for name in _FAILURE_FIELDS))


def read_output(folder: RunFolder, step_run_id: str) -> str | None:
    """Return the absolute path of a step's committed output file, if there is one."""
    return read_output_facts(folder, step_run_id)[0]


def read_output_facts(
    folder: RunFolder, step_run_id: str
) -> tuple[str | None, str | None]:
    """Return path and SHA-256 of a step's committed output; None for what is not."""
    with reading(folder.journal) as connection:
        step = connection.execute(
            "SELECT * FROM step WHERE step_run_id = ?", (step_run_id,)
        ).fetchone()
    if step is None:
        return None, None
    sealed(step, "step", folder.journal)
    return step["output"], step["output_sha256"]


def request_cancel(folder: RunFolder) -> None:
    """Ask the run's orchestrator to stop; it looks several times a second."""
    folder.cancel_request.touch(mode=0o600)
