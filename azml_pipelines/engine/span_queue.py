"""The mini-batches of a step that nobody has in hand, in the order they are taken.

Memory is needed for what is out of the ordinary only: fresh ones are one span.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

__all__ = ["Span", "SpanQueue"]


@dataclass(frozen=True)
class Span:
    """Consecutive mini-batches that wait for the same try."""

    first: int
    count: int
    attempt: int = 1
    first_item: int = 0
    item_count: int = 0
    """Some items of one mini-batch, from ``first_item`` on; 0 means all of them."""

    @property
    def fresh(self) -> bool:
        """Whether these are whole mini-batches that nobody has tried."""
        return self.attempt == 1 and not self.item_count


class SpanQueue:
    """What waits.

    Args:
        spans: What waits at first, in order.

    Attributes:
        waiting: How many mini-batches and pieces.
    """

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = deque(span for span in spans if span.count)
        self.waiting = sum(span.count for span in self._spans)

    def __iter__(self) -> Iterator[Span]:
        """Go through what waits, in order."""
        return iter(self._spans)

    def append(self, first: int, count: int) -> None:
        """Let fresh mini-batches wait, behind all the others."""
        if not count:
            return
        last = self._spans[-1] if self._spans else None
        if last is not None and last.fresh and last.first + last.count == first:
            self._spans[-1] = replace(last, count=last.count + count)
        else:
            self._spans.append(Span(first, count))
        self.waiting += count

    def push(self, span: Span) -> None:
        """Let a span wait, before all the others."""
        if span.count:
            self._spans.appendleft(span)
            self.waiting += span.count

    def take(self, most: int, alone: Container[int]) -> Span | None:
        """Take the next mini-batches, at most ``most``; None when nothing waits.

        Args:
            most: At least 1.
            alone: Mini-batches that come without others, although they are fresh.
        """
        if not self._spans:
            return None
        span = self._spans.popleft()
        count = 1
        if span.fresh and span.first not in alone:
            count = min(most, span.count)
        if count < span.count:
            rest = replace(span, first=span.first + count, count=span.count - count)
            self._spans.appendleft(rest)
        self.waiting -= count
        return replace(span, count=count)

    def prefer(self, mini_batches: Iterable[int]) -> None:
        """Let some mini-batches be taken next, each alone, in the order given.

        Those that do not wait, or were tried before, stay where they are.
        """
        wanted = list(mini_batches)
        ascending = sorted(wanted)
        chosen: set[int] = set()
        rest: list[Span] = []
        for span in self._spans:
            if not span.fresh:
                rest.append(span)
                continue
            first, end = span.first, span.first + span.count
            place = bisect_left(ascending, first)
            while place < len(ascending) and ascending[place] < end:
                index = ascending[place]
                if first < index:
                    rest.append(Span(first, index - first))
                chosen.add(index)
                first = index + 1
                place += 1
            if first < end:
                rest.append(Span(first, end - first))
        alone = [Span(index, 1) for index in wanted if index in chosen]
        self._spans = deque([*alone, *rest])
