"""Who drives a run, seen from outside: by processes, by work, and by what was written."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from azml_pipelines.store.journal_seals import seal_rows
from chaos.lab import ROWS_SCRIPT
from chaos.process_tree import orchestrators

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SCRIPT", "Tenure", "Watch", "overlaps", "parts_of", "take_away", "tenures"]

_INIT = """
    global notes, owner
    notes = os.open(os.environ['NOTES'], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with open(f'/proc/{os.getppid()}/stat') as server:
        owner = server.read().rpartition(')')[2].split()[1]
""".strip()
_NOTE = "os.write(notes, f'{owner} {time.monotonic()}\\n'.encode())"
SCRIPT = ROWS_SCRIPT.format(
    init=_INIT, before=f"{_NOTE}\n    time.sleep(0.05)\n    {_NOTE}"
)
"""Notes the orchestrator that it works for, before and after each mini-batch."""
_PAUSE_SECONDS = 0.003


@dataclass(frozen=True)
class Tenure:
    """From when to when work was done for one orchestrator."""

    owner: int
    first: float
    last: float


def tenures(notes: Path, offset: int = 0) -> list[Tenure]:
    """Read what the script has noted from ``offset`` on, the earliest first."""
    found: dict[int, Tenure] = {}
    if not notes.exists():
        return []
    with notes.open("rb") as file:
        file.seek(offset)
        # A worker that is killed has noted a whole line, or none.
        lines = file.read().decode("ascii").split("\n")[:-1]
    for line in lines:
        owner, moment = int(line.split()[0]), float(line.split()[1])
        known = found.get(owner, Tenure(owner, moment, moment))
        found[owner] = Tenure(owner, min(known.first, moment), max(known.last, moment))
    return sorted(found.values(), key=lambda tenure: tenure.first)


def overlaps(found: list[Tenure]) -> int:
    """Return how many owners began before an earlier one had ended."""
    count, last = 0, float("-inf")
    for tenure in found:
        count += tenure.first < last
        last = max(last, tenure.last)
    return count


class Watch:
    """Looks at the processes below a folder, again and again, in a thread.

    Only at such that were started since: whoever launches an orchestrator forks first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._old = frozenset(os.listdir("/proc")) - set(
            map(str, orchestrators(folder))
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.looks = 0
        self.most = 0
        """The most orchestrators that were ever there at the same time."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.is_set():
            self.most = max(self.most, len(orchestrators(self._folder, self._old)))
            self.looks += 1
            time.sleep(_PAUSE_SECONDS)


def take_away(journal: Path, seconds: float = 30) -> None:
    """Write into a journal that nobody drives the run, whoever does.

    Raises:
        sqlite3.OperationalError: Somebody holds it for longer than ``seconds``.
    """
    connected = sqlite3.connect(journal, timeout=seconds, isolation_level=None)
    with closing(connected) as file:
        seal_rows(file)
        file.execute("UPDATE run SET status = 'Failed', pid = NULL")


def parts_of(journal: Path, epoch: int) -> list[tuple[str, int]]:
    """Return each part file that an epoch has put on record, and its mini-batches."""
    place = f"{journal.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=30)) as file:
        return file.execute(
            "SELECT name, (SELECT coalesce(sum(count), 0) FROM done"
            " WHERE done.part = part.id) FROM part WHERE name LIKE ? ORDER BY name",
            (f"%.{epoch}.%.%.part",),
        ).fetchall()
