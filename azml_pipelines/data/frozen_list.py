"""Writes the list of mini-batches down while it grows, chunk by chunk for good."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from azml_pipelines.failpoints import point, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = [
    "NOTHING_LISTED",
    "NOT_YET",
    "ChangedListError",
    "MiniBatchTotals",
    "append_mini_batches",
    "freeze_mini_batches",
]

_FIRST_SECONDS = 0.01
_FIRST_LINES = 100
_SECONDS = 0.2
_LINES = 10_000


class ChangedListError(Exception):
    """What is listed now does not begin with what was frozen before."""


@dataclass(frozen=True)
class MiniBatchTotals:
    """What a list holds, or as much of it as is frozen."""

    mini_batches: int
    items: int | None
    """None as soon as one input is a table."""
    sha256: str


NOTHING_LISTED = MiniBatchTotals(0, 0, "")
NOT_YET = (0, "")
"""Stands among lines: the next one takes its time, so freeze what there is."""


def freeze_mini_batches(
    lines: Iterable[tuple[int, str]],
    destination: Path,
    kept: MiniBatchTotals = NOTHING_LISTED,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[MiniBatchTotals]:
    """Write a list to ``destination``; what was yielded of it survives a power cut.

    The first chunk is a small one, so that work can begin at once.

    Args:
        lines: Items and line of each mini-batch, from the first one on, and ``NOT_YET``
            wherever it takes time to find the next.
        destination: Replaced if it exists.
        kept: What an earlier process has frozen; these lines come in one chunk, at
            least the digest of which is known.
        clock: Seconds, to measure chunks with.

    Yields:
        The totals so far, after each chunk; at least once. The last are those of the
        whole list.

    Raises:
        ChangedListError: ``lines`` do not begin with what is kept.
        OSError: The list cannot be written.
    """
    temporary = destination.with_suffix(".tmp")
    with temporary.open("wb") as file:
        frozen = _Chunks(file)
        rest = iter(lines)
        if kept.mini_batches:
            frozen.keep(rest, kept)
        known = frozen.freeze()
        point("list.rename")
        temporary.replace(destination)
        point("list.renamed")
        _sync_folder(destination.parent)
        if kept.mini_batches:
            yield known
        yield from frozen.grow(rest, clock)


def append_mini_batches(
    lines: Iterable[tuple[int, str]],
    path: Path,
    kept: MiniBatchTotals,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[MiniBatchTotals]:
    """Go on with a list in place, behind what another process of this run has frozen.

    Whoever reads the first lines meanwhile is not disturbed. As ``freeze_mini_batches``
    otherwise.

    Raises:
        ChangedListError: ``lines`` do not begin with what is kept; nothing is written.
        OSError: The list cannot be written.
    """
    with path.open("r+b") as file:
        frozen = _Chunks(file)
        rest = iter(lines)
        frozen.skip(rest, kept)
        yield from frozen.grow(rest, clock)


class _Chunks:
    """A list in the making."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._count = 0
        self._items = 0
        self._counted = True
        self._lines: list[str] = []

    def keep(self, lines: Iterator[tuple[int, str]], kept: MiniBatchTotals) -> None:
        """Write what was frozen before, if it is still what is listed."""
        self._pass(lines, kept, self._write)

    def skip(self, lines: Iterator[tuple[int, str]], kept: MiniBatchTotals) -> None:
        """Go to the end of what stands there, if it is still what is listed."""
        self._pass(
            lines, kept, lambda: self._file.seek(len(self._taken()), os.SEEK_CUR)
        )
        self._file.truncate()

    def _pass(
        self,
        lines: Iterator[tuple[int, str]],
        kept: MiniBatchTotals,
        take: Callable[[], object],
    ) -> None:
        """Compare the first lines with what is kept; ``take`` takes them in chunks."""
        for items, line in lines:
            if not line:
                break
            self._add(items, line)
            if len(self._lines) == _LINES:
                take()
            if self._count == kept.mini_batches:
                break
        take()
        if (self._count, self._digest.hexdigest()) != (kept.mini_batches, kept.sha256):
            msg = f"the first {kept.mini_batches} mini-batches are other ones now"
            raise ChangedListError(msg)

    def grow(
        self, lines: Iterator[tuple[int, str]], clock: Callable[[], float]
    ) -> Iterator[MiniBatchTotals]:
        """Freeze chunk by chunk; the last one may be empty."""
        most, seconds = _FIRST_LINES, _FIRST_SECONDS
        gathered = self._lines
        due = 0.0
        for items, line in lines:
            if line:
                if not gathered:
                    due = clock() + seconds
                self._add(items, line)
            if gathered and (not line or len(gathered) >= most or clock() >= due):
                yield self.freeze()
                most, seconds = _LINES, _SECONDS
        yield self.freeze()

    def freeze(self) -> MiniBatchTotals:
        """Bring everything so far onto the disk."""
        self._write()
        self._file.flush()
        point("list.fsync")
        os.fsync(self._file.fileno())
        items = self._items if self._counted else None
        return MiniBatchTotals(self._count, items, self._digest.hexdigest())

    def _add(self, items: int, line: str) -> None:
        self._lines.append(line)
        self._count += 1
        self._items += items
        if not items:
            self._counted = False

    def _taken(self) -> bytes:
        """Take the lines that are gathered; the digest knows them from now on."""
        chunk = "".join(self._lines).encode("ascii")
        self._lines.clear()
        self._digest.update(chunk)
        return chunk

    def _write(self) -> None:
        if self._lines:
            write("list.write", self._file, self._taken())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
