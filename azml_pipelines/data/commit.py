"""Parts, in mini-batch order, into one file by one atomic step."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, BinaryIO
from zlib import crc32

from azml_pipelines.data.stretch import Stretch
from azml_pipelines.errors import DamagedPartError
from azml_pipelines.failpoints import point, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from azml_pipelines.data.output_writer import OutputWriter
    from azml_pipelines.data.stretch import Slice

__all__ = [
    "Committed",
    "commit",
    "damaged_mini_batches",
    "read_slices",
    "rows_of_slices",
    "sync_folder",
]

_BLOCK = 4 << 20
_OPEN_PARTS = 64


@dataclass(frozen=True)
class Committed:
    """What the destination holds."""

    bytes: int
    sha256: str


def commit(
    stretches: Iterable[Stretch],
    parts: Path,
    destination: Path,
    writer: OutputWriter,
    header: bytes = b"",
) -> Committed:
    """Join ``stretches`` into ``destination`` in one rename.

    A reader sees the whole file or none. Rows of tries that lost are not named here, so
    they never reach the output, whoever wrote them and however often.

    Args:
        stretches: In the order of the mini-batches.
        parts: Folder of the part files.
        destination: Replaced if it exists: a commit may be repeated.
        writer: Who commits; what it raises instead of confirming leaves the destination
            as it was.
        header: Written before the first row.

    Raises:
        DamagedPartError: A part does not hold the bytes that its worker wrote; the
            destination is as it was before. Its ``mini_batch`` has to run again.
        OSError: The destination cannot be written.
    """
    writer.forget_earlier(destination)
    temporary = writer.aside(destination)
    digest = hashlib.sha256()
    size = 0
    try:
        point("commit.open")
        with _create(temporary) as file:
            for block in _blocks(stretches, parts, header):
                write("commit.write", file, block)
                digest.update(block)
                size += len(block)
            file.flush()
            point("commit.fsync")
            os.fsync(file.fileno())
        writer.confirm()
        point("commit.rename")
        temporary.replace(destination)
        point("commit.renamed")
    finally:
        temporary.unlink(missing_ok=True)
    point("commit.folder_fsync")
    sync_folder(destination.parent)
    return Committed(size, digest.hexdigest())


def read_slices(
    stretches: Iterable[Stretch], parts: Path
) -> Iterator[tuple[Slice, bytes]]:
    """Yield the rows of each mini-batch, checked.

    Raises:
        DamagedPartError: A part does not hold the bytes that its worker wrote.
    """
    files = _PartFiles(parts)
    try:
        for stretch in stretches:
            for block in stretch.blocks(_BLOCK):
                rows = files.read(block)
                start = block.offsets[0]
                for piece in block.slices():
                    begin = piece.offset - start
                    yield piece, rows[begin : begin + piece.length]
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
                rows = files.read(Stretch.of(piece))
            except DamagedPartError:
                rows = None
            yield piece, rows
    finally:
        files.close()


def damaged_mini_batches(stretches: Iterable[Stretch], parts: Path) -> Iterator[int]:
    """Yield the mini-batches whose rows are not what their workers wrote."""
    slices = (piece for stretch in stretches for piece in stretch.slices())
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


def _blocks(
    stretches: Iterable[Stretch], parts: Path, header: bytes
) -> Iterator[bytes]:
    gathered = [header] if header else []
    waiting = len(header)
    files = _PartFiles(parts)
    try:
        for stretch in stretches:
            for block in stretch.blocks(_BLOCK):
                rows = files.read(block)
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
    """Open part files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, int] = {}

    def read(self, block: Stretch) -> bytes:
        """Return the rows of some mini-batches that stand without a gap, checked.

        Raises:
            DamagedPartError: They are not there any more.
        """
        start = block.offsets[0]
        ends = list(map(add, block.offsets, block.lengths))
        rows = self._read(block.part, start, ends[-1] - start)
        view = memoryview(rows)
        found = [
            crc32(view[begin - start : end - start])
            for begin, end in zip(block.offsets, ends, strict=True)
        ]
        if found != list(block.crcs) or len(rows) != ends[-1] - start:
            pairs = zip(found, block.crcs, strict=True)
            wrong = next((n for n, (one, other) in enumerate(pairs) if one != other), 0)
            msg = (
                f"part {block.part} does not hold the rows of mini-batch "
                f"{block.first + wrong} any more; it has to run again"
            )
            raise DamagedPartError(msg, mini_batch=block.first + wrong)
        return rows

    def _read(self, part: str, offset: int, length: int) -> bytes:
        file = self._open(part) if length else None
        if file is None:
            return b""
        return os.pread(file, length, offset)

    def _open(self, part: str) -> int | None:
        if part not in self._files:
            if len(self._files) >= _OPEN_PARTS:
                self.close()
            try:
                place = self._folder / part
                self._files[part] = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
        return self._files[part]

    def close(self) -> None:
        """Close every part file."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()
