"""A workspace with a finished and a failed run, and a way to type commands in it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

import pytest
from click.testing import CliRunner

from azml_pipelines import Workspace
from azml_pipelines.cli.main import azml

if TYPE_CHECKING:
    from pathlib import Path

SCORE = """
import os
import time

def run(mini_batch):
    print("mini-batch of", len(mini_batch))
    for path in mini_batch:
        with open(path) as file:
            text = file.read()
        if "5" in text:
            raise ValueError("five is bad")
        if "slow" in text:
            time.sleep(60)
    return [os.path.basename(path) for path in mini_batch]
"""
PIPELINE = """
from azml_pipelines import *

workspace = Workspace.from_config()
print("declaring")
texts = PipelineParameter("texts", Dataset.File.from_files("texts/*.txt"))
config = ParallelRunConfig(
    source_directory="source",
    entry_script="score.py",
    mini_batch_size=PipelineParameter("size", "1"),
    error_threshold=0,
    output_action="append_row",
    append_row_file_name="names.txt",
    environment=Environment("scoring"),
    compute_target="local",
    node_count=1,
    run_max_try=1,
)
step = ParallelRunStep(
    "read-texts",
    parallel_run_config=config,
    inputs=[DatasetConsumptionConfig("input", texts).as_mount()],
    output=PipelineData("names"),
)
pipeline = Pipeline(workspace, [step])
"""


class Project(NamedTuple):
    """A folder with a workspace, a pipeline, and two runs that have ended."""

    folder: Path
    finished_id: str
    failed_id: str
    """Submitted after the other one."""


@pytest.fixture(scope="session")
def make_project(tmp_path_factory):
    """Make a project of one's own, to submit in."""

    def make():
        folder = tmp_path_factory.mktemp("project")
        Workspace.create("testing", path=folder, show_output=False)
        (folder / "source").mkdir()
        (folder / "source" / "score.py").write_text(SCORE)
        (folder / "texts").mkdir()
        for number in range(3):
            (folder / "texts" / f"{number}.txt").write_text(str(number))
        (folder / "bad.txt").write_text("5")
        (folder / "slow.txt").write_text("slow")
        (folder / "pipe.py").write_text(PIPELINE)
        finished = _ended(folder)
        return Project(
            folder, finished, _ended(folder, "-p", "texts=bad.txt", "-e", "failing")
        )

    return make


@pytest.fixture(scope="session")
def project(make_project):
    """A project that tests only read."""
    return make_project()


@pytest.fixture
def here(project, monkeypatch):
    """The folder of the project, as working directory."""
    monkeypatch.chdir(project.folder)
    return project.folder


@pytest.fixture
def type_command():
    """Type a command; its exit code, output and errors come back."""

    def run(*words):
        return CliRunner().invoke(azml, [str(word) for word in words])

    return run


@pytest.fixture
def write_script(here):
    """Write a script into the project."""

    def write(name, text):
        (here / name).write_text(textwrap.dedent(text))
        return name

    return write


@pytest.fixture
def finished_id(project):
    """The id of a run that has finished."""
    return project.finished_id


@pytest.fixture
def failed_id(project):
    """The id of a later run that has failed."""
    return project.failed_id


def _ended(folder, *options):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        words = ["submit", "pipe.py", "--wait", *options]
        result = CliRunner().invoke(azml, words)
    assert result.exit_code in {0, 1}, result.stderr
    return result.stdout.strip()
