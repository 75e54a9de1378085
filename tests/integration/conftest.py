"""Real runs: an entry script as text, a folder of empty files, what came of them."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.store.run_reader import Failure, read_failures
from azml_pipelines.store.workspace_folder import WorkspaceFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines import PipelineRun, Workspace
    from azml_pipelines.store.workspace_folder import RunFolder


@dataclass
class Job:
    """A one-step pipeline over files ``000.txt``, ``001.txt``, … and its runs."""

    workspace: Workspace
    folder: Path

    def pipeline(self, script: str, *, files: int = 10, **config: Any) -> Pipeline:
        """Declare the pipeline; ``config`` goes to ``ParallelRunConfig``."""
        data = self.folder / f"data-{files}"
        if not data.exists():
            data.mkdir()
            for number in range(files):
                (data / f"{number:05d}.txt").touch()
        source = (
            self.folder / f"source-{hashlib.sha256(script.encode()).hexdigest()[:8]}"
        )
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
        output = PipelineData("rows", datastore=self.workspace.get_default_datastore())
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig(**settings),
            inputs=[
                Dataset.File.from_files(str(data)).as_named_input("files").as_mount()
            ],
            output=output,
        )
        return Pipeline(workspace=self.workspace, steps=[step])

    def submit(self, script: str, **config: Any) -> PipelineRun:
        """Submit and return at once."""
        pipeline = self.pipeline(script, **config)
        return Experiment(self.workspace, "tests").submit(pipeline)

    def finish(self, script: str, **config: Any) -> PipelineRun:
        """Submit and wait for the end, whatever it is."""
        run = self.submit(script, **config)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    def run_folder(self, run: PipelineRun) -> RunFolder:
        """Return the folder of a run."""
        return WorkspaceFolder(self.folder / "workspace").run(run.id)

    def failures(self, run: PipelineRun) -> list[Failure]:
        """Return every failed try."""
        step = run.state().steps[0]
        return list(read_failures(self.run_folder(run), step.step_run_id, most=1000))

    def orchestrator(self, run: PipelineRun) -> int:
        """Return the process id of a run's orchestrator."""
        connection = sqlite3.connect(self.run_folder(run).journal)
        try:
            pid = connection.execute("SELECT pid FROM run").fetchone()[0]
        finally:
            connection.close()
        return int(pid)

    def processes(self) -> list[psutil.Process]:
        """Return every living process that any run of this test has started."""
        return processes_of(self.folder)

    def output(self, run: PipelineRun) -> bytes:
        """Return the bytes of the output file."""
        step_run = run.find_step_run("score")[0]
        place = step_run.get_output_data("rows")
        root = Path(place.datastore.settings.url.removeprefix("file://"))
        return (root / place.path_on_datastore / "parallel_run_step.txt").read_bytes()


def processes_of(folder: Path) -> list[psutil.Process]:
    """Return every living process whose command line or folder is below ``folder``."""
    found = []
    for process in psutil.process_iter():
        try:
            text = " ".join(process.cmdline()) + process.cwd()
            if str(folder) in text and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def job(workspace: Workspace, tmp_path: Path) -> Iterator[Job]:
    """Runs for one test; nothing of them may be left when it ends."""
    yield Job(workspace, tmp_path)
    deadline = time.monotonic() + 10
    while (left := processes_of(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in left:
        process.kill()

    assert not left
