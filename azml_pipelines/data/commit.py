"""Parts, in mini-batch order, into one file by one atomic step."""

from __future__ import annotations

import hashlib
import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from azml_pipelines.errors import DamagedPartError
from azml_pipelines.failpoints import point, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = [
    "Committed",
    "Slice",
    "commit",
    "damaged_mini_batches",
    "read_slices",
    "rows_of_slices",
    "sync_folder",
]

_BLOCK = 4 << 20
_OPEN_PARTS = 64
_TEMPORARY = ".azml-commit.tmp"


class Slice(NamedTuple):
    """The rows of one mini-batch inside of a part file."""

    mini_batch: int
    part: str
    """Name of the part file."""
    offset: int
    length: int
    crc: int


@dataclass(frozen=True)
class Committed:
    """What the destination holds."""

    bytes: int
    sha256: str


def commit(
    slices: Iterable[Slice], parts: Path, destination: Path, header: bytes = b""
) -> Committed:
    """Join ``slices`` into ``destination`` in one rename.

    A reader sees the whole file or none. Rows of tries that lost are not named here, so
    they never reach the output, whoever wrote them and however often.

    Args:
        slices: In the order of the mini-batches.
        parts: Folder of the part files.
        destination: Replaced if it exists: a commit may be repeated.
        header: Written before the first row.

    Raises:
        DamagedPartError: A part does not hold the bytes that its worker wrote; the
            destination is as it was before. Its ``mini_batch`` has to run again.
        OSError: The destination cannot be written.
    """
    # Always the same name, for one writer: what a killed one left is written over.
    temporary = destination.with_name(_TEMPORARY)
    digest = hashlib.sha256()
    size = 0
    try:
        point("commit.open")
        with _create(temporary) as file:
            for block in _blocks(slices, parts, header):
                write("commit.write", file, block)
                digest.update(block)
                size += len(block)
            file.flush()
            point("commit.fsync")
            os.fsync(file.fileno())
        point("commit.rename")
        temporary.replace(destination)
        point("commit.renamed")
    finally:
        temporary.unlink(missing_ok=True)
    point("commit.folder_fsync")
    sync_folder(destination.parent)
    return Committed(size, digest.hexdigest())


def read_slices(slices: Iterable[Slice], parts: Path) -> Iterator[tuple[Slice, bytes]]:
    """Yield the rows of each slice, checked.

    Raises:
        DamagedPartError: A part does not hold the bytes that its worker wrote.
    """
    files = _PartFiles(parts)
    try:
        for piece in slices:
            yield piece, files.read(piece)
    finally:
        files.close()


def rows_of_slices(
    slices: Iterable[Slice], parts: Path
) -> Iterator[tuple[Slice, bytes | None]]:
    """Yield each slice and its rows; None where they are not what was written."""
    files = _PartFiles(parts)
    try:
        for piece in slices:
            try:
                rows = files.read(piece)
            except DamagedPartError:
                rows = None
            yield piece, rows
    finally:
        files.close()


def damaged_mini_batches(slices: Iterable[Slice], parts: Path) -> Iterator[int]:
    """Yield the mini-batches whose rows are not what their workers wrote."""
    for piece, rows in rows_of_slices(slices, parts):
        if rows is None:
            yield piece.mini_batch


def _create(path: Path) -> BinaryIO:
    """Make a file anew; a link that somebody has planted there is not followed."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _blocks(slices: Iterable[Slice], parts: Path, header: bytes) -> Iterator[bytes]:
    gathered = [header] if header else []
    waiting = len(header)
    files = _PartFiles(parts)
    try:
        for piece in slices:
            rows = files.read(piece)
            gathered.append(rows)
            waiting += len(rows)
            if waiting >= _BLOCK:
                yield b"".join(gathered)
                gathered, waiting = [], 0
    finally:
        files.close()
    if gathered:
        yield b"".join(gathered)


class _PartFiles:
    """Open part files, each with the block that was read last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._blocks: dict[str, tuple[int, bytes]] = {}

    def read(self, piece: Slice) -> bytes:
        """Return the rows of one mini-batch, checked."""
        start, block = self._blocks.get(piece.part, (0, b""))
        begin = piece.offset - start
        if begin < 0 or begin + piece.length > len(block):
            start, block = self._fill(piece)
            begin = 0
        rows = block[begin : begin + piece.length]
        if len(rows) != piece.length or zlib.crc32(rows) != piece.crc:
            msg = (
                f"part {piece.part} does not hold the rows of mini-batch "
                f"{piece.mini_batch} any more; it has to run again"
            )
            raise DamagedPartError(msg, mini_batch=piece.mini_batch)
        return rows

    def _fill(self, piece: Slice) -> tuple[int, bytes]:
        file = self._open(piece.part)
        if file is None:
            return piece.offset, b""
        file.seek(piece.offset)
        block = file.read(max(piece.length, _BLOCK // 4))
        self._blocks[piece.part] = (piece.offset, block)
        return piece.offset, block

    def _open(self, part: str) -> BinaryIO | None:
        if part not in self._files:
            if len(self._files) >= _OPEN_PARTS:
                self.close()
            try:
                self._files[part] = (self._folder / part).open("rb")
            except FileNotFoundError:
                return None
        return self._files[part]

    def close(self) -> None:
        """Close every part file."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._blocks.clear()
