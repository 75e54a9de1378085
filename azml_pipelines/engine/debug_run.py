"""A whole run in the present process, one mini-batch after the other, for debuggers.

The same journal, parts and commit as ever, so the output has the same bytes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from azml_pipelines.compute.in_process import InProcessSlots
from azml_pipelines.engine.in_process_script import InProcessScript
from azml_pipelines.engine.parallel_executor import ParallelExecutor
from azml_pipelines.engine.reusing_executor import reusing
from azml_pipelines.engine.step_executor import StepContext, make_executor
from azml_pipelines.engine.step_order import run_steps_in_turn
from azml_pipelines.errors import RunCanceledError, WorkspaceException
from azml_pipelines.plan.run_plan import ParallelRunStepPlan, PythonScriptStepPlan
from azml_pipelines.store.execution_overrides import read_effective_plan
from azml_pipelines.store.journal import Journal, LostRunError
from azml_pipelines.store.launch_lock import launching
from azml_pipelines.store.run_owner import Owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.compute.agent import AgentPlan
    from azml_pipelines.engine.dispatch import Slots
    from azml_pipelines.engine.parallel_executor import Nodes
    from azml_pipelines.engine.step_executor import StepExecutor
    from azml_pipelines.plan.run_plan import StepPlan
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
            context = StepContext(plan, folder, epoch, journal, _check_of(folder))
            error = run_steps_in_turn(context, reusing(_make_in_process))
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


def _make_in_process(
    step: StepPlan, position: int, context: StepContext
) -> StepExecutor:
    """Return what runs a step where a debugger works; commands have processes."""
    if isinstance(step, ParallelRunStepPlan):
        return _InProcessExecutor(step, position, context)
    if isinstance(step, PythonScriptStepPlan):
        return InProcessScript(step, position, context)
    return make_executor(step, position, context)


class _InProcessExecutor(ParallelExecutor):
    """Runs a step without nodes: the only worker is the present process."""

    def start_nodes(self, plans: list[AgentPlan]) -> Nodes:
        """See ``ParallelExecutor``."""
        return _InProcessNodes(plans[0], self._step.source_directory)


class _InProcessNodes:
    """The present process in the place of all nodes."""

    def __init__(self, plan: AgentPlan, source_directory: str) -> None:
        self._plan = plan
        self._source_directory = source_directory
        self._slots: InProcessSlots | None = None

    def slots(self) -> Slots:
        """See ``Nodes``."""
        if self._slots is None:
            self._slots = InProcessSlots(self._plan, self._source_directory)
        return self._slots

    def rest(self) -> None:
        """Do nothing: there is only one process, and it is needed."""

    def close(self, *, at_once: bool = False) -> None:
        """See ``Nodes``."""
        if self._slots is not None:
            self._slots.close(at_once=at_once)
