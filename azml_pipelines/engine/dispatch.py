"""The loop: take mini-batches, hand them out in bundles, settle what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from azml_pipelines.data.minibatch import items_of, piece_of
from azml_pipelines.data.supply import InputStoreError
from azml_pipelines.engine.bundle_size import BundleSize
from azml_pipelines.engine.ledger import Span
from azml_pipelines.errors import (
    ComputeLostError,
    InitFailedError,
    OutputError,
)
from azml_pipelines.failpoints import point
from azml_pipelines.worker.messages import Bundle
from azml_pipelines.worker.page import CAPACITY

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.compute.report import BundleReport
    from azml_pipelines.engine.ledger import Ledger, Verdict
    from azml_pipelines.engine.watchdog import Watchdog

__all__ = ["Dispatch", "Feed", "Slots"]

_TICK_SECONDS = 0.2
_IDLE_SECONDS = 0.05
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

    def recall(self) -> None:
        """Ask for what has not been started of the bundles in hand; it comes back."""

    def moves(self) -> int:
        """Return a number that changes whenever a worker goes on to something else."""

    def describe(self) -> list[str]:
        """Return what each worker process has in hand, for people, one line each."""

    def restart(self) -> None:
        """Start all worker processes anew; what they had in hand is reported."""


class Feed(Protocol):
    """Where mini-batches come from that are not in the ledger yet."""

    def grow(self, ledger: Ledger, wait: float) -> None:
        """Add what has come to the ledger, and seal it after the last one.

        Args:
            ledger: Of the step.
            wait: Seconds to wait when nothing has come.
        """


class Dispatch:
    """Brings every mini-batch of a ledger to its end.

    Args:
        ledger: What waits, and whether the step may go on.
        slots: Who does the work.
        read: Returns the lines of ``count`` mini-batches from ``first`` on.
        settle: Called with each report and what becomes of its failures, before the
            next one is looked at; writes it down.
        check: Called several times a second; raises to stop the step.
        watchdog: Says when nothing moves any more.
        feed: Adds to the ledger as long as that is not sealed.
    """

    def __init__(
        self,
        ledger: Ledger,
        slots: Slots,
        *,
        read: Callable[[int, int], bytes],
        settle: Callable[[BundleReport, dict[int, Verdict]], None],
        check: Callable[[], None],
        watchdog: Watchdog,
        feed: Feed | None = None,
    ) -> None:
        self._ledger = ledger
        self._slots = slots
        self._read = read
        self._settle = settle
        self._check = check
        self._watchdog = watchdog
        self._feed = feed
        self._size = BundleSize(slots.count, CAPACITY)
        self._dead_slots: set[tuple[str, str]] = set()
        self._lost = 0

    def run(self) -> None:
        """Work until nothing waits and nothing is in hand.

        Raises:
            ExecutionError: The step cannot or may not go on.
        """
        # Never more in hand than slots, plus at most one bundle waiting behind each:
        # what was submitted has started or will within moments, on its own node.
        while True:
            self._hand_out()
            if not self._slots.in_hand and not self._ledger.has_more:
                return
            report = self._next_report()
            self._check()
            if report is not None:
                self._watchdog.moved()
                self._take_in(report)
            elif self._stands_still():
                self._start_anew()
            elif self._idle:
                # Some have nothing to do while others have a whole bundle before them.
                self._slots.recall()

    def _next_report(self) -> BundleReport | None:
        """Wait for the next report, and meanwhile for more of the list."""
        slots, ledger, feed = self._slots, self._ledger, self._feed
        seconds = _IDLE_SECONDS if self._idle else _TICK_SECONDS
        if feed is None or ledger.sealed:
            return slots.next_report(seconds)
        known, report = ledger.total, None
        if slots.in_hand:
            report = slots.next_report(seconds)
        feed.grow(ledger, 0 if slots.in_hand or report is not None else _TICK_SECONDS)
        if ledger.total > known:
            self._watchdog.moved()
        return report

    @property
    def _idle(self) -> bool:
        """Whether a worker process has nothing to do."""
        return not self._ledger.waiting_count and self._slots.has_room(waiting=0)

    def _stands_still(self) -> bool:
        slots = self._slots
        listing = not slots.in_hand and not self._ledger.sealed
        return self._watchdog.stands_still(slots.moves(), waits_for_list=listing)

    def _start_anew(self) -> None:
        """Give the worker processes their one fresh start.

        Raises:
            StalledRunError: They have had it.
        """
        slots = self._slots
        waiting = self._ledger.waiting_count
        self._watchdog.bark(slots.describe(), slots.in_hand, waiting)
        slots.restart()

    def _hand_out(self) -> None:
        self._size.slots = self._slots.count
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
        self._ledger.strayed(report.stray_starts)
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
        self._check_slot(report)
        self._ledger.check()

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
        count, rows, _, short, _ = report.sums
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
            OutputError: Rows cannot be written, or inputs not be read.
            ComputeLostError: Nodes are lost again and again without any success.
        """
        if report.store_failure is not None:
            error = report.store_failure
            msg = f"rows cannot be written: {error.exception_type}: {error.message}"
            if error.exception_type == InputStoreError.__name__:
                msg = f"an input cannot be read: {error.message}"
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
