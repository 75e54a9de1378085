"""Schedules that watch stores on servers: new objects fire, and become the input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from azml_pipelines import (
    Dataset,
    DatasetConsumptionConfig,
    Environment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    Schedule,
)
from azml_pipelines.schedule import watched_files
from azml_pipelines.schedule.scheduler import Scheduler, SchedulerSeams

NAMES = """
import os
from pathlib import Path

def run(mini_batch):
    return [f"{os.path.basename(path)} {Path(path).read_text()}" for path in mini_batch]
"""


def publish(lake, datastore):
    """Publish a step that lists names and texts of the parameter ``files``."""
    source = lake.folder / "names"
    source.mkdir()
    (source / "names.py").write_text(NAMES)
    files = PipelineParameter("files", Dataset.File.from_files((datastore, "in")))
    config = ParallelRunConfig(
        environment=Environment("current"),
        source_directory=str(source),
        entry_script="names.py",
        error_threshold=0,
        output_action="append_row",
        compute_target="local",
        node_count=1,
        process_count_per_node=1,
    )
    step = ParallelRunStep(
        name="score",
        parallel_run_config=config,
        inputs=[DatasetConsumptionConfig("files", files).as_mount()],
        output=PipelineData("rows", datastore=datastore),
    )
    return Pipeline(workspace=lake.workspace, steps=[step]).publish("names")


def put(lake, datastore, name, text):
    """Write one object below ``in``."""
    folder = lake.folder / "upload" / "in"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    datastore.upload(folder.parent, overwrite=True, show_progress=False)
    (folder / name).unlink()


def test_new_and_changed_objects_become_the_input(lake):
    """On S3 and on Azure's blobs, whole datastore or a pattern; deleted ones do not."""
    datastore = lake.register()
    put(lake, datastore, "a.txt", "old")
    put(lake, datastore, "b.txt", "old")
    published = publish(lake, datastore)
    schedule = Schedule.create(
        lake.workspace,
        "objects",
        published.id,
        "e",
        datastore=datastore,
        polling_interval=1,
        path_on_datastore="in/*.txt",
        data_path_parameter_name="files",
    )
    moments = [datetime.now(UTC)]
    said = []
    scheduler = Scheduler(
        lake.workspace, said.append, SchedulerSeams(now=lambda: moments[-1])
    )
    put(lake, datastore, "a.txt", "new")
    put(lake, datastore, "c ü.txt", "new")
    put(lake, datastore, "d.png", "another kind")
    for _ in range(3):
        moments.append(moments[-1] + timedelta(minutes=1, seconds=1))
        scheduler.tick()

    (run,) = schedule.get_pipeline_runs()
    assert "Finished" == run.wait_for_completion(show_output=False), said
    assert ["a.txt new", "c ü.txt new"] == lake.rows(run).decode().splitlines()


def test_a_look_is_bounded(lake, monkeypatch):
    """More files than are looked at are refused when the schedule is made."""
    monkeypatch.setattr(watched_files, "MOST_FILES", 2)
    datastore = lake.register()
    for name in ("a.txt", "b.txt", "c.txt"):
        put(lake, datastore, name, "x")
    published = publish(lake, datastore)

    with pytest.raises(Exception, match="more than 2 files"):
        Schedule.create(lake.workspace, "s", published.id, "e", datastore=datastore)
