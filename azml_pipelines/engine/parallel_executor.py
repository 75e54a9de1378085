"""Runs one ParallelRunStep: list, hand out, settle, commit."""

from __future__ import annotations

import contextlib
import shutil
import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

from azml_pipelines.compute.local_nodes import LocalNodes
from azml_pipelines.data.commit import damaged_mini_batches
from azml_pipelines.data.minibatch import frozen_sizes
from azml_pipelines.engine.auto_size import AutoSize
from azml_pipelines.engine.dispatch import Dispatch
from azml_pipelines.engine.failure_text import first_failure_text
from azml_pipelines.engine.found_count import FoundCount
from azml_pipelines.engine.job_logs import JobLogs
from azml_pipelines.engine.largest_first import LargestFirst
from azml_pipelines.engine.ledger import Counts, Ledger, Limits, Span, Verdict
from azml_pipelines.engine.lister import ListOrder
from azml_pipelines.engine.node_plans import agent_plans, input_supply
from azml_pipelines.engine.output_place import open_output
from azml_pipelines.engine.stall_report import write_stall_report
from azml_pipelines.engine.step_inputs import listed_at, step_inputs
from azml_pipelines.engine.step_list import StepList
from azml_pipelines.engine.step_output import (
    commit_rows,
    destination_of,
    output_form,
    register_outputs,
)
from azml_pipelines.engine.taking_over import Inheritance, inheritance_of
from azml_pipelines.engine.watchdog import Watchdog
from azml_pipelines.errors import (
    DamagedPartError,
    EmptyDatasetError,
    OutputError,
)
from azml_pipelines.store.failed_items_files import write_failed_items
from azml_pipelines.store.journal import Progress, SettledBundle
from azml_pipelines.store.resume_point import read_resume_point

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.compute.agent import AgentPlan
    from azml_pipelines.compute.report import BundleReport
    from azml_pipelines.data.minibatch import Sizes
    from azml_pipelines.engine.dispatch import Slots
    from azml_pipelines.engine.output_place import OutputPlace
    from azml_pipelines.engine.step_executor import StepContext
    from azml_pipelines.engine.step_inputs import StepInput
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.run_state import Status

__all__ = ["Nodes", "ParallelExecutor"]

_PATIENCE = 120.0
_DAMAGES = 3


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
        self._sizes = AutoSize(1)
        self._roots: list[str] = []
        self._damages = 0
        self._found_count = FoundCount(step, position, context.journal)

    def first_failure(self) -> str:
        """Describe the first mini-batch that was given up."""
        return first_failure_text(self._context.folder, self._step)

    def ended(self, status: Status, error: str | None) -> None:
        """List the failed items, and end the logs."""
        context, step = self._context, self._step
        writer = context.writer(step)
        write_failed_items(context.folder, step, self._position, writer)
        if self._logs is not None:
            self._logs.ended(status, error, self._counts)

    def work(self) -> None:
        """See ``StepExecutor``."""
        supply = input_supply(self._context, self._step)
        written_by = listed_at(self._context.folder, self._position)
        inputs, side_inputs = step_inputs(self._step, supply, written_by)
        place = open_output(self._step.output, self._folder.output)
        output = place.folder
        self._folder.parts.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._step.settings.output_action == "append_row":
            self._destination(place)  # before anything runs for nothing
        plans = agent_plans(self._context, self._step, inputs, side_inputs, output)
        nodes = self.start_nodes(plans)
        try:
            inherited = inheritance_of(self._context, self._step)
            with self._list(inputs, inherited) as found:
                if inherited is not None:
                    found.finish(self._context.check)
                    inherited.take_over(found, self._position)
                while True:
                    ledger = self._open_ledger()
                    if ledger.has_more:
                        self._dispatch(ledger, nodes.slots(), found)
                    nodes.rest()
                    ledger.finish()
                    if self._commit(place):
                        break
        except BaseException:
            nodes.close(at_once=True)
            raise
        nodes.close()
        confirm = self._context.confirm
        place.deliver(self._destination(place).name, confirm)
        for side in self._step.side_outputs:
            open_output(side, self._folder.side_output(side.name)).deliver("", confirm)
        register_outputs(self._context.run.workspace, self._step.all_outputs)
        supply.close()

    def start_nodes(self, plans: list[AgentPlan]) -> Nodes:
        """Start what will do the work; a debug run has something else for that."""
        context = self._context
        # One for each epoch: who has lost the run removes its own when it ends.
        name = f"dask-{self._position}"
        for left in context.folder.root.glob(f"{name}-*"):
            shutil.rmtree(left, ignore_errors=True)
        scratch = context.folder.root / f"{name}-{context.epoch}"
        return LocalNodes(plans, context.standby, scratch)

    def cut(self, inputs: list[StepInput], sizes: Sizes) -> Iterator[tuple[int, str]]:
        """List the inputs in this process."""
        size = self._step.settings.mini_batch_size
        for number, found in enumerate(inputs):
            yield from found.mini_batches(number, size, sizes)

    @contextlib.contextmanager
    def _list(
        self, inputs: list[StepInput], inherited: Inheritance | None = None
    ) -> Iterator[StepList]:
        """List the inputs while the block lasts, unless an earlier process has.

        Raises:
            EmptyDatasetError: There is not one mini-batch.
            UserErrorException: A file of the input cannot be read.
        """
        settings, path = self._step.settings, self._folder.mini_batches
        self._roots = [found.root for found in inputs]

        def cut(kept: int) -> Iterator[tuple[int, str]]:
            self._sizes = AutoSize(settings.node_count, frozen_sizes(path, kept))
            lines = self.cut(inputs, self._sizes)
            return lines if inherited is None else inherited.regroup(lines)

        order = None
        if inherited is None or not inherited.cuts_anew:
            order = ListOrder(tuple(inputs), settings.mini_batch_size)
        journal = self._context.folder.journal
        found = StepList(self._journal, journal, self._position, path, cut, order=order)
        try:
            found.begin(self._context.check)
            if not found.known:
                names = ", ".join(repr(found.plan.name) for found in inputs)
                places = ", ".join(found.root for found in inputs)
                msg = f"input {names} has no items: nothing was found at {places}"
                raise EmptyDatasetError(msg)
            yield found
        finally:
            self._sizes.close()
            found.close()

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
        self._sizes.observe(self._counts.done_mini_batches)
        return Ledger(
            where.known_mini_batches,
            limits,
            waiting,
            self._counts,
            where.spoiled,
            sealed=where.total_mini_batches is not None,
        )

    def _dispatch(self, ledger: Ledger, slots: Slots, found: StepList) -> None:
        settings = self._step.settings
        self._sizes.slots = slots.count
        order = LargestFirst(self._folder.mini_batches, self._roots, slots.count)
        order.begin(ledger, found.items)
        logs = JobLogs(self._folder, ledger.total)
        self._logs = logs

        def settle(report: BundleReport, verdicts: dict[int, Verdict]) -> None:
            final = _those(verdicts, Verdict.FAILED)
            bundle = SettledBundle(
                report.part,
                report.records,
                report.failures,
                final,
                report.node,
                report.process,
                _those(verdicts, Verdict.SPLIT),
                report.first_item,
            )
            progress = Progress(**ledger.counts.__dict__)
            self._journal.settle(self._position, bundle, progress)
            logs.total = ledger.total
            logs.settled(report, final, ledger.counts)
            self._sizes.observe(
                ledger.counts.done_mini_batches,
                report.sums.items,
                report.sums.seconds,
            )
            order.observe(report, ledger)
            self._found_count.observe(slots.count)
            self._sizes.slots = slots.count

        Dispatch(
            ledger,
            slots,
            read=found.read,
            settle=settle,
            check=self._context.check,
            watchdog=Watchdog(
                max(3 * settings.run_invocation_timeout, _PATIENCE),
                time.monotonic,
                partial(write_stall_report, self._folder.stalls),
            ),
            feed=found,
        ).run()

    def _destination(self, output: OutputPlace) -> Path:
        note = self._folder.root / "output-name"
        return destination_of(self._step.settings, output, note)

    def _commit(self, output: OutputPlace) -> bool:
        """Put the rows together; False when some of them have to be made again.

        Raises:
            OutputError: The output file cannot be written.
        """
        settings = self._step.settings
        if settings.output_action != "append_row":
            return True
        destination = self._destination(output)
        try:
            committed = commit_rows(
                self._journal.stretches(self._position),
                self._folder.parts,
                destination,
                output_form(settings),
                self._context.writer(self._step),
            )
        except DamagedPartError as error:
            self._damages += 1
            if self._damages > _DAMAGES:
                msg = f"{error.message}, and so it was {_DAMAGES} times"
                raise OutputError(msg) from error
            found = self._journal.stretches(self._position)
            damaged = sorted(set(damaged_mini_batches(found, self._folder.parts)))
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

    def rest(self) -> None:
        """Let idle workers shut down meanwhile; there may still be more to do."""

    def close(self, *, at_once: bool = False) -> None:
        """End every worker process; ``at_once`` leaves no time for ``shutdown()``."""
