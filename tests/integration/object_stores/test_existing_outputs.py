"""What stood where an output goes: refused, replaced, or left beside the new one."""

from __future__ import annotations

import pandas as pd
import pytest

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    OutputFileDatasetConfig,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
)
from azml_pipelines.data.file_store import StoreLocation, open_store

FRAMES = """
import os
import pandas as pd

def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    return pd.DataFrame({"name": names, "half": [int(name) % 2 for name in names]})
"""
PARTITIONS = ["half=0", "half=1"]


class Place:
    """The folder ``fixed`` of a datastore, and steps that write there."""

    def __init__(self, lake):
        self.lake = lake
        self.datastore = lake.register()
        settings = self.datastore.settings
        location = StoreLocation(settings.url, settings.options, settings.name)
        self.store = open_store(location)
        self.folder = lake.folder
        (self.folder / "input").mkdir()
        (self.folder / "source").mkdir()
        (self.folder / "source/score.py").write_text(FRAMES)
        for number in range(6):
            (self.folder / "input" / str(number)).touch()

    def put(self, path, text="old"):
        (self.folder / "one").write_text(text)
        self.store.put(self.folder / "one", f"fixed/{path}")

    def texts(self):
        found = {}
        for file in self.store.files("fixed"):
            self.store.fetch(file, self.folder / "back")
            found[file.path.removeprefix("fixed/")] = (
                self.folder / "back"
            ).read_bytes()
        return found

    def submit(self, **config):
        settings = {
            "environment": Environment("current"),
            "source_directory": str(self.folder / "source"),
            "entry_script": "score.py",
            "error_threshold": 0,
            "output_action": "append_row",
            "compute_target": "local",
            "node_count": 1,
            "mini_batch_size": "2",
            "output_format": "csv",
            **config,
        }
        files = Dataset.File.from_files(str(self.folder / "input"))
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig(**settings),
            inputs=[files.as_named_input("files")],
            output=OutputFileDatasetConfig("rows", (self.datastore, "fixed")),
            allow_reuse=False,
        )
        workspace = self.lake.workspace
        return Experiment(workspace, "tests").submit(Pipeline(workspace, [step]))

    def finish(self, **config):
        run = self.submit(**config)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    def finish_killed(self, monkeypatch, point, **config):
        """Kill the orchestrator at a point, resume, and return the run."""
        monkeypatch.setenv("AZML_FAILPOINTS", f"{point}=kill@1")
        run = self.finish(**config)
        killed = run.get_status()
        monkeypatch.delenv("AZML_FAILPOINTS")
        run.resume()
        run.wait_for_completion(show_output=False, raise_on_error=False)

        assert killed != "Finished"
        assert run.get_status() == "Finished", run.state().error
        return run


@pytest.fixture(params=[None, "s3_server", "azure_server"])
def place(request, make_lake):
    """A folder, a bucket and a container."""
    server = request.param and request.getfixturevalue(request.param)
    return Place(make_lake(server))


def _rows(text):
    return [line.split(",")[0] for line in text.decode().splitlines()[1:]]


NUMBERS = [str(number) for number in range(6)]


@pytest.mark.parametrize("old", ["parallel_run_step.csv", "parallel_run_step/half=7/x"])
def test_what_is_there_is_an_error(place, old):
    """Found before anything runs; nothing of it is touched."""
    partitions = ["half"] if "half" in old else None
    place.put(old)
    run = place.finish(on_existing="error", partition_output_by=partitions)
    error = run.state().error or ""

    assert run.get_status() == "Failed"
    assert "parallel_run_step" in error
    assert "exists already" in error
    assert {old: b"old"} == place.texts()
    assert not run.state().steps[0].done_mini_batches


def test_a_file_is_replaced(place):
    """What stands beside it stays."""
    place.put("parallel_run_step.csv")
    place.put("beside.txt")
    place.finish(on_existing="replace")
    texts = place.texts()

    assert ["beside.txt", "parallel_run_step.csv"] == sorted(texts)
    assert NUMBERS == _rows(texts["parallel_run_step.csv"])


def test_partitions_are_replaced(place):
    """All of them: one that the new output has not is gone."""
    place.put("parallel_run_step/half=7/part-00000.csv")
    place.put("beside.txt")
    place.finish(on_existing="replace", partition_output_by=["half"])
    texts = place.texts()

    assert ["beside.txt"] + [
        f"parallel_run_step/{name}/part-00000.csv" for name in PARTITIONS
    ] == sorted(texts)
    assert NUMBERS[::2] == _rows(texts["parallel_run_step/half=0/part-00000.csv"])


def test_a_version_is_put_beside(place):
    """The old ones keep their names and their bytes; numbers go on."""
    place.put("parallel_run_step.csv")
    place.finish(on_existing="version")
    place.finish(on_existing="version")
    texts = place.texts()

    assert b"old" == texts.pop("parallel_run_step.csv")
    assert ["parallel_run_step.2.csv", "parallel_run_step.3.csv"] == sorted(texts)
    assert [NUMBERS, NUMBERS] == [_rows(text) for text in texts.values()]


def test_a_version_of_partitions_is_put_beside(place):
    """A folder beside the folder."""
    place.put("parallel_run_step/half=7/x", "old")
    place.finish(on_existing="version", partition_output_by=["half"])
    texts = place.texts()

    assert b"old" == texts.pop("parallel_run_step/half=7/x")
    assert [f"parallel_run_step.2/{name}/part-00000.csv" for name in PARTITIONS] == (
        sorted(texts)
    )


@pytest.mark.parametrize("on_existing", ["error", "replace", "version"])
@pytest.mark.parametrize("partitions", [None, ["half"]])
def test_a_run_killed_at_its_end_does_not_take_its_output_for_another(
    place, monkeypatch, on_existing, partitions
):
    """Resumed, it ends with the one output it would have had."""
    old = "parallel_run_step/half=7/x" if partitions else "parallel_run_step.csv"
    if on_existing != "error":
        place.put(old)
    remote = place.lake.server is not None
    place.finish_killed(
        monkeypatch,
        "deliver.delivered" if remote else "commit.renamed",
        on_existing=on_existing,
        partition_output_by=partitions,
    )
    texts = place.texts()
    number = ".2" if on_existing == "version" else ""
    names = [f"parallel_run_step{number}.csv"]
    if partitions:
        names = [f"parallel_run_step{number}/{p}/part-00000.csv" for p in PARTITIONS]
    if on_existing == "version":
        names.append(old)

    assert sorted(names) == sorted(texts)


def test_a_kill_between_the_old_partitions_and_the_new(
    make_lake, tmp_path, monkeypatch
):
    """For a moment there are none of either; resumed, the new ones are there."""
    place = Place(make_lake())
    place.put("parallel_run_step/half=7/x")
    place.finish_killed(
        monkeypatch,
        "commit.replaced",
        on_existing="replace",
        partition_output_by=["half"],
    )
    frame = pd.concat(
        pd.read_csv(file) for file in (tmp_path / "lake/fixed").rglob("*.csv")
    )

    assert NUMBERS == sorted(frame["name"].astype(str))
    assert [] == [file.name for file in (tmp_path / "lake/fixed").glob(".*")]
