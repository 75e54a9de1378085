"""The steps of a plan, as many at the same time as there are slots, in order."""

from __future__ import annotations

import queue
import threading
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from azml_pipelines.compute.machine import usable_cores
from azml_pipelines.engine.node_plans import fork_server_plans
from azml_pipelines.engine.step_environment import is_ready
from azml_pipelines.engine.step_executor import StepSkipped, make_executor, run_step
from azml_pipelines.engine.step_schedule import ScheduledStep, StepSchedule
from azml_pipelines.errors import ExecutionError, RunCanceledError
from azml_pipelines.pipeline.process_count import AUTO
from azml_pipelines.plan.run_plan import ParallelRunStepPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.engine.step_executor import MakeExecutor, StepContext
    from azml_pipelines.plan.run_plan import StepPlan

__all__ = ["run_steps", "run_steps_in_turn"]

_STEPS_AHEAD = 2
"""For how many steps fork servers are kept ready: a short step gives little time."""


def run_steps(context: StepContext, make: MakeExecutor = make_executor) -> str | None:
    """Run every step that can run and has not finished, independent ones together.

    A step that needs a failed one is left out. After a failure nothing else is started
    unless the run goes on after failures; what runs by then comes to its end.

    Returns:
        The error of the first step that failed.

    Raises:
        RunCanceledError: Somebody asked the run to stop.
        LostRunError: Another process has taken the run over.
    """
    stop = _Stop(context)
    with closing(context.standby):
        return _Steps(replace(context, check=stop.check), make, stop).run()


def run_steps_in_turn(context: StepContext, make: MakeExecutor) -> str | None:
    """Do the same one step after the other, in the present thread, for debuggers."""
    schedule = _schedule(context, slots=1)
    first_error: str | None = None
    with closing(context.standby):
        while taken := schedule.take():
            context.check()
            position = taken[0]
            step = context.run.steps[position]
            try:
                run_step(make(step, position, context), step, position, context)
            except RunCanceledError:
                raise
            except StepSkipped as skipped:
                _skip(context, schedule, position, skipped)
            except ExecutionError as error:
                schedule.failed(position)
                first_error = first_error or error.message
            else:
                schedule.finished(position)
    return first_error


def _skip(
    context: StepContext, schedule: StepSchedule, position: int, reason: StepSkipped
) -> None:
    """Write down that a step is skipped, and what depends on it with it."""
    context.journal.end_step(position, "Skipped", f"skipped: {reason}")
    name = context.run.steps[position].name
    for other in schedule.skipped(position):
        text = f"skipped: step {name!r}, which it needs, was skipped"
        context.journal.end_step(other, "Skipped", text)


class _Stop:
    """Stops all steps when one of them has met something that ends the run."""

    def __init__(self, context: StepContext) -> None:
        self._check = context.check
        self._stopped = False

    def set(self) -> None:
        """Stop them."""
        self._stopped = True

    def check(self) -> None:
        """Raise when the run has to stop; see ``StepContext``."""
        if self._stopped:
            msg = "another step has ended the run"
            raise RunCanceledError(msg)
        self._check()


class _Steps:
    """The steps of one run, each in a thread of its own."""

    def __init__(self, context: StepContext, make: MakeExecutor, stop: _Stop) -> None:
        self._context = context
        self._make = make
        self._stop = stop
        self._schedule = _schedule(context, usable_cores())
        self._ends: queue.SimpleQueue[tuple[int, BaseException | None]] = (
            queue.SimpleQueue()
        )
        self._first_error: str | None = None
        self._fatal: BaseException | None = None

    def run(self) -> str | None:
        """Run them; see ``run_steps``."""
        while True:
            for position in self._take():
                self._start(position)
            if not self._schedule.running:
                break
            self._settle(*self._ends.get())
        if self._fatal is not None:
            raise self._fatal
        return self._first_error

    def _take(self) -> list[int]:
        try:
            self._context.check()
        except RunCanceledError as error:
            self._schedule.stop()
            self._fatal = self._fatal or error
        return self._schedule.take()

    def _start(self, position: int) -> None:
        self._expect_after(position)
        threading.Thread(
            target=self._run_step,
            args=(position,),
            name=f"step-{position}",
            daemon=True,
        ).start()

    def _run_step(self, position: int) -> None:
        context, step = self._context, self._context.run.steps[position]
        try:
            executor = self._make(step, position, context)
            run_step(executor, step, position, context)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            self._ends.put((position, error))
        else:
            self._ends.put((position, None))

    def _settle(self, position: int, error: BaseException | None) -> None:
        match error:
            case None:
                self._schedule.finished(position)
            case StepSkipped():
                _skip(self._context, self._schedule, position, error)
            case ExecutionError() if not isinstance(error, RunCanceledError):
                self._schedule.failed(position)
                self._first_error = self._first_error or error.message
            case _:
                self._schedule.failed(position)
                self._schedule.stop()
                self._stop.set()
                # What made the others stop is what has ended the run.
                if self._fatal is None or isinstance(self._fatal, RunCanceledError):
                    self._fatal = error

    def _expect_after(self, position: int) -> None:
        """Have the fork servers of the next parallel steps started in time."""
        first = position + 1
        steps = self._context.run.steps[first : first + _STEPS_AHEAD]
        ahead = (
            step
            for number, step in enumerate(steps, first)
            if isinstance(step, ParallelRunStepPlan)
            and number not in self._schedule.running
            and is_ready(step, self._context.run.workspace)
        )
        plans = (fork_server_plans(self._context, step) for step in ahead)
        self._context.standby.expect(chain.from_iterable(plans))


def _schedule(context: StepContext, slots: int) -> StepSchedule:
    run = context.run
    return StepSchedule(
        list(_scheduled(run.steps, slots)),
        slots,
        context.journal.finished_steps(),
        goes_on=run.continue_on_step_failure,
        nodes={
            step.compute.name: step.compute.max_nodes
            for step in run.steps
            if step.compute.max_nodes is not None
        },
    )


def _scheduled(steps: tuple[StepPlan, ...], slots: int) -> Iterator[ScheduledStep]:
    for step in steps:
        need = nodes = 1
        if isinstance(step, ParallelRunStepPlan):
            count = step.settings.process_count_per_node
            each = slots if count == AUTO else int(count)
            nodes = step.settings.node_count
            need = nodes * each
        compute = step.compute.name
        yield ScheduledStep(step.step_run_id, step.after, need, compute, nodes)
