"""Runs one ParallelRunStep: list, hand out, settle, commit."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from azml_pipelines.compute.agent import Agent
from azml_pipelines.data.commit import commit, damaged_mini_batches
from azml_pipelines.data.minibatch import (
    MiniBatchFile,
    check_mini_batches,
    write_mini_batches,
)
from azml_pipelines.engine.dispatch import Dispatch
from azml_pipelines.engine.failure_text import first_failure_text
from azml_pipelines.engine.job_logs import JobLogs
from azml_pipelines.engine.ledger import Counts, Ledger, Limits, Span, Verdict
from azml_pipelines.engine.node_plans import StepPlace, agent_plans
from azml_pipelines.engine.step_inputs import (
    output_directory,
    step_inputs,
)
from azml_pipelines.errors import (
    AzmlError,
    DamagedPartError,
    EmptyDatasetError,
    ExecutionError,
    OutputError,
    RunCanceledError,
    UserErrorException,
)
from azml_pipelines.failpoints import point
from azml_pipelines.store.failed_items_files import write_failed_items
from azml_pipelines.store.journal import LostRunError, Progress, SettledBundle
from azml_pipelines.store.resume_point import read_resume_point

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from azml_pipelines.compute.agent import AgentPlan
    from azml_pipelines.compute.cluster import LocalSlots
    from azml_pipelines.compute.report import BundleReport
    from azml_pipelines.engine.dispatch import Slots
    from azml_pipelines.engine.step_inputs import StepInput
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.journal import Journal

__all__ = ["Nodes", "ParallelExecutor", "StepContext"]

_PATIENCE = 700.0
_DAMAGES = 3


@dataclass(frozen=True)
class StepContext(StepPlace):
    """What an executor of any step gets."""

    journal: Journal
    check: Callable[[], None]
    """Raises when the run has to stop."""


class ParallelExecutor:
    """Runs one parallel step from wherever it stands to its end."""

    def __init__(
        self, step: ParallelRunStepPlan, position: int, context: StepContext
    ) -> None:
        self._step = step
        self._position = position
        self._context = context
        self._journal = context.journal
        self._folder = context.folder.step(step.step_run_id)
        self._counts = Counts()
        self._logs: JobLogs | None = None
        self._damages = 0

    def run(self) -> None:
        """Bring the step to its end.

        Raises:
            ExecutionError: It cannot or may not go on; the message names the step.
        """
        step = self._step
        self._journal.start_step(self._position)
        try:
            self._work()
        except RunCanceledError:
            self._end("Canceled", None)
            raise
        except LostRunError:
            raise
        except AzmlError as error:
            first = first_failure_text(self._context.folder, step)
            text = f"Step {step.name!r} failed: {error.message}.{first}"
            self._end("Failed", text)
            raise ExecutionError(text) from error
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
            text = f"Step {step.name!r} failed: its files cannot be used: {error}"
            # Where the disk is full, this may fail too; the orchestrator says it again.
            with contextlib.suppress(OSError, sqlite3.Error):
                self._end("Failed", text)
            raise ExecutionError(text) from error
        self._end("Finished", None)

    def _end(self, status: str, error: str | None) -> None:
        point("step.end")
        write_failed_items(self._context.folder, self._step, self._position)
        if self._logs is not None:
            self._logs.ended(status, error, self._counts)
        self._journal.end_step(self._position, status, error)  # type: ignore[arg-type]

    def _work(self) -> None:
        inputs, side_inputs = step_inputs(self._step)
        output = output_directory(self._step.output, self._folder.root / "output")
        self._folder.parts.mkdir(parents=True, exist_ok=True, mode=0o700)
        plans = agent_plans(self._context, self._step, inputs, side_inputs, output)
        nodes = self.start_nodes(plans)
        try:
            self._freeze(inputs)
            while True:
                ledger = self._open_ledger()
                if ledger.waiting_count:
                    self._dispatch(ledger, nodes.slots())
                ledger.finish()
                if self._commit(output):
                    break
        except BaseException:
            nodes.close(at_once=True)
            raise
        nodes.close()

    def start_nodes(self, plans: list[AgentPlan]) -> Nodes:
        """Start what will do the work; a debug run has something else for that."""
        return _LocalNodes(plans, self._folder.root / "dask")

    def _freeze(self, inputs: list[StepInput]) -> None:
        """Write the list of mini-batches down, unless an earlier orchestrator has.

        Raises:
            EmptyDatasetError: There is not one mini-batch.
            UserErrorException: A file of the input cannot be read.
        """
        where = read_resume_point(self._context.folder.journal, self._position)
        if where.total_mini_batches is not None:
            check_mini_batches(self._folder.mini_batches, where.list_sha256)
            return
        size = self._step.settings.mini_batch_size
        lines = (
            line
            for number, found in enumerate(inputs)
            for line in found.mini_batches(number, size)
        )
        try:
            totals = write_mini_batches(lines, self._folder.mini_batches)
        except OSError as error:
            msg = f"the mini-batches cannot be listed: {error}"
            raise UserErrorException(msg) from error
        if not totals.mini_batches:
            names = ", ".join(repr(found.plan.name) for found in inputs)
            places = ", ".join(found.root for found in inputs)
            msg = f"input {names} has no items: nothing was found at {places}"
            raise EmptyDatasetError(msg)
        self._journal.note_totals(
            self._position, totals.mini_batches, totals.items, totals.sha256
        )

    def _open_ledger(self) -> Ledger:
        settings = self._step.settings
        where = read_resume_point(self._context.folder.journal, self._position)
        self._counts = Counts(**where.progress.__dict__)
        self._journal.note_progress(self._position, where.progress)
        limits = Limits(
            run_max_try=settings.run_max_try,
            error_threshold=settings.error_threshold,
            allowed_failed_count=settings.allowed_failed_count,
            allowed_failed_percent=settings.allowed_failed_percent,
            bisect=settings.on_failed_mini_batch == "bisect",
            needs_a_success=settings.output_action == "append_row",
        )
        waiting = [Span(**gap.__dict__) for gap in where.gaps]
        total = where.total_mini_batches or 0
        return Ledger(total, limits, waiting, self._counts, where.spoiled)

    def _dispatch(self, ledger: Ledger, slots: Slots) -> None:
        settings = self._step.settings
        logs = JobLogs(self._folder, ledger.total)
        self._logs = logs

        def settle(report: BundleReport, verdicts: dict[int, Verdict]) -> None:
            final = _those(verdicts, Verdict.FAILED)
            bundle = SettledBundle(
                report.part,
                report.done(),
                report.failures,
                final,
                report.node,
                report.process,
                _those(verdicts, Verdict.SPLIT),
                report.first_item,
            )
            progress = Progress(**ledger.counts.__dict__)
            self._journal.settle(self._position, bundle, progress)
            logs.settled(report, final, ledger.counts)

        lines = MiniBatchFile(self._folder.mini_batches)
        try:
            Dispatch(
                ledger,
                slots,
                read=lines.read,
                settle=settle,
                check=self._context.check,
                patience=3 * settings.run_invocation_timeout + _PATIENCE,
                clock=time.monotonic,
            ).run()
        finally:
            lines.close()

    def _commit(self, output: Path) -> bool:
        """Put the rows together; False when some of them have to be made again.

        Raises:
            OutputError: The output file cannot be written.
        """
        settings = self._step.settings
        if settings.output_action != "append_row":
            return True
        destination = output / settings.append_row_file_name
        # Workers leave headers only when the arguments or the settings file want one.
        headers = sorted(self._folder.parts.glob("header-*"))
        header = headers[0].read_bytes() if headers else b""
        try:
            committed = commit(
                self._journal.slices(self._position),
                self._folder.parts,
                destination,
                header,
            )
        except DamagedPartError as error:
            self._damages += 1
            if self._damages > _DAMAGES:
                msg = f"{error.message}, and so it was {_DAMAGES} times"
                raise OutputError(msg) from error
            slices = self._journal.slices(self._position)
            damaged = sorted(set(damaged_mini_batches(slices, self._folder.parts)))
            self._journal.forget_done(self._position, damaged)
            return False
        except OSError as error:
            msg = f"the output file {destination} cannot be written: {error.strerror}"
            raise OutputError(msg) from error
        self._journal.note_output(self._position, str(destination), committed.sha256)
        return True


def _those(verdicts: dict[int, Verdict], verdict: Verdict) -> frozenset[int]:
    return frozenset(index for index, found in verdicts.items() if found is verdict)


class Nodes(Protocol):
    """What does the work of a step."""

    def slots(self) -> Slots:
        """Return the slots; called when there is something to hand out."""

    def close(self, *, at_once: bool = False) -> None:
        """End every worker process; ``at_once`` leaves no time for ``shutdown()``."""


class _LocalNodes:
    """The nodes of one step: their agents, and Dask once there is work to hand out.

    Agents start their worker processes at once, so ``init()`` runs while the input is
    being listed and Dask is being imported.
    """

    def __init__(self, plans: list[AgentPlan], scratch: Path) -> None:
        self._agents = [Agent(plan) for plan in plans]
        self._scratch = scratch
        self._slots: LocalSlots | None = None

    def slots(self) -> LocalSlots:
        """Return the slots of all nodes."""
        if self._slots is None:
            from azml_pipelines.compute.cluster import (  # noqa: PLC0415 - takes half a second
                LocalSlots,
            )

            self._slots = LocalSlots(self._agents, self._scratch)
        return self._slots

    def close(self, *, at_once: bool = False) -> None:
        """See ``Nodes``."""
        if self._slots is not None:
            self._slots.close(at_once=at_once)
            return
        for agent in self._agents:
            agent.abandon()
