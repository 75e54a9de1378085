"""Results that stand in for later steps, and incremental runs, over servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from azml_pipelines import (
    Dataset,
    Datastore,
    Environment,
    Experiment,
    OutputFileDatasetConfig,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.data.file_store import StoreLocation, open_store
from azml_pipelines.testing.script_steps import ScriptSteps

SCRIPT = """
import os
from pathlib import Path
def run(mini_batch):
    with open({log!r}, "a") as log:
        print(*[os.path.basename(path) for path in mini_batch], file=log)
    return [f"{{os.path.basename(p)}}={{Path(p).read_text()}}" for p in mini_batch]
"""
COUNTS = """
import sys
from pathlib import Path
files = [path for path in Path(sys.argv[1]).rglob("*") if path.is_file()]
Path(sys.argv[2], "count.txt").write_text(str(len(files)))
"""


class Job:
    """One step over ``in`` of a datastore, whose output is on that, too."""

    def __init__(self, lake):
        self.lake, self.workspace = lake, lake.workspace
        self.datastore = lake.register()
        settings = self.datastore.settings
        self.store = open_store(
            StoreLocation(settings.url, settings.options, settings.name)
        )
        self.log = lake.folder / "log"
        (lake.folder / "source").mkdir()
        script = SCRIPT.format(log=str(self.log))
        (lake.folder / "source/score.py").write_text(script)

    def put(self, **texts):
        for name, text in texts.items():
            (self.lake.folder / "one").write_text(text)
            self.store.put(self.lake.folder / "one", f"in/{name}")

    def run(self, mode="as_mount", **options):
        self.log.unlink(missing_ok=True)
        files = Dataset.File.from_files((self.datastore, "in"))
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig(
                environment=Environment("current"),
                source_directory=str(self.lake.folder / "source"),
                entry_script="score.py",
                error_threshold=-1,
                output_action="append_row",
                compute_target="local",
                node_count=1,
                mini_batch_size="1",
            ),
            inputs=[getattr(files.as_named_input("files"), mode)()],
            output=PipelineData("rows", datastore=self.datastore),
        )
        pipeline = Pipeline(self.workspace, [step])
        run = Experiment(self.workspace, "tests").submit(pipeline, **options)
        run.wait_for_completion(show_output=False)
        assert [] == [one for one in run.verify() if not one.ok]
        return run

    @property
    def processed(self):
        """Names in the order in which they were processed."""
        return self.log.read_text().split() if self.log.exists() else []

    def rows(self, run):
        return self.lake.rows(run).decode().splitlines()


@pytest.fixture
def job(lake):
    """A step that has not run yet, over three objects."""
    job = Job(lake)
    job.put(a="1", b="2", c="3")
    return job


@pytest.mark.parametrize("mode", ["as_mount", "as_download"])
def test_the_same_again_is_reused(job, mode):
    """Nothing runs and nothing is written; the output is that of the older run."""
    first = job.run(mode)
    before = [(file.path, file.tag) for file in job.store.files()]
    second = job.run(mode)

    assert [] == job.processed
    assert first.id == second.state().steps[0].reused_from
    assert before == [(file.path, file.tag) for file in job.store.files()]
    assert ["a=1", "b=2", "c=3"] == job.rows(second)


def test_another_object_is_another_input(job):
    """New, changed, and gone: each makes the step run, and says so."""
    first = job.run()
    job.put(b="22")
    changed = job.run()
    job.put(d="4")
    more = job.run()
    job.store.delete("in/a")
    less = job.run()

    assert [None] * 4 == [
        run.state().steps[0].reused_from for run in (first, changed, more, less)
    ]
    assert "in" in changed.explain("score").text
    assert ["b=22", "c=3", "d=4"] == job.rows(less)


def test_an_output_that_is_not_there_any_more_is_made_again(job):
    """Or one that somebody has changed."""
    first = job.run()
    (output,) = [
        file.path for file in job.store.files("azureml") if ".txt" in file.path
    ]
    (job.lake.folder / "one").write_text("not what it was")
    job.store.put(job.lake.folder / "one", output)
    second = job.run()
    for file in list(job.store.files("azureml")):
        job.store.delete(file.path)
    third = job.run()

    assert job.processed
    assert [None] * 3 == [
        run.state().steps[0].reused_from for run in (first, second, third)
    ]
    assert ["a=1", "b=2", "c=3"] == job.rows(third)


@pytest.mark.parametrize("mode", ["as_mount", "as_download"])
def test_only_what_is_new_is_processed(job, mode):
    """A new object and a changed one; the bytes are those of a full run."""
    first = job.run(mode)
    job.put(b="22", d="4")
    job.store.delete("in/a")
    second = job.run(mode, incremental=True)
    processed = job.processed
    state = second.state().steps[0]
    full = job.run(mode, regenerate_outputs=True)

    assert ["b", "d"] == sorted(processed)
    assert (1, first.id) == (state.taken_over, state.taken_from)
    assert ["b=22", "c=3", "d=4"] == job.rows(second) == job.rows(full)


def test_incremental_runs_over_several_stores(s3_lake, tmp_path):
    """One object more on one of them costs one mini-batch."""
    job = Job(s3_lake)
    job.put(a="1", b="2")
    here = tmp_path / "here"
    here.mkdir()
    (here / "x").write_text("7")
    local = Datastore.register_local_folder(job.workspace, "here", here)
    real = Dataset.File.from_files

    def both(_path):
        return real([(local, "/"), (job.datastore, "in")])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dataset.File, "from_files", both)
        job.run()
        again = job.run()
        (here / "y").write_text("8")
        more = job.run(incremental=True)

    assert again.state().steps[0].reused_from is not None
    assert ["y"] == job.processed
    assert ["x=7", "y=8", "a=1", "b=2"] == job.rows(more)


def test_scripts_are_reused_too(s3_lake, tmp_path):
    """By the objects that they read, and only while what they wrote is there."""
    job = Job(s3_lake)
    job.put(a="1")
    steps = ScriptSteps(job.workspace, tmp_path)

    def run():
        given = Dataset.File.from_files((job.datastore, "in")).as_mount()
        made = OutputFileDatasetConfig("made", (job.datastore, "made"))
        run = steps.run(
            steps.script(COUNTS, "count", arguments=[given, made], allow_reuse=True)
        )
        assert run.get_status() == "Finished", run.state().error
        return run

    first, second = run(), run()
    job.put(b="2")
    third = run()
    job.store.delete("made/count.txt")
    fourth = run()
    (file,) = job.store.files("made")
    job.store.fetch(file, tmp_path / "back")

    assert [None, first.id, None, None] == [
        run.state().steps[0].reused_from for run in (first, second, third, fourth)
    ]
    assert "2" == Path(tmp_path, "back").read_text()
