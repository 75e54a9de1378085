"""A place of its own for one test: a workspace, inputs, runs, and the account of rows."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from azml_pipelines import Workspace
from azml_pipelines.testing.one_step import OUTPUT, OneStep
from chaos.process_tree import kill, processes_below, wait_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from azml_pipelines import PipelineRun
    from azml_pipelines.store.run_reader import Failure

__all__ = [
    "OUTPUT",
    "ROWS_SCRIPT",
    "Account",
    "Lab",
    "LabPlan",
    "names",
    "rows",
    "wait_for",
]

_ITEM_NAME = "{:06d}"
ROWS_SCRIPT = """
import hashlib, os, time


def init():
    {init}


def run(mini_batch):
    {before}
    names = [os.path.basename(path) for path in mini_batch]
    return [f"{{n}} {{hashlib.sha256(n.encode()).hexdigest()}}" for n in names]
"""
"""The standard entry script: one row per item, which only this item can have."""


def names(count: int) -> list[str]:
    """Return the names of the items of an input."""
    return [_ITEM_NAME.format(number) for number in range(count)]


def rows(items: Iterable[str]) -> bytes:
    """Return what the standard script makes of these items, in order."""
    lines = (f"{item} {hashlib.sha256(item.encode()).hexdigest()}\n" for item in items)
    return "".join(lines).encode()


def wait_for(condition: Callable[[], Any], seconds: float, pause: float = 0.005) -> Any:
    """Wait until ``condition`` returns something true and return that, else None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause)
    return None


@dataclass(frozen=True)
class Account:
    """The output compared with the expected bytes, line by line."""

    rows: int
    expected: int
    lost: int
    duplicate: int
    torn: int
    equal: bool
    """Byte for byte, so the order is right too."""

    @classmethod
    def of(cls, found: bytes, expected: bytes) -> Account:
        """Compare an output with what it should be."""
        should = expected.splitlines(keepends=True)
        if found == expected:
            return cls(len(should), len(should), 0, 0, 0, equal=True)
        have = Counter(found.splitlines(keepends=True))
        wanted = set(should)
        torn = sum(count for line, count in have.items() if line not in wanted)
        twice = sum(count - 1 for line, count in have.items() if line in wanted)
        lost = sum(1 for line in wanted if line not in have)
        return cls(sum(have.values()), len(should), lost, twice, torn, equal=False)


@dataclass(frozen=True)
class LabPlan:
    """What another process needs to open a lab beside others of the same test."""

    name: str
    """The random choices depend on it and on the seed, on nothing else."""
    seed: int
    root: str
    end: float | None
    """Of this machine's monotonic clock; see ``Lab``."""

    def open(self) -> Lab:
        """Open it, in a new folder."""
        root = Path(self.root)
        root.mkdir()
        rest = None if self.end is None else self.end - time.monotonic()
        return Lab(self.name, self.seed, seconds=rest, root=root)


class Lab:
    """Everything below one temporary folder; nothing of it is left when it closes.

    Args:
        test: Name of the test.
        seed: Of every random choice.
        seconds: After this time a test begins nothing more; None for as much as it has.
        root: A folder that stays; a new one of its own when None.
        workspace: The one of that folder.
    """

    def __init__(
        self,
        test: str,
        seed: int,
        *,
        seconds: float | None = None,
        root: Path | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self.random = random.Random(f"{seed}:{test}")
        self.seed = seed
        self._test = test
        self._owned = root is None
        self.root = root or Path(tempfile.mkdtemp(prefix=f"azml-chaos-{test}-"))
        self._temporary = os.environ.get("TMPDIR")
        self.temporary = self.root / "tmp"
        self.temporary.mkdir(exist_ok=True)
        os.environ["TMPDIR"] = str(self.temporary)
        place = self.root / "workspace"
        self.workspace = workspace or Workspace.create(
            "chaos", path=place, show_output=False
        )
        self._runs = OneStep(self.workspace, self.root, _ITEM_NAME)

    @property
    def time_is_up(self) -> bool:
        """Whether a test should begin nothing more."""
        return self._end is not None and time.monotonic() > self._end

    def plan(self, name: object) -> LabPlan:
        """Plan a lab below this one, for a process of its own."""
        # Not one that another begins with: processes are found by their folder.
        root = str(self.root / f"{name}-lab")
        return LabPlan(f"{self._test}:{name}", self.seed, root, self._end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end_processes()
        if self._temporary is None:
            os.environ.pop("TMPDIR", None)
        else:
            os.environ["TMPDIR"] = self._temporary
        if self._owned:
            shutil.rmtree(self.root, ignore_errors=True)

    def end_processes(self) -> None:
        """Kill what is left of all runs."""
        for _ in range(20):
            if not (left := processes_below(self.root)):
                return
            for pid in left:
                kill(pid)
            time.sleep(0.05)

    def data(self, items: int) -> Path:
        """Return a folder of empty files, made when it is first asked for."""
        return self._runs.data(items)

    def submit(self, script: str, *, items: int, **config: Any) -> PipelineRun:
        """Submit a one-step pipeline and return at once; see ``OneStep``."""
        return self._runs.submit(script, files=items, **config)

    def finish(self, run: PipelineRun, seconds: float) -> str | None:
        """Wait for the end of a run; None when it has none within ``seconds``."""
        run.wait_for_completion(
            show_output=False, raise_on_error=False, timeout_seconds=seconds
        )
        state = run.state()
        return state.status if state.ended_for_good else None

    def output_path(self, run: PipelineRun) -> Path:
        """Return where the output of a run is, or will be."""
        return self._runs.output_path(run)

    def output(self, run: PipelineRun) -> bytes:
        """Return the bytes of the output; none when there is no file."""
        try:
            return self.output_path(run).read_bytes()
        except FileNotFoundError:
            return b""

    def orchestrator(self, run: PipelineRun) -> int | None:
        """Return the process id of a run's orchestrator, if it has one."""
        return self._runs.orchestrator(run)

    def failures(self, run: PipelineRun) -> list[Failure]:
        """Return every failed try of the only step."""
        return self._runs.failures(run)

    def left_after(self, seconds: float) -> list[int]:
        """Return the processes that are left after ``seconds``."""
        return wait_gone(self.root, seconds)[0]

    def fresh_folder(self, name: str) -> Path:
        """Make an empty folder for the notes of an entry script."""
        folder = self.root / f"{name}-{self.random.randrange(10**9)}"
        folder.mkdir()
        return folder
