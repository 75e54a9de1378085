"""Whether every recorded row still stands in its part file. Reads only."""

from __future__ import annotations

import hashlib
import zlib
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from azml_pipelines.store.journal_seals import DoneRow, read_done

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Rows", "check_rows"]

_OPEN_PARTS = 64


@dataclass(frozen=True)
class Rows:
    """What the part files of a step hold."""

    slices: int
    parts: int
    sha256: str
    """Of the rows in the order of the input, as the output file has them."""
    problem: str = ""
    """The first thing that is wrong."""


def check_rows(connection: sqlite3.Connection, position: int, parts: Path) -> Rows:
    """Read every recorded slice of a step, in the order of the input."""
    digest = hashlib.sha256(_header(parts))
    problem = _overlap(connection, position)
    slices = 0
    seen: set[str] = set()
    with closing(_Parts(parts)) as files:
        for row in read_done(connection, position):
            slices += 1
            if row.whole and not row.length:
                continue
            seen.add(row.part)
            rows, wrong = files.check(row)
            if wrong:
                problem = problem or f"{wrong} (mini-batch {row.mini_batch})"
            digest.update(rows)
    return Rows(slices, len(seen), digest.hexdigest(), problem)


def _header(parts: Path) -> bytes:
    """Return the header line that a commit puts first: that of the first mini-batch."""
    headers = sorted(parts.glob("header-*"))
    return headers[0].read_bytes() if headers else b""


def _overlap(connection: sqlite3.Connection, position: int) -> str:
    """Find two mini-batches that claim the same bytes."""
    claims = sorted(_claims(connection, position))
    last_part, end, last = "", 0, 0
    for part, offset, claim_end, mini_batch in claims:
        if part == last_part and offset < end:
            return f"mini-batches {last} and {mini_batch} claim bytes of {part} both"
        last_part, end, last = part, claim_end, mini_batch
    return ""


def _claims(
    connection: sqlite3.Connection, position: int
) -> Iterator[tuple[str, int, int, int]]:
    """Yield part, begin, end and mini-batch; neighbours without a gap are one claim."""
    part, begin, end, first = "", 0, 0, 0
    for row in read_done(connection, position):
        if not (row.whole and row.length):
            continue
        if (row.part, row.offset) != (part, end):
            if begin < end:
                yield part, begin, end, first
            part, begin, first = row.part, row.offset, row.mini_batch
        end = row.offset + row.length
    if begin < end:
        yield part, begin, end, first


class _Parts:
    """Open part files, a few at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}

    def close(self) -> None:
        """Close all of them."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def check(self, row: DoneRow) -> tuple[bytes, str]:
        """Return the bytes of a slice, and what is wrong with them."""
        if not row.whole:
            return b"", "the record of where its rows stand is damaged"
        part, offset, length = row.part, row.offset, row.length
        rows, wrong = self._read(part, offset, length)
        if not wrong and zlib.crc32(rows) != row.crc:
            wrong = f"{part} is damaged at bytes {offset}-{offset + length}"
        return rows, wrong

    def _read(self, part: str, offset: int, length: int) -> tuple[bytes, str]:
        try:
            file = self._open(part)
            file.seek(offset)
            rows = file.read(length)
        except OSError as error:
            return b"", f"{part} cannot be read: {error.strerror}"
        if len(rows) < length:
            return rows, f"{part} ends before byte {offset + length}"
        return rows, ""

    def _open(self, part: str) -> BinaryIO:
        if part not in self._files:
            if len(self._files) >= _OPEN_PARTS:
                self.close()
            self._files[part] = (self._folder / part).open("rb")
        return self._files[part]
