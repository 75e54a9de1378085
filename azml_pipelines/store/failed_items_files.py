"""``failed_items.csv`` for people and ``failed_items.jsonl`` for programs."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING, Self

from azml_pipelines import failpoints
from azml_pipelines.store.failed_items import failed_items
from azml_pipelines.store.spreadsheet import for_spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from azml_pipelines.data.output_writer import OutputWriter
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.failed_items import FailedItem
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["COLUMNS", "csv_cell", "write_failed_items"]

COLUMNS = (
    "item",
    "items",
    "mini_batch",
    "attempt",
    "reason",
    "exception_type",
    "message",
    "user_line",
    "process",
    "node",
    "replay",
)
_BLOCK = 1 << 16


def write_failed_items(
    folder: RunFolder,
    step: ParallelRunStepPlan,
    position: int,
    writer: OutputWriter,
) -> int:
    """Write both files of a step that ends; each appears whole or not at all.

    Without failed items there are no files, also none of an earlier end of the step.

    Returns:
        How many items have failed; pieces of tables that nobody could read count as
        one.

    Raises:
        OSError: They cannot be written; earlier ones are as they were.
    """
    place = folder.step(step.step_run_id)
    count = 0
    csv_table = _Table()
    # Names that are not UTF-8 survive as escapes.
    encode = json.JSONEncoder(separators=(",", ":")).encode
    with (
        _NewFile(place.failed_items_csv, writer) as table,
        _NewFile(place.failed_items_jsonl, writer) as lines,
    ):
        table.write(csv_table.line(COLUMNS))
        for item in failed_items(folder, step, position):
            table.write(csv_table.line(_cells(item)))
            lines.write(encode(vars(item)).encode("ascii") + b"\n")
            count += max(item.items, 1)
        if count:
            table.keep()
            lines.keep()
    if not count:
        writer.confirm()
        place.failed_items_csv.unlink(missing_ok=True)
        place.failed_items_jsonl.unlink(missing_ok=True)
    return count


def csv_cell(text: str) -> str:
    """Return text that can be written, and that a spreadsheet never calculates."""
    readable = text
    if not text.isascii():
        readable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return for_spreadsheet(readable)


def _cells(item: FailedItem) -> Iterator[str]:
    fields = vars(item)
    if item.item is None:
        fields = {**fields, "item": f"one of: {', '.join(item.candidates)}"}
    for name in COLUMNS:
        yield csv_cell(str(fields[name]))


class _Line:
    """Takes what a CSV writer writes."""

    text = ""

    def write(self, text: str) -> None:
        """Take one line."""
        self.text = text


class _Table:
    """Makes lines of CSV; one writer for all of them, because there may be millions."""

    def __init__(self) -> None:
        self._line = _Line()
        self._writer = csv.writer(self._line, lineterminator="\n")

    def line(self, cells: Iterable[str]) -> bytes:
        """Return one line."""
        self._writer.writerow(cells)
        return self._line.text.encode()


class _NewFile:
    """A file beside its place, moved there at the end if it is to be kept."""

    def __init__(self, destination: Path, writer: OutputWriter) -> None:
        self._destination = destination
        self._writer = writer
        self._temporary = writer.aside(destination, destination.name)
        self._waiting = bytearray()
        self._keep = False

    def __enter__(self) -> Self:
        """Create the file, for its owner's eyes only."""
        self._writer.forget_earlier(self._destination)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = os.open(self._temporary, flags, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        return self

    def write(self, line: bytes) -> None:
        """Add a line."""
        self._waiting += line
        if len(self._waiting) >= _BLOCK:
            self._flush()

    def keep(self) -> None:
        """Have the file appear at its place when the block ends without an error."""
        self._keep = True

    def __exit__(self, kind: object, *_: object) -> None:
        """Move the file to its place, or forget it."""
        try:
            with self._file:
                if kind is not None or not self._keep:
                    return
                self._flush()
                self._file.flush()
                os.fsync(self._file.fileno())
            self._writer.confirm()
            failpoints.point("failed_items.rename")
            self._temporary.replace(self._destination)
        finally:
            self._temporary.unlink(missing_ok=True)

    def _flush(self) -> None:
        failpoints.write("failed_items.write", self._file, bytes(self._waiting))
        self._waiting.clear()
