"""Real runs in a folder of their own, of which nothing may be left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from azml_pipelines import (
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.testing.one_step import OneStep
from azml_pipelines.testing.script_steps import ScriptSteps
from azml_pipelines.testing.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines import PipelineRun, Workspace
    from azml_pipelines.store.workspace_folder import RunFolder


@dataclass(frozen=True)
class Job(OneStep):
    """A one-step pipeline over files ``00000.txt``, ``00001.txt``, … and its runs."""

    def finish(self, script: str, **config: object) -> PipelineRun:
        """Submit and wait for the end, whatever it is."""
        run = self.submit(script, **config)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    def run_folder(self, run: PipelineRun) -> RunFolder:
        """Return the folder of a run."""
        return run.folder

    def output(self, run: PipelineRun) -> bytes:
        """Return the bytes of the output file."""
        return self.output_path(run).read_bytes()

    def processes(self) -> list[psutil.Process]:
        """Return every living process that any run of this test has started."""
        return processes_of(self.folder)


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


def expect_nothing_left(folder: Path) -> None:
    """Give the processes below ``folder`` a moment to end."""
    deadline = time.monotonic() + 10
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in left:
        process.kill()

    assert not left


@pytest.fixture
def steps(workspace: Workspace, tmp_path: Path) -> Iterator[ScriptSteps]:
    """Script steps for one test; nothing of them may be left when it ends."""
    yield ScriptSteps(workspace, tmp_path)
    expect_nothing_left(tmp_path)


@pytest.fixture
def job(workspace: Workspace, tmp_path: Path) -> Iterator[Job]:
    """Runs for one test; nothing of them may be left when it ends."""
    yield Job(workspace, tmp_path)
    expect_nothing_left(tmp_path)


@dataclass
class Tables:
    """Runs one step over an input, and finds what it wrote."""

    workspace: Workspace
    folder: Path

    def step(self, name: str, script: str, entry: Any, output: Any, **config: Any):
        """Declare a step."""
        source = self.folder / f"source-{name}"
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
            **config,
        }
        return ParallelRunStep(
            name=name,
            parallel_run_config=ParallelRunConfig(**settings),
            inputs=[entry],
            output=output,
        )

    def finish(self, *steps: ParallelRunStep) -> PipelineRun:
        """Run steps to their end, whatever it is."""
        pipeline = Pipeline(workspace=self.workspace, steps=list(steps))
        run = Experiment(self.workspace, "tables").submit(pipeline)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    def run(self, script: str, entry: Any, **config: Any) -> PipelineRun:
        """Run one step."""
        run = self.submit(script, entry, **config)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    def debug(self, script: str, entry: Any, **config: Any) -> PipelineRun:
        """Run one step in the present process."""
        return self.submit(script, entry, debug=True, **config)

    def submit(
        self, script: str, entry: Any, *, debug: bool = False, **config: Any
    ) -> PipelineRun:
        """Submit one step and return at once, unless it is to be debugged."""
        output = PipelineData("rows", datastore=self.store)
        step = self.step("score", script, entry, output, **config)
        pipeline = Pipeline(workspace=self.workspace, steps=[step])
        return Experiment(self.workspace, "tables").submit(pipeline, debug=debug)

    @property
    def store(self):
        """The default datastore."""
        return self.workspace.get_default_datastore()

    def output(self, run: PipelineRun, step: str = "score", name: str = "rows") -> Path:
        """Return the output folder of a step."""
        assert run.get_status() == "Finished", run.get_details()
        place = run.find_step_run(step)[0].get_output_data(name)
        root = Path(place.datastore.settings.url.removeprefix("file://"))
        return root / place.path_on_datastore


@pytest.fixture
def make_tables():
    """Make what ``tables`` is, in another workspace."""
    return Tables


@pytest.fixture
def tables(workspace, tmp_path) -> Tables:
    """A workspace with a step to run in it."""
    return Tables(workspace, tmp_path)


@pytest.fixture
def greeter(tmp_path):
    """Make a version of a small package and return its requirement."""

    def make(version: str = "1.0", code: str = "text = 'hello'") -> str:
        return make_wheel(tmp_path, "greeter", version, code).as_uri()

    return make


@pytest.fixture
def shell_keys(monkeypatch):
    """Names of variables of this shell that nothing it starts may inherit."""
    keys = {
        "AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET", "AZML_API_TOKEN",
        "GOOGLE_APPLICATION_CREDENTIALS", "HF_TOKEN", "MY_OWN_SETTING", "PGPASSWORD",
    }  # fmt: skip
    for name in keys:
        monkeypatch.setenv(name, f"of-the-shell-{name.lower()}")
    return keys
