"""The shared page on which a worker writes what it does, one fixed-size record each.

A record is a store into shared memory: no system call, no wake-up of the agent. What
stands on the page survives the death of its writer, so a killed worker loses nothing
but the mini-batch it was running.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "CAPACITY",
    "RECORD_SIZE",
    "Done",
    "Page",
    "Phase",
    "Running",
    "checksum",
    "pack_record",
    "pack_records",
    "unpack_records",
]

CAPACITY = 32_768
"""Records on a page: the largest bundle."""

_HEAD = struct.Struct("<qqqqqq")
_FIELDS = struct.Struct("<QQQIIIf")
_RECORD = struct.Struct("<QQQIIIfI")
RECORD_SIZE = _RECORD.size
"""Bytes of one record."""
_HEAD_SIZE = 64
_RECALL = _HEAD_SIZE - 1
"""Where the agent says that the rest of the bundle is wanted back."""
_IDLE = -1
_READS = 100


class Phase:
    """What a worker is doing with its mini-batch."""

    LOADING = 1
    RUNNING = 2
    WRITING = 3


class Done(NamedTuple):
    """A mini-batch that succeeded: where its rows stand and how many there are."""

    mini_batch: int
    offset: int
    """First byte in the part file."""
    length: int
    crc: int
    """CRC-32 of these bytes."""
    rows: int
    """Returned elements: the items that succeeded."""
    items: int
    """Items handed in."""
    seconds: float
    """Time spent in ``run()``."""
    check: int = 0
    """CRC-32 of these fields, from the worker: ``checksum``."""


@dataclass(frozen=True)
class Running:
    """The mini-batch in hand."""

    mini_batch: int
    phase: int
    since: float
    """``time.monotonic()`` of this machine when the phase began."""
    items: int


def pack_record(done: Done) -> bytes:
    """Write one record, with the check that shows whether it is whole."""
    fields = _FIELDS.pack(*done[:7])
    return fields + zlib.crc32(fields).to_bytes(4, "little")


def pack_records(done: Iterable[Done]) -> bytes:
    """Write records one behind the other."""
    return b"".join(map(pack_record, done))


def checksum(fields: Iterable[float]) -> int:
    """Return the check of a record, from its other fields.

    Raises:
        struct.error: No record can have such fields.
        OverflowError: Nor these.
    """
    return zlib.crc32(_FIELDS.pack(*fields))


def unpack_records(records: bytes) -> Iterator[Done]:
    """Read records that ``Page.records`` has checked."""
    return map(Done._make, _RECORD.iter_unpack(records))


class Page:
    """One worker's page; the worker writes, the agent reads."""

    SIZE = _HEAD_SIZE + CAPACITY * _RECORD.size

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, self.SIZE)
        self._written = 0
        self._sequence = 0

    @classmethod
    def create(cls) -> Page:
        """Make a page that can be handed to a child process by its descriptor."""
        descriptor = os.memfd_create("azml-page", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, cls.SIZE)
        page = cls(descriptor)
        page.leave()
        return page

    def close(self) -> None:
        """Release the memory and the descriptor."""
        self._memory.close()
        os.close(self.descriptor)

    def begin(self) -> None:
        """Start a bundle: its records overwrite those of the last one.

        The first of those is wiped out: the bundle may hold the same mini-batch again.
        """
        self._written = 0
        self._memory[_RECALL] = 0
        self._wipe_next()

    def _wipe_next(self) -> None:
        start = _HEAD_SIZE + self._written * _RECORD.size
        self._memory[start : start + _RECORD.size] = bytes(_RECORD.size)

    def recall(self) -> None:
        """Ask for what the worker has not started of its bundle."""
        self._memory[_RECALL] = 1

    @property
    def recalled(self) -> bool:
        """Whether somebody has asked since the bundle began."""
        return self._memory[_RECALL] != 0

    def end(self) -> None:
        """End a bundle before its last mini-batch.

        What stands behind its records is wiped out: it may look like one of them.
        """
        if self._written < CAPACITY:
            self._wipe_next()

    def enter(self, mini_batch: int, phase: int, items: int) -> None:
        """Note what is in hand from now on; the clock starts here."""
        # As _write_head, which would show: this is called three times a mini-batch.
        self._sequence = number = self._sequence + 1
        since = time.monotonic_ns()
        _HEAD.pack_into(
            self._memory, 0, number, mini_batch, phase, since, items, number
        )

    def leave(self) -> None:
        """Note that nothing is in hand."""
        self._write_head(_IDLE, 0, 0, 0)

    def settle(self, done: Done) -> None:
        """Note that a mini-batch succeeded and nothing is in hand."""
        start = _HEAD_SIZE + self._written * _RECORD.size
        self._memory[start : start + _RECORD.size] = pack_record(done)
        self._written += 1
        self._sequence = number = self._sequence + 1
        _HEAD.pack_into(self._memory, 0, number, _IDLE, 0, 0, 0, number)

    def running(self) -> Running | None:
        """Return what the worker has in hand, or None.

        The writer is another process, so a head counts only when two reads agree and
        its sequence number stands the same at both ends.
        """
        for _ in range(_READS):
            head = self._memory[: _HEAD.size]
            if head != self._memory[: _HEAD.size]:
                continue
            before, mini_batch, phase, since, items, after = _HEAD.unpack(head)
            if before == after:
                if mini_batch == _IDLE:
                    return None
                return Running(mini_batch, phase, since / 1e9, items)
        return None

    def records(self, first: int, count: int) -> bytes:
        """Return the records of the bundle that has mini-batches ``first`` and on.

        The list ends at the first record that is not whole, or that belongs to an
        earlier bundle.
        """
        last = first + count
        taken = bytes(self._memory[_HEAD_SIZE : _HEAD_SIZE + count * _RECORD.size])
        end, size, crc32 = 0, _FIELDS.size, zlib.crc32
        for index, _, _, _, _, _, _, check in _RECORD.iter_unpack(taken):
            # Each lies behind the last one, so there are at most as many as there may.
            if not first <= index < last or crc32(taken[end : end + size]) != check:
                break
            first = index + 1
            end += _RECORD.size
        return taken[:end]

    def _write_head(self, mini_batch: int, phase: int, since: int, items: int) -> None:
        self._sequence += 1
        number = self._sequence
        _HEAD.pack_into(
            self._memory, 0, number, mini_batch, phase, since, items, number
        )
