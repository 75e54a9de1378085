"""The promises of published pipelines, with real runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from azml_pipelines import Dataset, Experiment, PipelineRun, PublishedPipeline
from azml_pipelines.errors import DeclarationError, UserErrorException

ELSEWHERE = """
import sys
from azml_pipelines import PublishedPipeline, Workspace

workspace = Workspace.from_config(sys.argv[1])
published = PublishedPipeline.get(workspace, sys.argv[2])
run = published.submit(workspace, "elsewhere")
run.wait_for_completion(show_output=False)
print(run.id)
"""


@pytest.fixture
def published(pipeline):
    """A pipeline over three files, published."""
    return pipeline.publish("names", "lists names", "1.0")


def names(run):
    """Wait for a run and return the rows of its output."""
    assert run.wait_for_completion(show_output=False) == "Finished"
    (place,) = run.output_places()
    return Path(place.path).read_text().split()


def test_it_is_what_was_said(published, workspace):
    """Found again by its id, with version 1's attributes."""
    found = PublishedPipeline.get(workspace, published.id)

    assert (found.name, found.description, found.version, found.status) == (
        "names",
        "lists names",
        "1.0",
        "Active",
    )
    assert found.get_step_names() == ["score-files"]
    assert found.total_run_steps == 1
    assert [one.id for one in PublishedPipeline.list(workspace)] == [published.id]


def test_a_script_edited_later_changes_nothing(published, workspace, tmp_path):
    """Nor one that is gone; the pipeline is found in another interpreter."""
    (tmp_path / "source" / "score.py").unlink()
    (tmp_path / "source").rmdir()
    command = [sys.executable, "-c", ELSEWHERE, workspace.folder.root, published.id]

    done = subprocess.run(command, check=True, capture_output=True, text=True)

    run = PipelineRun.get(workspace, done.stdout.split()[-1])
    assert names(run) == ["0.txt", "1.txt", "2.txt"]
    assert [run.id] == [
        one.id for one in PipelineRun.get_pipeline_runs(workspace, published.id)
    ]


def test_parameters_are_given_at_submission(published, workspace, tmp_path):
    """Declared ones and, where there is one parallel step, its execution settings."""
    (tmp_path / "other.txt").write_text("other")
    other = Dataset.File.from_files(str(tmp_path / "other.txt"))

    run = published.submit(
        workspace, "other", {"images": other, "NodeCount": 2, "batch_size": "7"}
    )

    assert names(run) == ["other.txt"]
    (step,) = run.plan.steps
    assert (step.settings.node_count, step.settings.mini_batch_size.amount) == (2, 7)


def test_a_run_can_be_published(pipeline, workspace, tmp_path):
    """With the scripts that it ran and the defaults that its pipeline declares."""
    first = Experiment(workspace, "daily").submit(pipeline)
    assert names(first) == ["0.txt", "1.txt", "2.txt"]
    (tmp_path / "source" / "score.py").write_text("def run(mini_batch): return []")

    published = first.publish_pipeline("again", "what has worked", "1")

    assert names(published.submit(workspace, "again")) == ["0.txt", "1.txt", "2.txt"]


def test_a_name_that_is_not_declared_has_no_effect(published, workspace):
    """A warning says so, as version 1's service would."""
    with pytest.warns(UserWarning, match="No parameter is called 'imagse'; declared"):
        run = published.submit(workspace, "unknown", {"imagse": 1})

    run.cancel()
    run.wait_for_completion(show_output=False)


def test_an_experiment_takes_it_too(published, workspace):
    """``Experiment.submit`` accepts a published pipeline in place of a declared one."""
    run = Experiment(workspace, "daily").submit(published, tags={"by": "hand"})

    assert names(run) == ["0.txt", "1.txt", "2.txt"]
    assert (run.tags, run.experiment.name) == ({"by": "hand"}, "daily")


@pytest.mark.parametrize("forbid", ["disable", "archive"])
def test_a_disabled_one_starts_nothing(published, workspace, forbid):
    """Until it is enabled again; runs and list say so."""
    getattr(published, forbid)()

    with pytest.raises(UserErrorException, match=r"starts no runs; .*\.enable\(\)"):
        published.submit(workspace, "never")
    assert PublishedPipeline.list(workspace) == []
    assert len(PublishedPipeline.list(workspace, active_only=False)) == 1

    published.enable()

    assert published.status == "Active"


def test_a_secret_in_the_pipeline_is_not_published(pipeline, workspace):
    """Nobody could give it to a run later; nothing is left behind."""
    (step,) = pipeline.graph.steps
    step.parallel_run_config.environment_variables["TOKEN"] = "hf_" + "x" * 34

    with pytest.raises(DeclarationError, match="Give it as 'env:NAME'"):
        pipeline.publish("secret")

    assert PublishedPipeline.list(workspace) == []
    assert not workspace.folder.published("x").root.parent.exists()


def test_a_refused_publication_leaves_nothing(pipeline, workspace, tmp_path):
    """An ignore file that leaves out the script is found before anything is kept."""
    (tmp_path / "source" / ".amlignore").write_text("*.py\n")

    with pytest.raises(UserErrorException, match="look into"):
        pipeline.publish("ignored")

    assert list(workspace.folder.published("x").root.parent.iterdir()) == []


def test_an_unknown_id_names_the_closest(published, workspace):
    """A typing mistake is found by eye."""
    wrong = published.id[:-1] + "x"

    with pytest.raises(UserErrorException, match=f"Did you mean '{published.id}'"):
        PublishedPipeline.get(workspace, wrong)
