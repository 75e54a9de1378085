"""Published pipelines, and schedulers with a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from azml_pipelines import (
    Dataset,
    DatasetConsumptionConfig,
    Datastore,
    Environment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
)
from azml_pipelines.schedule.scheduler import Scheduler, SchedulerSeams

SCRIPT = """
import os, time

def run(mini_batch):
    time.sleep({seconds})
    return [os.path.basename(path) for path in mini_batch]
"""


class Clock:
    """A wall clock that stands still until it is moved."""

    def __init__(self):
        self.moment = datetime.now(UTC).replace(microsecond=0)

    def __call__(self):
        return self.moment

    def move(self, **units):
        """Let time pass, or go back."""
        self.moment += timedelta(**units)


class Stage:
    """A workspace, pipelines to publish in it, and schedulers."""

    def __init__(self, workspace, folder):
        self.workspace, self.folder = workspace, folder
        self.clock = Clock()
        self.said = []

    def scheduler(self, *, starts_runs=True):
        """Return a scheduler that sees the clock of the test."""
        seams = SchedulerSeams(now=self.clock, starts_runs=starts_runs)
        return Scheduler(self.workspace, self.said.append, seams)

    def publish(self, default=None, seconds=0):
        """Publish a step over the parameter ``files``, by default a folder of one."""
        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        (source / "score.py").write_text(SCRIPT.format(seconds=seconds))
        if default is None:
            first = self.folder / "first"
            first.mkdir(exist_ok=True)
            (first / "0.txt").write_text("0")
            default = Dataset.File.from_files(str(first))
        parameter = PipelineParameter("files", default)
        config = ParallelRunConfig(
            environment=Environment("current"),
            source_directory=str(source),
            entry_script="score.py",
            error_threshold=-1,
            output_action="append_row",
            compute_target="local",
            node_count=1,
            process_count_per_node=1,
            mini_batch_size=PipelineParameter("size", "1"),
        )
        store = self.workspace.get_default_datastore()
        step = ParallelRunStep(
            name="score",
            parallel_run_config=config,
            inputs=[DatasetConsumptionConfig("files", parameter).as_mount()],
            output=PipelineData("rows", datastore=store),
        )
        return Pipeline(workspace=self.workspace, steps=[step]).publish("names")

    def inbox(self):
        """Return a folder that is registered as the datastore ``inbox``."""
        place = self.folder / "inbox"
        place.mkdir(exist_ok=True)
        return place, Datastore.register_local_folder(
            self.workspace, "inbox", place, overwrite=True
        )

    def rows(self, run):
        """Wait for a run and return the rows of its output."""
        assert run.wait_for_completion(show_output=False) == "Finished"
        (place,) = run.output_places()
        return Path(place.path).read_text().split()


@pytest.fixture
def stage(workspace, tmp_path):
    """Everything that the tests of schedules need."""
    return Stage(workspace, tmp_path)
