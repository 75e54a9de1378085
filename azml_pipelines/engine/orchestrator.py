"""``python -m azml_pipelines.engine.orchestrator FOLDER``: drives one run."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import signal
import sqlite3
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from azml_pipelines.engine.reusing_executor import reusing
from azml_pipelines.engine.step_executor import StepContext, make_executor
from azml_pipelines.engine.step_order import run_steps
from azml_pipelines.errors import (
    AzmlError,
    RunCanceledError,
    WorkspaceException,
)
from azml_pipelines.failpoints import point
from azml_pipelines.plan.execution_override import apply_overrides
from azml_pipelines.plan.run_plan import RunPlan
from azml_pipelines.store.execution_overrides import read_overrides
from azml_pipelines.store.journal import DamagedJournalError, Journal, LostRunError
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.workspace_folder import RunFolder

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Orchestrator", "main", "read_plan"]

_RESERVE_BYTES = 256 * 1024


class Orchestrator:
    """Runs the steps of one plan in order and writes the end into the journal."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._journal = Journal(folder.journal)
        self._stop_signal: int | None = None

    def run(self) -> None:
        """Bring the run to its end.

        Raises:
            LostRunError: Another process drives it.
            DamagedJournalError: Its journal is not what was written.
        """
        owner = Owner.of_process(os.getpid())
        if owner is None:
            msg = "this process cannot find itself in the process table"
            raise LostRunError(msg)
        epoch = self._journal.claim(owner)
        point("orchestrator.claimed")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_signal)
        self._keep_room()
        self._journal.start_run()
        try:
            context = StepContext(
                read_plan(self._folder, self._journal.plan_sha256()),
                self._folder,
                epoch,
                self._journal,
                self._check,
            )
            error = run_steps(context, reusing(make_executor))
        except RunCanceledError:
            self._make_room()
            self._journal.end_run("Canceled")
        except LostRunError:
            raise  # What is in the folder is another one's now.
        except BaseException as problem:
            text = f"internal error: {problem!r}; see {self._folder.log}"
            if isinstance(problem, AzmlError):
                text = problem.message
            elif isinstance(problem, (OSError, sqlite3.Error, UnicodeDecodeError)):
                text = f"the run's folder cannot be used: {problem}"
            self._make_room()
            self._journal.end_run("Failed", text)
            raise
        else:
            point("run.end")
            self._make_room()
            self._journal.end_run("Failed" if error else "Finished", error)
        finally:
            self._journal.close()

    def _keep_room(self) -> None:
        """Take some room on the disk, so that the end can be written on a full one."""
        with contextlib.suppress(OSError):
            self._folder.reserve.write_bytes(bytes(_RESERVE_BYTES))

    def _make_room(self) -> None:
        self._folder.reserve.unlink(missing_ok=True)

    def _note_signal(self, number: int, _: FrameType | None) -> None:
        if self._stop_signal is not None:
            os._exit(128 + number)
        self._stop_signal = number

    def _check(self) -> None:
        """Stop when somebody asked for it.

        Raises:
            RunCanceledError: By a signal, or by a request in the run folder.
        """
        if self._stop_signal is not None or self._folder.cancel_request.exists():
            msg = "the run was asked to stop"
            raise RunCanceledError(msg)


def read_plan(folder: RunFolder, sha256: str) -> RunPlan:
    """Read the plan that was written at submission, and what resumes changed.

    Raises:
        WorkspaceException: Somebody has changed it since.
    """
    text = folder.plan.read_bytes()
    if hashlib.sha256(text).hexdigest() != sha256:
        msg = (
            f"{folder.plan} is not what was submitted; restore it, or submit the "
            "pipeline again"
        )
        raise WorkspaceException(msg)
    plan = RunPlan.model_validate_json(text)
    return apply_overrides(plan, read_overrides(folder))


def main() -> int:
    """Drive the run in the folder given as the only argument."""
    os.umask(0o077)
    # What importing makes stays; what a bundle makes is gone with it, without a search.
    gc.set_threshold(100_000, 50, 50)
    folder = RunFolder(Path(sys.argv[1]))
    try:
        Orchestrator(folder).run()
    except (LostRunError, DamagedJournalError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is the orchestrator's log
        return 1
    except Exception:  # noqa: BLE001 - written down, then the process ends
        traceback.print_exc()
        return 70
    return 0


def _end(code: int) -> NoReturn:
    """End at once: all is closed and on the disk.

    Taking the interpreter apart, with all that Dask and pandas have imported, would use
    0.3 s more of a core, while nobody drives the run and its process is still there.
    """
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _end(main())
