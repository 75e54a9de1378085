"""The steps of a plan, one after the other, as far as they can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.errors import ExecutionError, RunCanceledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.engine.parallel_executor import ParallelExecutor, StepContext
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan

    MakeExecutor = Callable[[ParallelRunStepPlan, int, StepContext], ParallelExecutor]

__all__ = ["run_steps"]


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
    first_error: str | None = None
    failed: set[str] = set()
    finished = context.journal.finished_steps()
    for position, step in enumerate(context.run.steps):
        if position in finished:
            continue
        blocked = failed.intersection(step.after)
        if blocked or (first_error and not context.run.continue_on_step_failure):
            failed.add(step.step_run_id)
            continue
        context.check()
        try:
            make_executor(step, position, context).run()
        except RunCanceledError:
            raise
        except ExecutionError as error:
            failed.add(step.step_run_id)
            first_error = first_error or error.message
    return first_error
