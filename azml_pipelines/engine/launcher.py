"""Starts an orchestrator: a process that outlives whoever submitted the run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from azml_pipelines.failpoints import point
from azml_pipelines.store.journal import Journal
from azml_pipelines.store.run_owner import Owner

if TYPE_CHECKING:
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["start_orchestrator"]


def start_orchestrator(folder: RunFolder) -> int:
    """Start the orchestrator of a run, detached from this process and its terminal.

    It is written into the journal at once, so that a run whose orchestrator dies at its
    first breath is not waited for.

    Returns:
        Its process id.

    Raises:
        LostRunError: The run has a living orchestrator.
    """
    journal = Journal(folder.journal)
    try:
        journal.reopen()
        folder.cancel_request.unlink(missing_ok=True)
        epoch = journal.epoch
        point("launch.spawn")
        process = _spawn(folder)
        point("launch.spawned")
        owner = Owner.of_process(process.pid)
        if owner is not None:
            journal.note_launch(owner, epoch)
    finally:
        journal.close()
    return process.pid


def _spawn(folder: RunFolder) -> subprocess.Popen[bytes]:
    with folder.log.open("ab") as log:
        folder.log.chmod(0o600)
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "azml_pipelines.engine.orchestrator",
                folder.root,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Nobody waits for it here; this keeps the interpreter from warning about that.
    process.returncode = 0
    return process
