"""The frozen list of mini-batches: how inputs are cut, written down, and read back.

One line of JSON each, ``[input, items, payload]``: the number of the input, the number
of items (0 for tables, whose rows nobody has counted), and the paths of the files or
``[path, start, end]`` of one piece of a table. The engine passes lines on unread.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from azml_pipelines.data.delimited import Delimited, cut_file
from azml_pipelines.errors import OutputError
from azml_pipelines.failpoints import point, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "MiniBatchFile",
    "MiniBatchTotals",
    "check_mini_batches",
    "items_of",
    "piece_of",
    "split_files",
    "split_tables",
    "write_mini_batches",
]

_STRIDE = 256
_encode = json.JSONEncoder(separators=(",", ":")).encode
"""Made once: a million lines would each make their own."""


@dataclass(frozen=True)
class MiniBatchTotals:
    """What a finished list holds."""

    mini_batches: int
    items: int | None
    """None as soon as one input is a table."""
    sha256: str


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
        yield len(files), _line(number, len(files), files)


def split_tables(
    number: int, root: str, paths: Iterable[str], mini_batch_size: int, text: Delimited
) -> Iterator[tuple[int, str]]:
    """Cut delimited files into mini-batches of about ``mini_batch_size`` bytes.

    A mini-batch never crosses the border of a file. Yields as ``split_files`` does.
    """
    for position, path in enumerate(paths):
        first_file = position == 0
        whole = os.path.join(root, path)
        for start, end in cut_file(whole, text, mini_batch_size, first_file=first_file):
            yield 0, _line(number, 0, [path, start, end])


def _line(number: int, items: int, payload: Sequence[str | int]) -> str:
    return _encode([number, items, payload]) + "\n"


def items_of(line: bytes) -> int:
    """Return how many items a line names; 0 when they have to be counted first."""
    return int(json.loads(line)[1])


def piece_of(line: bytes, first_item: int, item_count: int) -> bytes:
    """Return the line of some items of a mini-batch, as workers read it."""
    number, items, payload = json.loads(line)
    if items:
        payload = payload[first_item : first_item + item_count]
    else:
        payload = [*payload, first_item, item_count]
    return _line(number, item_count, payload).encode("ascii")


def write_mini_batches(
    lines: Iterable[tuple[int, str]], destination: Path
) -> MiniBatchTotals:
    """Write the list; it appears at ``destination`` whole or not at all."""
    temporary = destination.with_suffix(".tmp")
    digest = hashlib.sha256()
    count = items = 0
    counted = True
    with temporary.open("wb") as file:
        for items_here, line in lines:
            encoded = line.encode("ascii")
            digest.update(encoded)
            write("list.write", file, encoded)
            count += 1
            items += items_here
            counted = counted and items_here > 0
        file.flush()
        point("list.fsync")
        os.fsync(file.fileno())
    point("list.rename")
    temporary.replace(destination)
    point("list.renamed")
    return MiniBatchTotals(count, items if counted else None, digest.hexdigest())


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
        lines = list(self._lines(count))
        if len(lines) < count:
            msg = f"the list ends before mini-batch {first + count - 1}"
            raise IndexError(msg)
        return b"".join(lines)

    def _seek(self, index: int) -> None:
        mark = min(index // _STRIDE, len(self._marks) - 1)
        self._file.seek(self._marks[mark])
        self._next = mark * _STRIDE
        for _ in self._lines(index - self._next):
            pass

    def _lines(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            line = self._file.readline()
            if not line:
                return
            self._next += 1
            if self._next == len(self._marks) * _STRIDE:
                self._marks.append(self._file.tell())
            yield line
