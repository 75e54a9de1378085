"""Whether what is stored of a run keeps the promises I1 to I10. Reads only.

I6 (no user code outside of worker processes) cannot be seen in a store.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from typing import TYPE_CHECKING

from pydantic import ValidationError

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.plan.run_plan import RunPlan
from azml_pipelines.store.finding import Finding
from azml_pipelines.store.journal_damage import DamagedJournalError
from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_seals import (
    record_damage,
    row_damage,
    structure_damage,
)
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_processes import processes_of
from azml_pipelines.store.run_state import TERMINAL
from azml_pipelines.store.verify_step import verify_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.store.run_processes import RunProcess
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["Finding", "verify_run"]

_GRACE_SECONDS = 3.0
_MEGABYTE = 1e6
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def verify_run(folder: RunFolder) -> tuple[Finding, ...]:
    """Check what is stored of a run; nothing is written.

    Returns:
        What was looked at and whether it is as it must be, in the order of the
        invariants, for the whole run first and then step by step.
    """
    name = folder.journal.name
    found: list[Finding] = []
    damage = ""
    try:
        with reading(folder.journal) as connection:
            damage = structure_damage(connection)
            if not damage:
                damage = row_damage(connection) or record_damage(connection)
                if damage:
                    found.append(_damaged(name, damage))
                for finding in _findings(folder, connection):
                    found.append(finding)  # noqa: PERF402 - kept when the next one fails
                return tuple(found)
    except DamagedJournalError as error:
        damage = error.problem
    except (sqlite3.Error, WorkspaceException) as error:
        text = f"{name} cannot be read: {error}"
        found.append(Finding("I2", ok=False, text=text))
        return tuple(found)
    except _UNREADABLE:
        # What is not as it was written can be anything; it has been named above.
        if not damage:
            raise
        return tuple(found)
    return (*found, _damaged(name, damage))


def _damaged(name: str, damage: str) -> Finding:
    return Finding("I2", ok=False, text=f"{name} is damaged: {damage}")


def _findings(folder: RunFolder, connection: sqlite3.Connection) -> Iterator[Finding]:
    run = connection.execute("SELECT * FROM run").fetchone()
    if run is None:
        return
    yield _plan(folder, run)
    yield _lease(connection, run)
    yield _names(connection, run)
    yield _processes(folder, run)
    yield _logs(folder)
    for step in connection.execute("SELECT * FROM step ORDER BY position").fetchall():
        yield from verify_step(folder, connection, step)


def _plan(folder: RunFolder, run: sqlite3.Row) -> Finding:
    try:
        content = folder.plan.read_bytes()
        steps = len(RunPlan.model_validate_json(content).steps)
    except OSError as error:
        return Finding("I1", ok=False, text=f"plan.json cannot be read: {error}")
    except ValidationError:
        return Finding("I1", ok=False, text="plan.json is no plan any more")
    if hashlib.sha256(content).hexdigest() != run["plan_sha256"]:
        text = "plan.json has changed since the run was submitted"
        return Finding("I1", ok=False, text=text)
    text = f"plan.json is the one that was submitted ({steps} steps)"
    return Finding("I1", ok=True, text=text)


def _lease(connection: sqlite3.Connection, run: sqlite3.Row) -> Finding:
    """Check that the run has had one driver at a time, each of a later epoch."""
    rows = connection.execute("SELECT count(*) FROM run").fetchone()[0]
    epoch, status = run["epoch"], run["status"]
    owner = _owner(run)
    latest = max(map(_epoch_of, connection.execute("SELECT name FROM part")), default=0)
    text = f"one lease, epoch {epoch}, status {status}"
    problem = ""
    if rows != 1:
        problem = f"{rows} leases; there can be only one"
    elif latest > epoch:
        problem = f"part files of epoch {latest}, but the lease is at epoch {epoch}"
    elif not epoch and run["started"] is not None:
        problem = "the run has started, but nobody has claimed it"
    elif status in TERMINAL and run["pid"] is not None:
        problem = f"the run has ended ({status}), but process {run['pid']} holds it"
    elif status not in TERMINAL and owner is not None:
        alive = "drives it" if owner.alive else "is gone; `azml resume` goes on"
        text += f", process {owner.pid} on {owner.host} {alive}"
    return Finding("I5", ok=not problem, text=problem or text)


def _epoch_of(part: sqlite3.Row) -> int:
    """Return the epoch in a part's name: ``node000.<epoch>.<number>.part``."""
    words = str(part["name"]).split(".")
    return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0


def _owner(run: sqlite3.Row) -> Owner | None:
    if run["pid"] is None:
        return None
    return Owner(run["host"], run["pid"], run["process_started"])


def _names(connection: sqlite3.Connection, run: sqlite3.Row) -> Finding:
    """Check that what has failed says why: every failure has a name."""
    nameless = [
        row["name"]
        for row in connection.execute(
            "SELECT name FROM step WHERE status = 'Failed' AND coalesce(error, '') = ''"
        )
    ]
    if run["status"] == "Failed" and not run["error"]:
        nameless.append("the run itself")
    if nameless:
        text = f"failed without saying why: {', '.join(nameless)}"
        return Finding("I7", ok=False, text=text)
    return Finding("I7", ok=True, text="every failure has a name")


def _processes(folder: RunFolder, run: sqlite3.Row) -> Finding:
    owner = _owner(run)
    driven = owner is not None and owner.alive and run["status"] not in TERMINAL
    left = processes_of(folder)
    if driven:
        text = f"the run goes on with {len(left)} processes"
        return Finding("I8", ok=True, text=text)
    # They have a moment to end: the last thing an orchestrator does is to end itself.
    deadline = time.monotonic() + _GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = processes_of(folder)
    if left:
        text = f"nobody drives the run, but it still has {_described(left)}"
        return Finding("I8", ok=False, text=text)
    return Finding("I8", ok=True, text="no process of the run is left")


def _described(processes: list[RunProcess]) -> str:
    first = processes[0]
    more = f" and {len(processes) - 1} more" if len(processes) > 1 else ""
    return f"process {first.pid} ({first.command[:80]}){more}"


def _logs(folder: RunFolder) -> Finding:
    """Say how much was logged; the limits are those of who writes it."""
    sizes = [(file.stat().st_size, file) for file in folder.root.rglob("logs/**/*.*")]
    total = sum(size for size, _ in sizes) / _MEGABYTE
    text = f"{len(sizes)} log files, {total:.1f} MB"
    if sizes:
        size, file = max(sizes)
        name = file.relative_to(folder.root).as_posix()
        text += f", the biggest is {name} with {size / _MEGABYTE:.1f} MB"
    return Finding("I9", ok=True, text=text)
