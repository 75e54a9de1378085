"""A whole run in the present process, one mini-batch after the other, for debuggers.

The same journal, parts and commit as ever, so the output has the same bytes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from azml_pipelines.compute.in_process import InProcessSlots
from azml_pipelines.engine.parallel_executor import ParallelExecutor, StepContext
from azml_pipelines.engine.step_inputs import output_directory, step_inputs
from azml_pipelines.errors import ExecutionError, RunCanceledError, WorkspaceException
from azml_pipelines.store.execution_overrides import read_effective_plan
from azml_pipelines.store.journal import Journal, LostRunError
from azml_pipelines.store.launch_lock import launching
from azml_pipelines.store.run_owner import Owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.plan.run_plan import RunPlan
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["run_in_process"]


def run_in_process(folder: RunFolder) -> None:
    """Bring a run to its end, whatever that is; the journal says so.

    Raises:
        LostRunError: Another process drives the run.
        KeyboardInterrupt: Ctrl-C outside of user code; the run is canceled.
    """
    plan = read_effective_plan(folder)
    journal = Journal(folder.journal)
    # As in orchestrators: what a run writes is for its owner's eyes only.
    umask = os.umask(0o077)
    try:
        with launching(folder):
            epoch = journal.claim(_this_process())
        journal.start_run()
        try:
            context = StepContext(plan, folder, journal, epoch, _check_of(folder))
            error = _run_steps(plan, context)
        except RunCanceledError:
            journal.end_run("Canceled")
        except LostRunError:
            raise
        except KeyboardInterrupt:
            journal.end_run("Canceled")
            raise
        except BaseException as problem:
            journal.end_run("Failed", f"internal error: {problem!r}")
            raise
        else:
            journal.end_run("Failed" if error else "Finished", error)
    finally:
        os.umask(umask)
        journal.close()


def _this_process() -> Owner:
    owner = Owner.of_process(os.getpid())
    if owner is None:
        msg = "this process cannot find itself in the process table"
        raise WorkspaceException(msg)
    return owner


def _check_of(folder: RunFolder) -> Callable[[], None]:
    def check() -> None:
        if folder.cancel_request.exists():
            msg = "the run was asked to stop"
            raise RunCanceledError(msg)

    return check


def _run_steps(plan: RunPlan, context: StepContext) -> str | None:
    """Run every step that can run; return the error of the first that failed."""
    first_error: str | None = None
    failed: set[str] = set()
    finished = context.journal.finished_steps()
    for position, step in enumerate(plan.steps):
        if position in finished:
            continue
        blocked = failed.intersection(step.after)
        if blocked or (first_error and not plan.continue_on_step_failure):
            failed.add(step.step_run_id)
            continue
        context.check()
        try:
            _InProcessExecutor(step, position, context).run()
        except RunCanceledError:
            raise
        except ExecutionError as error:
            failed.add(step.step_run_id)
            first_error = first_error or error.message
    return first_error


class _InProcessExecutor(ParallelExecutor):
    """Runs a step without nodes: the only worker is the present process."""

    def _work(self) -> None:
        inputs, side_inputs = step_inputs(self._step)
        output = output_directory(self._step.output, self._folder.root / "output")
        self._folder.parts.mkdir(parents=True, exist_ok=True, mode=0o700)
        plan = self._agent_plans(inputs, side_inputs, output)[0]
        self._freeze(inputs)
        slots = InProcessSlots(plan, self._step.source_directory)
        try:
            while True:
                ledger = self._open_ledger()
                if ledger.waiting_count:
                    self._dispatch(ledger, slots)
                ledger.finish()
                if self._commit(output):
                    break
        except BaseException:
            slots.close(at_once=True)
            raise
        slots.close()
