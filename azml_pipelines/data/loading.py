"""A line of the mini-batch list becomes what ``run(mini_batch)`` gets, in workers."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.data.table import TableReader, stamp_of
from azml_pipelines.data.table_format import Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.data.partition_format import Partition
    from azml_pipelines.data.table import Table

__all__ = [
    "ChangedFileError",
    "FileInput",
    "InputFacts",
    "TableInput",
    "load_mini_batch",
    "loading_reason",
    "partition_values",
    "subset",
]


_SECONDS_PER_FILE = 1e-5
_decode = json.JSONDecoder().raw_decode
"""What ``json.loads`` comes to, which asks several questions first."""


class ChangedFileError(Exception):
    """A file is not the one that was cut into mini-batches."""

    reason = "changed_since_plan"


@dataclass(frozen=True)
class InputFacts:
    """What the context of a mini-batch may be asked about its input."""

    definition: str = ""
    """Of the dataset, as JSON."""
    partition: Optional[Partition] = None  # noqa: UP045 - loaded by workers, Python 3.9
    keys: tuple[str, ...] = ()
    """The partition keys by which the input was cut."""


class FileInput:
    """Files: a mini-batch is a list of local paths.

    Args:
        root: What the paths of mini-batches are relative to.
        facts: For the context of a mini-batch.
        found_at: Nanoseconds since 1970; a file changed since then is not the one that
            was listed. 0 looks at no file.
        written_by: A file that says it was written later is not, either; 0 leaves it
            at that.
    """

    def __init__(
        self,
        root: str,
        facts: Optional[InputFacts] = None,  # noqa: UP045
        found_at: int = 0,
        written_by: int = 0,
    ) -> None:
        self.root = root
        self._prefix = os.path.join(root, "")
        self.facts = facts or InputFacts()
        self._found_at = found_at
        self._written_by = written_by or float("inf")
        self._last = float("-inf")

    def load(self, payload: Sequence[str]) -> list[str]:
        """Return absolute paths, in the order of the plan.

        Raises:
            ChangedFileError: A file is not the one that was listed.
            OSError: It is gone, or may not be looked at.
        """
        prefix = self._prefix
        paths = [prefix + path for path in payload]
        if self._found_at:
            # A script that takes less than that opens no file.
            now = time.perf_counter()
            if now - self._last > _SECONDS_PER_FILE * len(paths):
                self._check(paths)
            self._last = now
        return paths

    def _check(self, paths: Sequence[str]) -> None:
        for path in paths:
            found = os.stat(path)
            if (
                found.st_ctime_ns > self._found_at
                or found.st_mtime_ns > self._written_by
            ):
                msg = f"{path} has changed since it was listed"
                raise ChangedFileError(msg)


class TableInput:
    """Tables: a mini-batch is a DataFrame with an index from 0."""

    def __init__(
        self,
        root: str,
        table: Table,
        facts: Optional[InputFacts] = None,  # noqa: UP045
    ) -> None:
        self.root = root
        self._reader = TableReader(table, root)
        self.facts = facts or InputFacts()

    def load(self, payload: Sequence[Any]) -> Any:  # noqa: ANN401 - a DataFrame
        """Read one piece of one file or all of some files, or some of their rows.

        Raises:
            ChangedFileError: A file is not the one that was cut.
        """
        where, start, end, *rest = payload
        # Lists of earlier releases say neither.
        told = bool(rest) and not isinstance(rest[0], int)
        stamps, places, *rows = rest if told else ("", (), *rest)
        if isinstance(where, str):
            frame = self._read(where, Piece(start, end), stamps, places)
        else:
            frame = self._whole_files(where, stamps)
        if rows:
            first, count = rows
            frame = frame.iloc[first : first + count].reset_index(drop=True)
        return frame

    def _whole_files(self, paths: Sequence[str], stamps: Sequence[str]) -> Any:  # noqa: ANN401
        frames = [
            self._read(path, piece, stamp, ())
            for path, stamp in zip(paths, stamps)
            for piece in self._reader.whole(path)
        ]
        if len(frames) == 1:
            return frames[0]
        return import_module("pandas").concat(frames, ignore_index=True)

    def _read(self, path: str, piece: Piece, stamp: str, places: Sequence[int]) -> Any:  # noqa: ANN401 - a DataFrame
        whole = os.path.join(self.root, path)
        if stamp and stamp_of(whole) not in {stamp, ""}:
            msg = f"{whole} has changed since it was cut into mini-batches"
            raise ChangedFileError(msg)
        return self._reader.read(path, piece, places)


def load_mini_batch(line: bytes | str, inputs: Sequence[FileInput | TableInput]) -> Any:  # noqa: ANN401 - a list or a DataFrame
    """Return the mini-batch that ``line`` names.

    Raises:
        ChangedFileError: A file is not the one that was cut.
        OSError: A file is gone or cannot be read.
        ValueError: A piece is no table.
    """
    if isinstance(line, bytes):
        line = line.decode("ascii")
    number, _, payload, *_ = _decode(line)[0]
    return inputs[number].load(payload)


def loading_reason(error: BaseException) -> str:
    """Return the word for why a mini-batch could not be read."""
    if isinstance(error, FileNotFoundError):
        return "missing"
    told = getattr(error, "reason", None)
    if isinstance(told, str) and not isinstance(error, UnicodeError):
        return told
    if isinstance(error, OSError):
        return "unreadable"
    return "bad data" if isinstance(error, ValueError) else "exception"


def partition_values(
    line: str | bytes, inputs: Sequence[FileInput | TableInput]
) -> Optional[dict[str, Any]]:  # noqa: UP045
    """Return the values of the partition keys by which a mini-batch was cut, if any."""
    number, _, payload, *_ = json.loads(line)
    facts = inputs[number].facts
    if not facts.keys or facts.partition is None:
        return None
    first = payload[0] if isinstance(payload[0], str) else payload[0][0]
    values = facts.partition.values(first)
    return {key: values[key] for key in facts.keys}


def subset(line: str | bytes, inputs: Sequence[FileInput | TableInput]) -> Any:  # noqa: ANN401 - a dataset
    """Return a mini-batch as a dataset: its files, or the rows of a piece of one."""
    number, items, payload, *_ = json.loads(line)
    facts = inputs[number].facts
    paths = payload if items else payload[0]
    # Datasets need pydantic, which scripts that never ask do not pay for.
    module = import_module("azml_pipelines.data.mini_batch_dataset")
    if isinstance(paths, str):
        return module.dataset_of_rows(inputs[number].load(payload))
    if not facts.definition:
        return None
    return module.dataset_of(facts.definition, inputs[number].root, paths)
