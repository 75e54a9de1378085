"""The frozen list of mini-batches: how inputs are cut, written down, and read back.

One line of JSON each, ``[input, items, payload]``: the number of the input, the number
of items (0 for tables, whose rows nobody has counted), and the paths of the files or
``[path, start, end]`` of one piece of a table. Where files are fetched while the step
runs, ``[size, tag, MD5]`` of each of them follows. The engine passes lines on unread.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Protocol

from azml_pipelines.data.frozen_list import (
    NOT_YET,
    NOTHING_LISTED,
    MiniBatchTotals,
    freeze_mini_batches,
)
from azml_pipelines.data.table_format import TO_THE_END
from azml_pipelines.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from azml_pipelines.data.mini_batch_size import MiniBatchSize
    from azml_pipelines.data.partition_groups import FileGroup
    from azml_pipelines.data.table import TableReader

__all__ = [
    "MiniBatchFile",
    "MiniBatchTotals",
    "Sizes",
    "check_mini_batches",
    "frozen_sizes",
    "items_of",
    "piece_of",
    "split_files",
    "split_files_by_bytes",
    "split_files_by_sizes",
    "split_groups",
    "split_tables",
    "write_mini_batches",
]

_STRIDE = 256
_BLOCK = 10_000
_MOST_FILES = 10_000
_encode = json.JSONEncoder(separators=(",", ":")).encode
"""Made once: a million lines would each make their own."""


def split_files(
    number: int, paths: Iterable[str], mini_batch_size: int
) -> Iterator[tuple[int, str]]:
    """Cut files into mini-batches, in order.

    Args:
        number: Which input of the step they belong to, from 0.
        paths: Relative to the root of the input.
        mini_batch_size: Files per mini-batch, at least 1; the last one may be shorter.

    Yields:
        Items and the line of each mini-batch; nothing for an empty input.
    """
    rest = iter(paths)
    while files := list(islice(rest, mini_batch_size)):
        yield len(files), _line_of_files(number, files)


def split_files_by_bytes(
    number: int, root: str, paths: Iterable[str], most: int
) -> Iterator[tuple[int, str]]:
    """Put files together, in order, until the next one would make more than ``most``.

    A file that is larger than that is a mini-batch of its own. At most 10,000 files
    come together, however small they are. Yields as ``split_files`` does.
    """
    files: list[str] = []
    held = 0
    for path in paths:
        size = _file_size(os.path.join(root, path))
        if files and (held + size > most or len(files) == _MOST_FILES):
            yield len(files), _line_of_files(number, files)
            files, held = [], 0
        files.append(path)
        held += size
    if files:
        yield len(files), _line_of_files(number, files)


class Sizes(Protocol):
    """Says how many files the next mini-batch gets."""

    def next(self) -> int:
        """Return a number of files; 0 when it cannot be said yet."""

    def wait(self) -> None:
        """Wait until it may be said."""


def split_files_by_sizes(
    number: int, paths: Iterable[str], sizes: Sizes
) -> Iterator[tuple[int, str]]:
    """Cut files into mini-batches of the sizes that are asked for one after the other.

    Yields as ``split_files`` does; ``NOT_YET`` before it waits for a size.
    """
    rest = iter(paths)
    while True:
        while not (size := sizes.next()):
            yield NOT_YET
            sizes.wait()
        files = list(islice(rest, min(size, _MOST_FILES)))
        if not files:
            return
        yield len(files), _line_of_files(number, files)


def _file_size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0  # its mini-batch fails, and the others run


def split_tables(
    number: int, reader: TableReader, paths: Iterable[str], size: MiniBatchSize
) -> Iterator[tuple[int, str]]:
    """Cut the files of a table into mini-batches of about ``size``.

    A mini-batch never crosses the border of a file. Yields as ``split_files`` does.
    """
    for placed in reader.pieces(paths, size):
        piece = placed.piece
        payload = [placed.path, piece.start, piece.end, placed.stamp, placed.places]
        yield 0, _line(number, 0, payload)


def split_groups(
    number: int, groups: Iterable[FileGroup], *, tables: bool
) -> Iterator[tuple[int, str]]:
    """Make a mini-batch of the files of each combination of partition values.

    Yields as ``split_files`` does.
    """
    for group in groups:
        if tables:
            payload: list[object] = [group.paths, 0, TO_THE_END, group.stamps, ()]
            yield 0, _line(number, 0, payload)
        else:
            yield len(group.paths), _line(number, len(group.paths), group.paths)


def _line_of_files(number: int, files: Sequence[str]) -> str:
    # What _line would return, in a fifth of the time: there may be a million of them.
    names = '","'.join(files)
    plain = names.isascii() and names.isprintable() and "\\" not in names
    if plain and names.count('"') == 2 * len(files) - 2:
        return f'[{number},{len(files)},["{names}"]]\n'
    return _line(number, len(files), files)


def _line(number: int, items: int, payload: Sequence[object]) -> str:
    return _encode([number, items, payload]) + "\n"


def items_of(line: bytes | str) -> int:
    """Return how many items a line names; 0 when they have to be counted first."""
    return int(json.loads(line)[1])


def frozen_sizes(path: Path, count: int) -> Iterator[int]:
    """Yield how many items each of the first ``count`` lines of a list names."""
    if not count:
        return
    with path.open("rb") as file:
        for line in islice(file, count):
            yield items_of(line)


def piece_of(line: bytes, first_item: int, item_count: int) -> bytes:
    """Return the line of some items of a mini-batch, as workers read it."""
    number, items, payload, *marks = json.loads(line)
    end = first_item + item_count
    if items:
        payload = payload[first_item:end]
        marks = [mark[first_item:end] for mark in marks]
    else:
        payload = [*payload, first_item, item_count]
    return (_encode([number, item_count, payload, *marks]) + "\n").encode("ascii")


def write_mini_batches(
    lines: Iterable[tuple[int, str]], destination: Path
) -> MiniBatchTotals:
    """Write the whole list at once; see ``data.frozen_list``."""
    totals = NOTHING_LISTED
    for totals in freeze_mini_batches(lines, destination):  # noqa: B007 - the last one
        pass
    return totals


def check_mini_batches(path: Path, sha256: str | None) -> None:
    """Refuse a list that is not the one that was frozen.

    Raises:
        OutputError: It was changed.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        msg = (
            f"{path} is not the list that was frozen at the start; restore it, or "
            "submit the pipeline again"
        )
        raise OutputError(msg)


class MiniBatchFile:
    """Reads blocks of lines by the index of their first mini-batch.

    Cheap where blocks are asked for one after the other; any other block costs a seek
    and at most 256 lines.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self._marks = array("Q", [0])
        self._next = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, first: int, count: int) -> bytes:
        """Return the lines of mini-batches ``first`` to ``first + count - 1``.

        Raises:
            IndexError: The list is shorter than that.
        """
        if first != self._next:
            self._seek(first)
        lines = self._lines(count)
        if len(lines) < count:
            msg = f"the list ends before mini-batch {first + count - 1}"
            raise IndexError(msg)
        return b"".join(lines)

    def _seek(self, index: int) -> None:
        mark = min(index // _STRIDE, len(self._marks) - 1)
        self._file.seek(self._marks[mark])
        self._next = mark * _STRIDE
        while self._next < index and self._lines(min(_BLOCK, index - self._next)):
            pass

    def _lines(self, count: int) -> list[bytes]:
        """Return the next lines, and note where every 256th of the list begins."""
        first, start = self._next, self._file.tell()
        lines = list(islice(self._file, count))
        self._next += len(lines)
        while (mark := len(self._marks) * _STRIDE) <= self._next:
            begin = max(first, mark - _STRIDE)
            offset = start if begin == first else self._marks[-1]
            passed = sum(map(len, lines[begin - first : mark - first]))
            self._marks.append(offset + passed)
        return lines
