"""What several runs or steps share, and what is each one's own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from azml_pipelines import Dataset, Experiment, OutputFileDatasetConfig, Pipeline

ECHO = """
import os

def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]
"""
ONE_BAD = """
import os

def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    if "2" in names:
        raise ValueError("this item is bad")
    return names
"""
BAD_AT_FIRST = """
import os

def run(mini_batch):
    if not os.path.exists(os.environ["MENDED"]):
        raise ValueError("not yet")
    return mini_batch
"""


def frozen_orchestrator(run):
    """Wait until the orchestrator of a run is stopped; return its process id."""
    deadline = time.monotonic() + 30
    mark = os.fsencode(run.folder.root)
    while time.monotonic() < deadline:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
                state = (process / "stat").read_text().rpartition(")")[2]
            except OSError:
                continue
            if mark in command and b"orchestrator" in command and "T" in state[:3]:
                return int(process.name)
        time.sleep(0.01)
    raise AssertionError


def files(folder, *names):
    """Return an input of files that hold nothing."""
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    return Dataset.File.from_files(str(folder)).as_named_input("files")


def test_two_runs_write_into_one_folder_at_the_same_time(tables, tmp_path, monkeypatch):
    """Each output has its own rows, also when one stops in the middle of writing."""
    root = Path(tables.store.settings.url.removeprefix("file://"), "shared")

    def submit(name, *items):
        output = OutputFileDatasetConfig("rows", destination=(tables.store, "shared"))
        step = tables.step(
            name,
            ECHO,
            files(tmp_path / name, *items),
            output,
            append_row_file_name=f"{name}.txt",
            mini_batch_size=1,
        )
        pipeline = Pipeline(workspace=tables.workspace, steps=[step])
        return Experiment(tables.workspace, "shared").submit(pipeline)

    monkeypatch.setenv("AZML_FAILPOINTS", "commit.write=stop@1")
    first = submit("first", "a", "b", "c")
    frozen = frozen_orchestrator(first)
    monkeypatch.delenv("AZML_FAILPOINTS")
    submit("second", "x", "y").wait_for_completion(show_output=False)
    os.kill(frozen, signal.SIGCONT)
    first.wait_for_completion(show_output=False)

    assert (root / "first.txt").read_text() == "a\nb\nc\n"
    assert (root / "second.txt").read_text() == "x\ny\n"
    assert sorted(path.name for path in root.iterdir()) == ["first.txt", "second.txt"]


def test_a_resumed_run_keeps_what_a_finished_step_gave_up(tables, tmp_path):
    """Its failed items stay listed and counted, whatever another step does."""
    mended = tmp_path / "mended"
    data = files(tmp_path / "data", "1", "2", "3")
    outputs = [OutputFileDatasetConfig(name) for name in ("one", "two")]
    finished = tables.step(
        "finished", ONE_BAD, data, outputs[0], mini_batch_size=1, run_max_try=1
    )
    failing = tables.step(
        "failing",
        BAD_AT_FIRST,
        outputs[0].as_input("rows"),
        outputs[1],
        mini_batch_size=1,
        run_max_try=1,
        error_threshold=0,
        environment_variables={"MENDED": str(mended)},
    )
    run = tables.finish(finished, failing)
    listed = run.folder.step(run.state().steps[0].step_run_id).failed_items_jsonl
    before = listed.read_bytes()

    assert run.get_status() == "Failed"

    mended.touch()
    run.resume()
    run.wait_for_completion(show_output=False)
    step = run.find_step_run("finished")[0]

    assert [finding.text for finding in run.verify() if not finding.ok] == []
    assert [item.item for item in step.failed_items()] == ["2"]
    assert listed.read_bytes() == before
