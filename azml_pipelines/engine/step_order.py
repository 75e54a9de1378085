"""The steps of a plan, one after the other, as far as they can run."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

from azml_pipelines.engine.node_plans import fork_server_plans
from azml_pipelines.errors import ExecutionError, RunCanceledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.engine.parallel_executor import ParallelExecutor, StepContext
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan

    MakeExecutor = Callable[[ParallelRunStepPlan, int, StepContext], ParallelExecutor]

__all__ = ["run_steps"]

_STEPS_AHEAD = 2
"""For how many steps fork servers are kept ready: a short step gives little time."""


def run_steps(context: StepContext, make_executor: MakeExecutor) -> str | None:
    """Run every step that can run and has not finished.

    A step that needs a failed one is left out; the others too, unless the run goes on
    after failures.

    Returns:
        The error of the first step that failed.

    Raises:
        RunCanceledError: Somebody asked the run to stop.
        LostRunError: Another process has taken the run over.
    """
    with closing(context.standby):
        return _run_steps(context, make_executor)


def _run_steps(context: StepContext, make_executor: MakeExecutor) -> str | None:
    first_error: str | None = None
    failed: set[str] = set()
    finished = context.journal.finished_steps()
    open_steps = [
        (position, step)
        for position, step in enumerate(context.run.steps)
        if position not in finished
    ]
    servers = [fork_server_plans(context, step) for _, step in open_steps]
    for number, (position, step) in enumerate(open_steps, 1):
        blocked = failed.intersection(step.after)
        if blocked or (first_error and not context.run.continue_on_step_failure):
            failed.add(step.step_run_id)
            continue
        context.check()
        context.standby.expect(chain(*servers[number : number + _STEPS_AHEAD]))
        try:
            make_executor(step, position, context).run()
        except RunCanceledError:
            raise
        except ExecutionError as error:
            failed.add(step.step_run_id)
            first_error = first_error or error.message
    return first_error
