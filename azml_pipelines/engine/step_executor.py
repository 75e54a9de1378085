"""The seam of step kinds: what runs a step, and what is the same for all of them."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from azml_pipelines.compute.standby import Standby
from azml_pipelines.data.output_writer import OutputWriter
from azml_pipelines.engine.conditions import reason_to_skip
from azml_pipelines.engine.node_plans import StepPlace
from azml_pipelines.engine.step_environment import prepare_environment
from azml_pipelines.errors import AzmlError, ExecutionError, RunCanceledError
from azml_pipelines.failpoints import point
from azml_pipelines.registry import Registry
from azml_pipelines.store.journal import LostRunError
from azml_pipelines.store.reuse_record import redirected_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.plan.run_plan import StepPlan
    from azml_pipelines.store.journal import Journal
    from azml_pipelines.store.run_state import Status

__all__ = [
    "MakeExecutor",
    "StepContext",
    "StepExecutor",
    "StepSkipped",
    "make_executor",
    "run_step",
    "step_executors",
]


@dataclass(frozen=True)
class StepContext(StepPlace):
    """What an executor of any step gets."""

    journal: Journal
    check: Callable[[], None]
    """Raises when the run has to stop; called several times a second, by any thread."""
    standby: Standby = field(default_factory=Standby)
    """What one step leaves to the next; closed after the last one."""

    def confirm(self) -> None:
        """Raise as ``check`` does, or when another process drives the run by now.

        Raises:
            LostRunError: Another one does.
        """
        self.check()
        self.journal.heartbeat()

    def writer(self, step: StepPlan) -> OutputWriter:
        """Return as whom this orchestrator writes the outputs of a step."""
        return OutputWriter(step.step_run_id, self.epoch, self.journal.heartbeat)


class StepSkipped(Exception):  # noqa: N818 - nothing is wrong
    """A step does not run because a condition does not hold; the text says which."""


class StepExecutor(Protocol):
    """Runs one step from wherever it stands to its end; made anew for each attempt."""

    def work(self) -> None:
        """Do what the step is for.

        Raises:
            AzmlError: It cannot or may not go on; the message says why.
            RunCanceledError: ``context.check`` has raised it; nothing of it runs on.
        """

    def first_failure(self) -> str:
        """Return what a person wants to know first, behind the error; or nothing."""

    def ended(self, status: Status, error: str | None) -> None:
        """Write down what is for people, before the journal knows the end."""


MakeExecutor: TypeAlias = "Callable[[StepPlan, int, StepContext], StepExecutor]"

step_executors: Registry[Callable[[Any, int, StepContext], StepExecutor]] = Registry(
    "kind of step",
    {
        "command": "azml_pipelines.engine.script_executor:ScriptExecutor",
        "data_transfer": "azml_pipelines.engine.transfer_executor:TransferExecutor",
        "parallel_run": "azml_pipelines.engine.parallel_executor:ParallelExecutor",
        "python_script": "azml_pipelines.engine.script_executor:ScriptExecutor",
    },
    "azml_pipelines.step_executors",
)


def make_executor(step: StepPlan, position: int, context: StepContext) -> StepExecutor:
    """Return what runs a step of this kind."""
    return step_executors.get(step.kind)(step, position, context)


def run_step(
    executor: StepExecutor, step: StepPlan, position: int, context: StepContext
) -> None:
    """Bring a step to its end, and write that down.

    Raises:
        ExecutionError: It cannot or may not go on; the message names the step.
        RunCanceledError: The run was asked to stop.
        StepSkipped: A condition of the step does not hold; nothing was done.
        LostRunError: Another process has taken the run over.
    """
    journal = context.journal

    def end(status: Status, error: str | None) -> None:
        point("step.end")
        executor.ended(status, error)
        journal.end_step(position, status, error)

    try:
        seen = redirected_step(step, context.run, context.folder)
        reason = reason_to_skip(seen, context.folder)
        if reason:
            raise StepSkipped(reason)
        journal.start_step(position)
        prepare_environment(step, context.run.workspace, context.check)
        executor.work()
    except RunCanceledError:
        end("Canceled", None)
        raise
    except LostRunError:
        raise
    except AzmlError as error:
        first = executor.first_failure()
        text = f"Step {step.name!r} failed: {error.message}.{first}"
        end("Failed", text)
        raise ExecutionError(text) from error
    except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
        text = f"Step {step.name!r} failed: its files cannot be used: {error}"
        # Where the disk is full, this may fail too; the orchestrator says it again.
        with contextlib.suppress(OSError, sqlite3.Error):
            end("Failed", text)
        raise ExecutionError(text) from error
    end("Finished", None)
