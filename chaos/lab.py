"""A place of its own for one test: a workspace, inputs, runs, and the account of rows."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    Workspace,
)
from azml_pipelines.store.run_reader import Failure, read_failures
from chaos.process_tree import kill, processes_below, wait_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from azml_pipelines import PipelineRun

__all__ = ["OUTPUT", "ROWS_SCRIPT", "Account", "Lab", "names", "rows", "wait_for"]

OUTPUT = "parallel_run_step.txt"
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
    return [f"{number:06d}" for number in range(count)]


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


class Lab:
    """Everything below one temporary folder; nothing of it is left when it closes."""

    def __init__(
        self,
        test: str,
        seed: int,
        *,
        root: Path | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self.random = random.Random(f"{seed}:{test}")
        self.seed = seed
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
        folder = self.root / f"data-{items}"
        if not folder.exists():
            folder.mkdir()
            for name in names(items):
                os.close(os.open(folder / name, os.O_CREAT | os.O_WRONLY))
        return folder

    def pipeline(self, script: str, *, items: int, **config: Any) -> Pipeline:
        """Declare a one-step pipeline; ``config`` goes to ``ParallelRunConfig``."""
        digest = hashlib.sha256(script.encode()).hexdigest()[:12]
        source = self.root / f"source-{digest}"
        source.mkdir(exist_ok=True)
        (source / "score.py").write_text(script)
        settings: dict[str, Any] = {
            "environment": Environment("current"),
            "source_directory": str(source),
            "entry_script": "score.py",
            "error_threshold": -1,
            "output_action": "append_row",
            "compute_target": "local",
            "node_count": 1,
            "process_count_per_node": 2,
            "mini_batch_size": 1,
            **config,
        }
        arguments = settings.pop("arguments", None)
        store = self.workspace.get_default_datastore()
        files = Dataset.File.from_files(str(self.data(items)))
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig(**settings),
            inputs=[files.as_named_input("files").as_mount()],
            output=PipelineData("rows", datastore=store),
            arguments=arguments,
        )
        return Pipeline(workspace=self.workspace, steps=[step])

    def submit(self, script: str, *, items: int, **config: Any) -> PipelineRun:
        """Submit and return at once."""
        pipeline = self.pipeline(script, items=items, **config)
        return Experiment(self.workspace, "chaos").submit(pipeline)

    def finish(self, run: PipelineRun, seconds: float) -> str | None:
        """Wait for the end of a run; None when it has none within ``seconds``."""
        run.wait_for_completion(
            show_output=False, raise_on_error=False, timeout_seconds=seconds
        )
        state = run.state()
        return state.status if state.ended_for_good else None

    def output_path(self, run: PipelineRun) -> Path:
        """Return where the output of a run is, or will be."""
        place = run.find_step_run("score")[0].get_output_data("rows")
        root = Path(place.datastore.settings.url.removeprefix("file://"))
        return root / place.path_on_datastore / OUTPUT

    def output(self, run: PipelineRun) -> bytes:
        """Return the bytes of the output; none when there is no file."""
        try:
            return self.output_path(run).read_bytes()
        except FileNotFoundError:
            return b""

    def orchestrator(self, run: PipelineRun) -> int | None:
        """Return the process id of a run's orchestrator, if it has one."""
        place = f"{run.folder.journal.resolve().as_uri()}?mode=ro"
        # Read only: the last writer to close would tidy up what a kill left behind.
        journal = sqlite3.connect(place, uri=True, timeout=10)
        try:
            row = journal.execute("SELECT pid FROM run").fetchone()
        finally:
            journal.close()
        return row[0] if row else None

    def failures(self, run: PipelineRun) -> list[Failure]:
        """Return every failed try of the only step."""
        step = run.state().steps[0]
        return list(read_failures(run.folder, step.step_run_id, most=100_000))

    def left_after(self, seconds: float) -> list[int]:
        """Return the processes that are left after ``seconds``."""
        return wait_gone(self.root, seconds)[0]

    def fresh_folder(self, name: str) -> Path:
        """Make an empty folder for the notes of an entry script."""
        folder = self.root / f"{name}-{self.random.randrange(10**9)}"
        folder.mkdir()
        return folder
