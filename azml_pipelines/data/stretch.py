"""Where the rows of consecutive mini-batches stand in one part file."""

from __future__ import annotations

from bisect import bisect_right
from operator import add
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Slice", "Stretch"]


class Slice(NamedTuple):
    """The rows of one mini-batch inside of a part file."""

    mini_batch: int
    part: str
    """Name of the part file."""
    offset: int
    length: int
    crc: int


class Stretch(NamedTuple):
    """The rows of some mini-batches inside of a part file, in columns.

    A loop over a million slices would show; what can be done with all of them at once
    is done with these.
    """

    first: int
    """The first mini-batch; the others follow it."""
    part: str
    """Name of the part file."""
    offsets: Sequence[int]
    lengths: Sequence[int]
    crcs: Sequence[int]

    @classmethod
    def of(cls, piece: Slice) -> Stretch:
        """Make one of a single slice."""
        return cls(
            piece.mini_batch,
            piece.part,
            [piece.offset],
            [piece.length],
            [piece.crc],
        )

    def slices(self) -> Iterator[Slice]:
        """Yield the rows of each mini-batch."""
        columns = zip(self.offsets, self.lengths, self.crcs, strict=True)
        for index, facts in enumerate(columns, self.first):
            yield Slice(index, self.part, *facts)

    def blocks(self, most: int) -> Iterator[Stretch]:
        """Cut it into pieces that can be read at once.

        Args:
            most: Bytes; the rows of one mini-batch may be more.

        Yields:
            Stretches whose rows stand one behind the other, without a gap.
        """
        offsets = self.offsets
        ends = list(map(add, offsets, self.lengths))
        start, count = 0, len(ends)
        dense = ends[:-1] == list(offsets[1:])
        while start < count:
            end = start + 1
            if dense:
                end = max(end, bisect_right(ends, offsets[start] + most, start))
            yield self._part(start, end)
            start = end

    def _part(self, start: int, end: int) -> Stretch:
        return Stretch(
            self.first + start,
            self.part,
            self.offsets[start:end],
            self.lengths[start:end],
            self.crcs[start:end],
        )
