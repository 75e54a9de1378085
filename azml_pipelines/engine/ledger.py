"""Who has tried what, and whether the step may go on. No I/O, no clock, no Dask."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING

from azml_pipelines.engine.span_queue import Span, SpanQueue
from azml_pipelines.errors import (
    ComputeLostError,
    ErrorThresholdExceeded,
    NoItemSucceededError,
    StalledRunError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Counts", "Ledger", "Limits", "Span", "Verdict"]

_STRAY_LIMIT = 10
_STRAYS_AT_LEAST = 100
_STRAY_SHARE = 0.05


def _counted(count: int, noun: str, plural: str = "s") -> str:
    return f"{count} {noun}{'' if count == 1 else plural}"


class Verdict(Enum):
    """What becomes of a mini-batch after a failed try."""

    RETRY = "retry"
    FAILED = "failed"
    SPLIT = "split"
    """Its halves are tried by themselves."""


@dataclass(frozen=True)
class Limits:
    """What may fail before the step does; see ``ParallelRunConfig`` for the meaning."""

    run_max_try: int = 3
    error_threshold: int = -1
    allowed_failed_count: int | None = None
    allowed_failed_percent: float | None = None
    bisect: bool = False
    """Split a mini-batch that would be given up until the bad items stand alone."""
    needs_a_success: bool = True
    """``append_row`` with not one succeeded item has nothing to append."""


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
        total: Mini-batches of the step; those known so far as long as it is not sealed.
        limits: When to stop.
        waiting: What is still to be done, in order; all of it when None.
        counts: What was settled before, when the step is resumed.
        sealed: Whether ``total`` is all there is; ``extend`` adds to it until then.
    """

    total: int
    limits: Limits
    waiting: Iterable[Span] | None = None
    counts: Counts = field(default_factory=Counts)
    spoiled: Iterable[int] = ()
    """Split mini-batches of which some items were given up before."""
    sealed: bool = True

    def __post_init__(self) -> None:
        spans = [Span(0, self.total)] if self.waiting is None else self.waiting
        self._queue = SpanQueue(spans)
        self._strays: dict[int, int] = {}
        self._all_strays = 0
        self._successes = 0
        self._pieces: dict[int, int] = {}
        self._spoiled = set(self.spoiled)
        for span in self._queue:
            if span.item_count:
                self._pieces[span.first] = self._pieces.get(span.first, 0) + 1

    @property
    def waiting_count(self) -> int:
        """Mini-batches that nobody has in hand."""
        return self._queue.waiting

    @property
    def has_more(self) -> bool:
        """Whether something waits that nobody has in hand, or may still come."""
        return self.waiting_count > 0 or not self.sealed

    def extend(self, count: int) -> None:
        """Let ``count`` more mini-batches wait, behind all the others.

        Raises:
            ValueError: The ledger is sealed.
        """
        if self.sealed:
            msg = f"{count} mini-batches come after the last one"
            raise ValueError(msg)
        self._queue.append(self.total, count)
        self.total += count

    def seal(self) -> None:
        """Note that no more mini-batches come: now shares of them can be judged."""
        self.sealed = True

    def prefer(self, mini_batches: Iterable[int]) -> None:
        """Let some mini-batches be taken next; see ``SpanQueue``."""
        self._queue.prefer(mini_batches)

    def take(self, most: int) -> Span | None:
        """Take the next mini-batches, at most ``most``; None when nothing waits.

        A mini-batch that has failed before comes alone: it can harm nobody else.
        """
        return self._queue.take(most, alone=self._strays)

    def give_back(self, span: Span) -> None:
        """Take back mini-batches that nobody has started."""
        self._queue.push(span)

    def succeeded(self, mini_batches: int, rows: int, short: int) -> None:
        """Settle mini-batches that succeeded.

        Args:
            mini_batches: How many.
            rows: Items that succeeded in them.
            short: Items for which no result was returned; they have failed.
        """
        self._successes += mini_batches
        self.counts.done_mini_batches += mini_batches
        self.counts.succeeded_items += rows
        self.counts.failed_items += short

    def succeeded_piece(self, mini_batch: int, rows: int, short: int) -> None:
        """Settle one piece of a split mini-batch; see ``succeeded``."""
        self._successes += 1
        self.counts.succeeded_items += rows
        self.counts.failed_items += short
        self._settle_piece(mini_batch)

    def failed(
        self,
        mini_batch: int,
        attempt: int,
        items: int,
        *,
        charged: bool = True,
        first_item: int = 0,
        item_count: int = 0,
    ) -> Verdict:
        """Account for a failed try: queue what comes next, or give the items up.

        Args:
            mini_batch: Its index.
            attempt: Which try it was.
            items: The items of the try; all of them fail with it.
            charged: False when the mini-batch is not to blame; such tries have a
                budget of their own.
            first_item: Where the piece begins, for a piece of a split mini-batch.
            item_count: Its length; 0 for a whole mini-batch.
        """
        span = Span(mini_batch, 1, attempt, first_item, item_count)
        if not charged:
            self.strayed(1)
            strays = self._strays.get(mini_batch, 0) + 1
            self._strays[mini_batch] = strays
            if strays < _STRAY_LIMIT:
                return self._again(span)
        elif not item_count and attempt < self.limits.run_max_try:
            return self._again(replace(span, attempt=attempt + 1))
        if self.limits.bisect and charged and items > 1:
            return self._split(span, items)
        self._give_up(span, items)
        return Verdict.FAILED

    def strayed(self, count: int) -> None:
        """Count tries, or starts of worker processes, that nobody is to blame for."""
        self._all_strays += count

    def strays_of(self, mini_batch: int) -> int:
        """Return how many tries of a mini-batch ended through no fault of its own."""
        return self._strays.get(mini_batch, 0)

    def _split(self, span: Span, items: int) -> Verdict:
        """Let the halves be tried, each once: the whole has had all of its tries."""
        half = items // 2
        first, attempt = span.first_item, span.attempt + 1
        for start, count in ((first + half, items - half), (first, half)):
            self._queue.push(Span(span.first, 1, attempt, start, count))
        self.counts.retries += 1
        self._pieces[span.first] = self._pieces.get(span.first, 1) + 1
        return Verdict.SPLIT

    def _give_up(self, span: Span, items: int) -> None:
        # Of a piece of a table that nobody could read it is not known: at least one.
        self.counts.failed_items += max(items, 1)
        if span.item_count:
            self._spoiled.add(span.first)
            self._settle_piece(span.first)
            return
        self.counts.done_mini_batches += 1
        self.counts.failed_mini_batches += 1

    def _settle_piece(self, mini_batch: int) -> None:
        """Settle a split mini-batch with its last piece; it failed if one was bad."""
        left = self._pieces.get(mini_batch, 1) - 1
        if left:
            self._pieces[mini_batch] = left
            return
        self._pieces.pop(mini_batch, None)
        self.counts.done_mini_batches += 1
        self.counts.failed_mini_batches += mini_batch in self._spoiled

    def check(self) -> None:
        """Check whether the step may go on.

        Raises:
            ErrorThresholdExceeded: More items or mini-batches have failed for good than
                the step allows.
            ComputeLostError: Others have ended too many tries, or starts of processes.
        """
        self._check_items()
        self._check_mini_batches()
        # A step that gets on between kills comes to its end; one that does not may not.
        allowed = max(_STRAYS_AT_LEAST, _STRAY_SHARE * self.total) + self._successes
        if self.sealed and self._all_strays > allowed:
            msg = (
                f"{self._all_strays} tries and starts were ended by stray kills or "
                f"lost nodes, and {self._successes} of {self.total} mini-batches "
                "succeeded meanwhile; find out who kills the worker processes"
            )
            raise ComputeLostError(msg)

    def finish(self) -> None:
        """Check what can only be checked at the end.

        Raises:
            ErrorThresholdExceeded: As ``check``.
            NoItemSucceededError: There is nothing to append.
            StalledRunError: Mini-batches are left; they were lost on the way.
        """
        self.check()
        left = self.total - self.counts.done_mini_batches
        if not self.sealed:
            msg = f"more mini-batches than these {self.total} were to come"
            raise StalledRunError(msg)
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
        self._queue.push(span)
        self.counts.retries += 1
        return Verdict.RETRY

    def _check_items(self) -> None:
        allowed = self.limits.error_threshold
        if 0 <= allowed < self.counts.failed_items:
            msg = (
                f"{_counted(self.counts.failed_items, 'item')} failed; "
                f"error_threshold={allowed} allows {allowed}"
            )
            raise ErrorThresholdExceeded(msg)

    def _check_mini_batches(self) -> None:
        failed = self.counts.failed_mini_batches
        allowed = self.limits.allowed_failed_count
        if allowed is not None and 0 <= allowed < failed:
            msg = (
                f"{_counted(failed, 'mini-batch', 'es')} failed; "
                f"allowed_failed_count={allowed} allows {allowed}"
            )
            raise ErrorThresholdExceeded(msg)
        percent = self.limits.allowed_failed_percent
        # Version 1 looks at the percentage only when all mini-batches are scheduled.
        if percent is None or self.has_more or not self.total:
            return
        # 2.3 % of 3000 are 69, which floats do not know.
        if failed * 100 > Fraction(str(percent)) * self.total:
            msg = (
                f"{failed} of {self.total} mini-batches failed; "
                f"allowed_failed_percent={percent:g} allows {percent:g} %"
            )
            raise ErrorThresholdExceeded(msg)
