"""A job over a datastore on a server, and the same over a folder."""

from __future__ import annotations

import os
import time
from uuid import uuid4

import pytest

from azml_pipelines import (
    Dataset,
    Datastore,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)

SCRIPT = """
import argparse, hashlib, os
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--labels")
parser.add_argument("--output")
known, _ = parser.parse_known_args()
labels = Path(known.labels).read_text().split()
secret = "191fd205d17c223c6f609fb00b55364a00d50c7a523bced50eb7acdbf3eb211a"
leaked = [
    name for name, value in os.environ.items()
    if hashlib.sha256(value.encode()).hexdigest() == secret
]

def run(mini_batch):
    rows = []
    for path in mini_batch:
        data = Path(path).read_bytes()
        name = os.path.basename(path)
        label = labels[len(data) % len(labels)]
        rows.append(f"{name} {hashlib.sha256(data).hexdigest()} {label} {leaked}")
    return rows

def shutdown():
    with open(os.path.join(known.output, "notes.txt"), "w") as file:
        file.write("done")
"""
FILES = 25


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    """What the datastores of these tests are opened with, as variables."""
    monkeypatch.setenv("TESTING_SECRET", "s3cret-of-tests")


class Lake:
    """A datastore on a server, perhaps with a proxy before it, and jobs over it."""

    def __init__(self, workspace, folder, server=None):
        self.workspace, self.folder, self.server = workspace, folder, server
        self.container = f"c{uuid4().hex[:12]}"
        if server is not None:
            server.make_container(self.container)

    def register(self, address=None, **more):
        """Register the datastore ``lake``, at another address if one is given."""
        if self.server is None:
            (self.folder / "lake").mkdir(exist_ok=True)
            return Datastore.register_local_folder(
                self.workspace, "lake", self.folder / "lake", overwrite=True
            )
        options = {**self.server.options(address), **more}
        for name in ("key", "secret"):
            if name in options:
                options[name] = "env:TESTING_SECRET"
        if "account_key" in options:
            os.environ["AZML_TEST_KEY"] = options["account_key"]
            options["account_key"] = "env:AZML_TEST_KEY"
        url = self.server.url(self.container, "deep/er")
        return Datastore.register_url(
            self.workspace, "lake", url, options=options, overwrite=True
        )

    def fill(self, datastore, files=FILES):
        """Upload files of all sizes and a file of labels."""
        data = self.folder / "data"
        (data / "in").mkdir(parents=True, exist_ok=True)
        for number in range(files):
            text = f"{number}\n" * (number * number)
            (data / "in" / f"{number:04d} ü.txt").write_text(text)
        (data / "labels.txt").write_text("red green blue")
        datastore.upload(data, show_progress=False)

    def submit(self, datastore, mode="as_mount", script=SCRIPT, debug=False, **config):
        """Submit the job over ``in``."""
        files = Dataset.File.from_files((datastore, "in")).as_named_input("files")
        labels = Dataset.File.from_files((datastore, "labels.txt"))
        labels = labels.as_named_input("labels").as_mount()
        step = {"inputs": [getattr(files, mode)()], "side_inputs": [labels]}
        step["arguments"] = ["--labels", labels]
        return self._submit(datastore, script, step, debug=debug, **config)

    def submit_table(self, table, datastore, script):
        """Submit a script over a table, a file's rows at a time."""
        return self.submit_input(table, datastore, script, mini_batch_size="1KB")

    def submit_input(self, dataset, datastore, script, mode="direct", **config):
        """Submit a script over a dataset, as it is or mounted or downloaded."""
        given = dataset.as_named_input("data")
        step = {"inputs": [given if mode == "direct" else getattr(given, mode)()]}
        config = {"mini_batch_size": None, **config}
        return self._submit(datastore, script, step, **config)

    def _submit(self, datastore, script, step, *, debug=False, **config):
        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        (source / "score.py").write_text(script)
        settings = {
            "environment": Environment("current"),
            "source_directory": str(source),
            "entry_script": "score.py",
            "error_threshold": -1,
            "output_action": "append_row",
            "compute_target": "local",
            "node_count": 2,
            "process_count_per_node": 1,
            "mini_batch_size": "2",
            **config,
        }
        made = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig(**settings),
            output=PipelineData("rows", datastore=datastore),
            # What is fetched is looked at: an earlier result must not stand in.
            allow_reuse=False,
            **step,
        )
        pipeline = Pipeline(workspace=self.workspace, steps=[made])
        return Experiment(self.workspace, "tests").submit(pipeline, debug=debug)

    def finish(self, datastore, **options):
        """Submit, wait for the end and return the run."""
        run = self.submit(datastore, **options)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    def rows(self, run):
        """Download the output, and return the bytes of its file."""
        output = run.find_step_run("score")[0].get_output_data("rows")
        output.download(self.folder / "out", show_progress=False)
        place = self.folder / "out" / output.path_on_datastore
        return (place / "parallel_run_step.txt").read_bytes()


@pytest.fixture(params=["s3_server", "azure_server", "google_server"])
def lake(request, workspace, tmp_path):
    """A datastore on each kind of server."""
    return Lake(workspace, tmp_path, request.getfixturevalue(request.param))


@pytest.fixture
def make_lake(workspace, tmp_path):
    """Make a datastore on a server, or in a folder without one."""

    def make_lake(server=None):
        return Lake(workspace, tmp_path, server)

    return make_lake


@pytest.fixture
def s3_lake(workspace, tmp_path, s3_server):
    """A datastore on S3."""
    return Lake(workspace, tmp_path, s3_server)


@pytest.fixture
def wait_for():
    """Wait until a file is there."""
    return _wait_for


@pytest.fixture
def script():
    """The entry script of the job."""
    return SCRIPT


@pytest.fixture
def local_lake(workspace, tmp_path):
    """The same job over a folder."""
    return Lake(workspace, tmp_path)


def _wait_for(path, seconds=60):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
