"""What one side of a benchmark has to do, and what it took."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "Measured", "Work"]

MARK = "FIRST_RUN_MARK"
"""The variable that names the file in which a script notes its first ``run()``."""


@dataclass(frozen=True)
class Work:
    """The same for ours and for every alternative. Crosses processes as JSON."""

    script: str
    """A folder of ``benchmarks/scripts`` with the entry script ``score.py``."""
    folder: str
    """Where the input files lie, called ``00000000`` and so on."""
    items: int = 0
    distinct: int = 0
    """Files in the folder; where there are more items, they name them again."""
    suffix: str = ""
    mini_batch_size: int | str = 10
    processes: int = 2
    variables: dict[str, str] = field(default_factory=dict)
    """For the script."""
    options: dict[str, int | str] = field(default_factory=dict)
    """For one side: the chunk size of a pool, say."""
    scratch: str = ""
    """An empty folder for this round of this side."""

    @property
    def mark(self) -> Path:
        """The file that holds the time of the first ``run()``."""
        return Path(self.scratch, "mark")

    @property
    def output(self) -> Path:
        """Where an alternative writes its lines."""
        return Path(self.scratch, "rows.txt")

    @property
    def source(self) -> Path:
        """The folder of the entry script."""
        return Path(__file__).with_name("scripts") / self.script

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the script needs."""
        return {MARK: str(self.mark), **self.variables}

    @property
    def count(self) -> int:
        """How many mini-batches there are."""
        return -(-self.items // int(self.mini_batch_size))

    def mini_batches(self) -> Iterator[list[str]]:
        """Yield the paths of each mini-batch."""
        size = int(self.mini_batch_size)
        for first in range(0, self.items, size):
            last = min(first + size, self.items)
            yield [self._path(number) for number in range(first, last)]

    def _path(self, number: int) -> str:
        return f"{self.folder}/{number % self.distinct:08d}{self.suffix}"

    def first_run(self) -> float:
        """Return when the first ``run()`` began, in seconds since 1970."""
        return float(self.mark.read_text())

    def to_json(self) -> str:
        """Write it down for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Work:
        """Read what another process has written."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Measured:
    """One round of one side, in seconds."""

    start: float
    """From nothing imported to the first ``run()``."""
    work: float
    """From then to the finished output file."""
    output: str = ""
    more: dict[str, float] = field(default_factory=dict)
    """Other figures of this side, by name."""

    @property
    def total(self) -> float:
        """Start and work."""
        return self.start + self.work

    @classmethod
    def of(cls, work: Work, started: float, ended: float) -> Measured:
        """Take the time of the first ``run()`` from the script's mark."""
        first = work.first_run()
        return cls(first - started, ended - first, os.fspath(work.output))

    def to_json(self) -> str:
        """Write it down for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Measured:
        """Read what another process has written."""
        return cls(**json.loads(text))
