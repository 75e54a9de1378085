"""What scripts note about their run: metrics, tags, properties. Append-only files.

Each process of a script has a file of its own and is its only writer: one line of JSON
for each note, written by one call. A process that is killed leaves whole lines, and at
most one that has not ended, which nobody reads. Readers put the files together.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from azml_pipelines.masking import Masker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Record", "RecordFile", "fold_metrics", "fold_texts", "read_records"]

MAX_BYTES = 64 * 1024 * 1024
"""What one process may note; more is refused."""
_TRY = "try"


@dataclass(frozen=True)
class Record:
    """One note."""

    kind: str
    """``scalar``, ``list``, ``row``, ``table``, ``image``, ``confusion_matrix``,
    ``accuracy_table``, ``residuals``, ``predictions``, ``tag`` or ``property``."""
    name: str
    value: Any
    time: float = 0.0
    """Seconds since 1970."""


class RecordFile:
    """Writes the notes of one process; several threads may do so.

    Args:
        path: Made when the first note is written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def append(self, record: Record) -> None:
        """Add a note; it stays, whatever becomes of this process.

        Raises:
            OSError: It cannot be written, or the file is full.
        """
        fields = asdict(record) | {"time": record.time or time.time()}
        text = json.dumps(fields, default=str, separators=(",", ":"))
        line = Masker.of_environment(os.environ).text(text).encode() + b"\n"
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with self._lock:
            descriptor = os.open(self._path, flags, 0o600)
            try:
                if os.fstat(descriptor).st_size + len(line) > MAX_BYTES:
                    msg = f"{self._path} holds {MAX_BYTES} bytes already; log less"
                    raise OSError(msg)
                os.write(descriptor, line)
            finally:
                os.close(descriptor)


def read_records(folder: Path) -> list[Record]:
    """Return all notes below a folder, the oldest first.

    Of a script that was started several times, those of its last try count.
    """
    files = sorted(folder.glob("*.jsonl"))
    tries = [file for file in files if file.name.startswith(_TRY)]
    kept = [file for file in files if file not in tries[:-1]]
    found = [record for file in kept for record in _records_of(file)]
    return sorted(found, key=lambda record: record.time)


def _records_of(file: Path) -> Iterator[Record]:
    for line in file.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            return  # Its process was killed while it wrote.
        try:
            yield Record(**json.loads(line))
        except (ValueError, TypeError):
            continue


def fold_metrics(records: Iterable[Record]) -> dict[str, Any]:
    """Return the metrics by name, as version 1 puts them together.

    A number or text that was logged once is a value, more often a list. Lists are
    joined. Rows become columns: one row gives values, several give lists.
    """
    found: dict[str, list[Record]] = {}
    for record in records:
        if record.kind not in {"tag", "property"}:
            found.setdefault(record.name, []).append(record)
    return {name: _folded(same) for name, same in found.items()}


def _folded(same: list[Record]) -> Any:  # noqa: ANN401 - whatever was logged
    match same[-1].kind:
        case "list":
            return [value for one in same for value in _as_list(one.value)]
        case "row":
            return _columns([one.value for one in same if isinstance(one.value, dict)])
        case _:
            values = [one.value for one in same]
            return values[0] if len(values) == 1 else values


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for row in rows for name in row)
    if len(rows) == 1:
        return dict(rows[0])
    return {name: [row.get(name) for row in rows] for name in names}


def fold_texts(records: Iterable[Record], kind: str) -> dict[str, str]:
    """Return tags or properties; of each name the last value counts."""
    found: dict[str, str] = {}
    for record in records:
        if record.kind == kind and record.value is None:
            found.pop(record.name, None)
        elif record.kind == kind:
            found[record.name] = str(record.value)
    return found
