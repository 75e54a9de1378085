"""Whether the inputs of a step are still those that were listed."""

from __future__ import annotations

import os
import time

import pytest

from azml_pipelines.data.definition import (
    DatasetDefinition,
    DataSource,
    DelimitedFormat,
)
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.minibatch import write_mini_batches
from azml_pipelines.engine.input_changes import compare_inputs
from azml_pipelines.engine.step_inputs import step_inputs
from azml_pipelines.pipeline.parallel_run_settings import ParallelRunSettings
from azml_pipelines.plan.run_plan import InputPlan, ParallelRunStepPlan


@pytest.fixture
def make_step(tmp_path):
    """Make a step over the files of a folder, whose mini-batches are frozen."""

    def make(kind, files):
        folder = tmp_path / "data"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
            os.utime(folder / name, (1, 1))
        dataset = DatasetDefinition(
            kind=kind,
            sources=(DataSource(url=tmp_path.as_uri(), path="data"),),
            format=DelimitedFormat() if kind == "tabular" else None,
        )
        size = MiniBatchSize(2, "bytes" if kind == "tabular" else "files")
        step = ParallelRunStepPlan(
            step_run_id="step-1",
            name="score",
            settings=ParallelRunSettings(entry_script="s.py", mini_batch_size=size),
            source_directory="/nowhere",
            inputs=(InputPlan(name="texts", mode="direct", dataset=dataset),),
        )
        (found,), _ = step_inputs(step)
        write_mini_batches(found.mini_batches(0, size), tmp_path / "list.jsonl")
        return step, folder

    return make


def changes(step, folder, since=None):
    """Compare the inputs with the list."""
    moment = time.time() if since is None else since
    return list(compare_inputs(step, folder.parent / "list.jsonl", moment))


@pytest.mark.parametrize("kind", ["file", "tabular"])
def test_nothing_has_changed(make_step, kind):
    """Files without rows are no change either."""
    files = {"a.csv": "n\n1\n2\n", "b.csv": "n\n3\n", "empty.csv": "n\n"}
    step, folder = make_step(kind, files)

    assert [] == changes(step, folder)


def test_files_come_and_go(make_step):
    """By name, whatever mini-batch they fall into."""
    step, folder = make_step("file", {f"{n}.txt": "" for n in range(4)})
    (folder / "1.txt").unlink()
    (folder / "9.txt").touch()

    assert [("texts", "added 9.txt, removed 1.txt")] == changes(step, folder)


def test_a_table_has_grown(make_step):
    """Its rows are cut where they were not before."""
    step, folder = make_step("tabular", {"a.csv": "n\n1\n2\n", "b.csv": "n\n3\n"})
    with (folder / "a.csv").open("a") as file:
        file.write("4\n")

    assert [("texts", "changed a.csv")] == changes(step, folder)


@pytest.mark.parametrize("kind", ["file", "tabular"])
def test_a_file_was_written_later(make_step, kind):
    """Although its name and size are what they were."""
    step, folder = make_step(kind, {"a.csv": "n\n1\n2\n", "b.csv": "n\n3\n"})
    (folder / "b.csv").write_text("n\n4\n")
    os.utime(folder / "b.csv", (50, 50))

    assert [("texts", "changed b.csv")] == changes(step, folder, since=40)
    # Pieces of tables remember what their file was like.
    later = [("texts", "changed b.csv")] if kind == "tabular" else []
    assert later == changes(step, folder, since=60)


@pytest.fixture
def large_list(make_step, monkeypatch):
    """A step whose list counts as large, however few lines it has."""
    monkeypatch.setattr("azml_pipelines.engine.input_changes._LARGE_LIST", 1)
    files = {f"{number:04}.txt": "x" for number in range(3000)}
    step, folder = make_step("file", files)
    os.utime(folder, (1, 1))
    return step, folder


def test_a_large_list_is_not_made_again(large_list, monkeypatch):
    """Where nothing was written since, millions of names are not listed again."""
    monkeypatch.setattr(
        "azml_pipelines.engine.input_changes.StepInput.mini_batches", None
    )

    assert changes(*large_list) == []


@pytest.mark.parametrize("name", ["3000.txt", "0000a.txt"])
def test_a_new_file_in_a_large_input_is_found(large_list, name):
    """The folder's own time tells that it has other names now."""
    step, folder = large_list
    since = time.time() - 1
    (folder / name).write_text("new")
    os.utime(folder / name, (1, 1))

    assert changes(step, folder, since) == [("texts", f"added {name}")]


def test_a_removed_file_of_a_large_input_is_found(large_list):
    """Wherever it stood."""
    step, folder = large_list
    since = time.time() - 1
    (folder / "1500.txt").unlink()

    assert changes(step, folder, since) == [("texts", "removed 1500.txt")]


@pytest.mark.parametrize("name", ["0000.txt", "1501.txt", "2999.txt"])
def test_a_change_of_a_large_input_is_found(large_list, name):
    """Wherever the file stands in the list."""
    step, folder = large_list
    since = time.time() - 1
    os.utime(folder / name)

    assert changes(step, folder, since) == [("texts", f"changed {name}")]
