"""Packed records of many mini-batches, looked at column by column.

A bundle may hold tens of thousands of records, and a loop over them would show: what is
asked of all of them is asked of a column at once.
"""

from __future__ import annotations

import struct
import sys
from itertools import repeat
from operator import sub
from typing import TYPE_CHECKING, NamedTuple

from azml_pipelines.worker.page import RECORD_SIZE, checksum, unpack_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.worker.page import Done

__all__ = ["Columns", "Sums", "consecutive", "damaged_records"]

_WORDS = RECORD_SIZE // 4
# Where the fields of a record begin, in words of four bytes.
_MINI_BATCH, _OFFSET, _LENGTH, _CRC, _ROWS, _ITEMS, _SECONDS = 0, 2, 4, 6, 7, 8, 9


class Sums(NamedTuple):
    """Sums over mini-batches that succeeded."""

    mini_batches: int = 0
    rows: int = 0
    items: int = 0
    short: int = 0
    """Items without a row."""
    seconds: float = 0.0


class Columns:
    """The fields of packed records, each as a list.

    Args:
        records: Any number of whole ones.
    """

    def __init__(self, records: bytes) -> None:
        if sys.byteorder == "big":
            # Records are written the little way on every machine.
            count = len(records) // 4
            words = struct.unpack(f"<{count}I", records)
            records = struct.pack(f"{count}I", *words)
        self._bytes = memoryview(records)
        self._words = self._bytes.cast("I")

    def mini_batches(self) -> list[int]:
        """Return the index of each."""
        return self._long(_MINI_BATCH)

    def offsets(self) -> list[int]:
        """Return where the rows of each begin in the part file."""
        return self._long(_OFFSET)

    def lengths(self) -> list[int]:
        """Return how many bytes the rows of each have."""
        return self._long(_LENGTH)

    def crcs(self) -> list[int]:
        """Return the CRC-32 of the rows of each."""
        return self._words[_CRC::_WORDS].tolist()

    def sums(self) -> Sums:
        """Return what they add up to."""
        rows = self._words[_ROWS::_WORDS].tolist()
        items = self._words[_ITEMS::_WORDS].tolist()
        seconds = self._bytes.cast("f")[_SECONDS::_WORDS].tolist()
        short = 0
        if rows != items:
            short = sum(map(max, map(sub, items, rows), repeat(0)))
        return Sums(len(rows), sum(rows), sum(items), short, sum(seconds))

    def _long(self, field: int) -> list[int]:
        low = self._words[field::_WORDS].tolist()
        high = self._words[field + 1 :: _WORDS].tolist()
        if not any(high):
            return low
        return [one | more << 32 for one, more in zip(low, high)]


def consecutive(records: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut records wherever the next one is not that of the next mini-batch.

    Yields:
        The first mini-batch, and the records from there on.
    """
    numbers = Columns(records).mini_batches()
    start, count = 0, len(numbers)
    while start < count:
        first, end = numbers[start], count
        if numbers[start:] != list(range(first, first + count - start)):
            end = start + 1
            while end < count and numbers[end] == first + end - start:
                end += 1
        yield first, records[start * RECORD_SIZE : end * RECORD_SIZE]
        start = end


def damaged_records(records: bytes, first: int, count: int) -> Iterator[int]:
    """Yield the mini-batches whose records are not what their worker wrote.

    Args:
        records: What stands where the records of ``count`` mini-batches shall be.
        first: The first of these.
        count: How many.
    """
    whole = len(records) // RECORD_SIZE
    found = unpack_records(records[: min(whole, count) * RECORD_SIZE])
    for number, done in enumerate(found, first):
        if done.mini_batch != number or not _is_whole(done):
            yield number
    yield from range(first + whole, first + count)


def _is_whole(done: Done) -> bool:
    return checksum(done[:-1]) == done.check
