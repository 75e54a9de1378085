"""The loop: take mini-batches, hand them out in bundles, settle what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from azml_pipelines.data.minibatch import items_of, piece_of
from azml_pipelines.engine.bundle_size import BundleSize
from azml_pipelines.engine.ledger import Span
from azml_pipelines.errors import (
    ComputeLostError,
    InitFailedError,
    OutputError,
    StalledRunError,
)
from azml_pipelines.failpoints import point
from azml_pipelines.worker.messages import Bundle
from azml_pipelines.worker.page import CAPACITY

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.compute.report import BundleReport
    from azml_pipelines.engine.ledger import Ledger, Verdict

__all__ = ["Dispatch", "Slots"]

_TICK_SECONDS = 0.2
_LOST_LIMIT = 20
_FRESH_AFTER = 2


class Slots(Protocol):
    """Worker processes on nodes; see ``compute.cluster``."""

    @property
    def count(self) -> int:
        """Worker processes in all."""

    @property
    def in_hand(self) -> int:
        """Bundles that were submitted and have not been reported."""

    def has_room(self, *, waiting: int) -> bool:
        """Whether a node can take a bundle, with ``waiting`` behind each process."""

    def submit(self, bundle: Bundle) -> None:
        """Hand a bundle to a node."""

    def next_report(self, timeout: float) -> BundleReport | None:
        """Wait for the next report; None when there is none in time."""

    def moves(self) -> int:
        """Return a number that changes whenever a worker goes on to something else."""


class Dispatch:
    """Brings every mini-batch of a ledger to its end.

    Args:
        ledger: What waits, and whether the step may go on.
        slots: Who does the work.
        read: Returns the lines of ``count`` mini-batches from ``first`` on.
        settle: Called with each report and what becomes of its failures, before the
            next one is looked at; writes it down.
        check: Called several times a second; raises to stop the step.
        patience: Seconds without any report after which the step is given up.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        slots: Slots,
        *,
        read: Callable[[int, int], bytes],
        settle: Callable[[BundleReport, dict[int, Verdict]], None],
        check: Callable[[], None],
        patience: float,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._slots = slots
        self._read = read
        self._settle = settle
        self._check = check
        self._patience = patience
        self._clock = clock
        self._size = BundleSize(slots.count, CAPACITY)
        self._dead_slots: set[tuple[str, str]] = set()
        self._lost = 0

    def run(self) -> None:
        """Work until nothing waits and nothing is in hand.

        Raises:
            ExecutionError: The step cannot or may not go on.
        """
        last = self._clock()
        moves = self._slots.moves()
        # Never more in hand than slots, plus at most one bundle waiting behind each:
        # what was submitted has started or will within moments, on its own node.
        while True:
            self._hand_out()
            if not self._slots.in_hand:
                return
            report = self._slots.next_report(_TICK_SECONDS)
            self._check()
            if report is not None:
                last = self._clock()
                self._take_in(report)
            elif moves != (moves := self._slots.moves()):
                last = self._clock()
            elif self._clock() - last > self._patience:
                msg = (
                    f"nothing has moved for {self._patience:g} s: "
                    f"{self._slots.in_hand} bundles are in hand, "
                    f"{self._ledger.waiting_count} mini-batches wait"
                )
                raise StalledRunError(msg)

    def _hand_out(self) -> None:
        while waiting := self._ledger.waiting_count:
            size = self._size.next(waiting)
            plenty = waiting > size * self._slots.count
            if not self._slots.has_room(waiting=1 if plenty else 0):
                return
            span = self._ledger.take(size)
            if span is None:
                return
            lines = self._read(span.first, span.count)
            if span.item_count:
                lines = piece_of(lines, span.first_item, span.item_count)
            point("dispatch.submit")
            self._slots.submit(
                Bundle(
                    span.first,
                    span.count,
                    span.attempt,
                    lines,
                    span.first_item,
                    span.item_count,
                    fresh=self._ledger.strays_of(span.first) >= _FRESH_AFTER,
                )
            )

    def _take_in(self, report: BundleReport) -> None:
        unstarted = report.unstarted
        first = report.first + report.count - unstarted
        piece = report.first_item, report.item_count
        self._ledger.give_back(Span(first, unstarted, report.attempt, *piece))
        self._size.observe(report.count - unstarted, report.seconds)
        self._count_successes(report)
        report = self._with_items(report)
        verdicts = {
            failed.mini_batch: self._ledger.failed(
                failed.mini_batch,
                failed.attempt,
                failed.items,
                charged=failed.charged,
                first_item=report.first_item,
                item_count=report.item_count,
            )
            for failed in report.failures
        }
        point("dispatch.settle")
        self._settle(report, verdicts)
        point("dispatch.settled")
        self._ledger.check()
        self._check_slot(report)

    def _with_items(self, report: BundleReport) -> BundleReport:
        """Count the items of failed tries that ended before anybody had."""
        if all(failed.items for failed in report.failures):
            return report
        failures = tuple(
            replace(
                failed,
                items=failed.items
                or report.item_count
                or items_of(self._read(failed.mini_batch, 1)),
            )
            for failed in report.failures
        )
        return replace(report, failures=failures)

    def _count_successes(self, report: BundleReport) -> None:
        done = report.done()
        count = len(done)
        rows = sum(one.rows for one in done)
        short = sum(one.items - one.rows for one in done if one.rows < one.items)
        if not count:
            return
        if report.item_count:
            self._ledger.succeeded_piece(report.first, rows, short)
        else:
            self._ledger.succeeded(count, rows, short)
        self._lost = 0
        self._dead_slots.discard((report.node, report.process))

    def _check_slot(self, report: BundleReport) -> None:
        """Stop when nobody can work any more.

        Raises:
            InitFailedError: Every slot has failed to start, several times each.
            OutputError: Rows cannot be written.
            ComputeLostError: Nodes are lost again and again without any success.
        """
        if report.store_failure is not None:
            error = report.store_failure
            msg = f"rows cannot be written: {error.exception_type}: {error.message}"
            raise OutputError(msg)
        if report.init_failure is not None:
            self._dead_slots.add((report.node, report.process))
            if len(self._dead_slots) >= self._slots.count:
                error = report.init_failure
                msg = (
                    f"init() failed on {self._slots.count} of {self._slots.count} "
                    f"processes, in fresh ones too: {error.exception_type}: "
                    f"{error.message}"
                )
                if error.user_line:
                    msg = f"{msg} at {error.user_line}"
                raise InitFailedError(msg)
        elif report.unstarted == report.count:
            self._lost += 1
            if self._lost > _LOST_LIMIT:
                why = report.lost or "the worker process ended at once"
                msg = f"bundles came back unstarted {self._lost} times in a row: {why}"
                raise ComputeLostError(msg)
