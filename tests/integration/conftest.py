"""Real runs in a folder of their own, of which nothing may be left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from azml_pipelines.testing.one_step import OneStep
from azml_pipelines.testing.script_steps import ScriptSteps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
