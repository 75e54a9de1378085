"""Who has tried what, and whether the step may go on. No I/O, no clock, no Dask."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING

from azml_pipelines.errors import (
    ErrorThresholdExceeded,
    NoItemSucceededError,
    StalledRunError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Counts", "Ledger", "Limits", "Span", "Verdict"]

_STRAY_LIMIT = 10


class Verdict(Enum):
    """What becomes of a mini-batch after a failed try."""

    RETRY = "retry"
    FAILED = "failed"


@dataclass(frozen=True)
class Limits:
    """What may fail before the step does; see ``ParallelRunConfig`` for the meaning."""

    run_max_try: int = 3
    error_threshold: int = -1
    allowed_failed_count: int | None = None
    allowed_failed_percent: float | None = None
    needs_a_success: bool = True
    """``append_row`` with not one succeeded item has nothing to append."""


@dataclass(frozen=True)
class Span:
    """Consecutive mini-batches that wait for the same try."""

    first: int
    count: int
    attempt: int = 1


@dataclass
class Counts:
    """What has become of the mini-batches and items so far."""

    done_mini_batches: int = 0
    """Succeeded and finally failed ones."""
    failed_mini_batches: int = 0
    succeeded_items: int = 0
    failed_items: int = 0
    retries: int = 0


@dataclass
class Ledger:
    """The account of one step.

    A mini-batch waits, is taken, and is then either settled or waits again. Memory is
    needed for what is out of the ordinary only: fresh mini-batches are one span.

    Args:
        total: Mini-batches of the step.
        limits: When to stop.
        waiting: What is still to be done, in order; all of it when None.
        counts: What was settled before, when the step is resumed.
    """

    total: int
    limits: Limits
    waiting: Iterable[Span] | None = None
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        spans = [Span(0, self.total)] if self.waiting is None else self.waiting
        self._queue = deque(span for span in spans if span.count)
        self._strays: dict[int, int] = {}
        self._waiting = sum(span.count for span in self._queue)

    @property
    def waiting_count(self) -> int:
        """Mini-batches that nobody has in hand."""
        return self._waiting

    def take(self, most: int) -> Span | None:
        """Take the next mini-batches, at most ``most``; None when nothing waits.

        A mini-batch that has failed before comes alone: it can harm nobody else.
        """
        if not self._queue:
            return None
        span = self._queue.popleft()
        alone = span.attempt > 1 or span.first in self._strays
        count = 1 if alone else min(most, span.count)
        if count < span.count:
            rest = Span(span.first + count, span.count - count, span.attempt)
            self._queue.appendleft(rest)
        self._waiting -= count
        return Span(span.first, count, span.attempt)

    def give_back(self, span: Span) -> None:
        """Take back mini-batches that nobody has started."""
        if span.count:
            self._queue.appendleft(span)
            self._waiting += span.count

    def succeeded(self, mini_batches: int, rows: int, short: int) -> None:
        """Settle mini-batches that succeeded.

        Args:
            mini_batches: How many.
            rows: Items that succeeded in them.
            short: Items for which no result was returned; they have failed.
        """
        self.counts.done_mini_batches += mini_batches
        self.counts.succeeded_items += rows
        self.counts.failed_items += short

    def failed(
        self, mini_batch: int, attempt: int, items: int, *, charged: bool = True
    ) -> Verdict:
        """Account for a failed try: queue the next one, or give the mini-batch up.

        Args:
            mini_batch: Its index.
            attempt: Which try it was.
            items: Its items; all of them fail with it.
            charged: False when the mini-batch is not to blame; such tries have a
                budget of their own.
        """
        if charged and attempt < self.limits.run_max_try:
            return self._again(Span(mini_batch, 1, attempt + 1))
        if not charged:
            strays = self._strays.get(mini_batch, 0) + 1
            self._strays[mini_batch] = strays
            if strays < _STRAY_LIMIT:
                return self._again(Span(mini_batch, 1, attempt))
        self.counts.done_mini_batches += 1
        self.counts.failed_mini_batches += 1
        self.counts.failed_items += items
        return Verdict.FAILED

    def check(self) -> None:
        """Check whether the step may go on.

        Raises:
            ErrorThresholdExceeded: More items or mini-batches have failed for good than
                the step allows.
        """
        self._check_items()
        self._check_mini_batches()

    def finish(self) -> None:
        """Check what can only be checked at the end.

        Raises:
            ErrorThresholdExceeded: As ``check``.
            NoItemSucceededError: There is nothing to append.
            StalledRunError: Mini-batches are left; they were lost on the way.
        """
        self.check()
        left = self.total - self.counts.done_mini_batches
        if left:
            msg = (
                f"{left} of {self.total} mini-batches have neither succeeded nor failed"
            )
            raise StalledRunError(msg)
        if self.limits.needs_a_success and not self.counts.succeeded_items:
            msg = (
                f"no item succeeded in any of {self.total} mini-batches, so there is "
                "nothing to append"
            )
            raise NoItemSucceededError(msg)

    def _again(self, span: Span) -> Verdict:
        self._queue.appendleft(span)
        self._waiting += 1
        self.counts.retries += 1
        return Verdict.RETRY

    def _check_items(self) -> None:
        allowed = self.limits.error_threshold
        if 0 <= allowed < self.counts.failed_items:
            msg = (
                f"{self.counts.failed_items} items failed; "
                f"error_threshold={allowed} allows {allowed}"
            )
            raise ErrorThresholdExceeded(msg)

    def _check_mini_batches(self) -> None:
        failed = self.counts.failed_mini_batches
        allowed = self.limits.allowed_failed_count
        if allowed is not None and 0 <= allowed < failed:
            msg = (
                f"{failed} mini-batches failed; "
                f"allowed_failed_count={allowed} allows {allowed}"
            )
            raise ErrorThresholdExceeded(msg)
        percent = self.limits.allowed_failed_percent
        # Version 1 looks at the percentage only when all mini-batches are scheduled.
        if percent is None or self._waiting or not self.total:
            return
        # 2.3 % of 3000 are 69, which floats do not know.
        if failed * 100 > Fraction(str(percent)) * self.total:
            msg = (
                f"{failed} of {self.total} mini-batches failed; "
                f"allowed_failed_percent={percent:g} allows {percent:g} %"
            )
            raise ErrorThresholdExceeded(msg)
