"""The promises of ``Run.get_context()``."""

from __future__ import annotations

import json

import pytest

from azml_pipelines import FileDataset, Run
from azml_pipelines.errors import RunEnvironmentException, UserErrorException


@pytest.fixture
def inside(finished, monkeypatch):
    """Pretend to be a worker of the finished run."""
    step = finished.get_steps()[0]
    workspace = finished.experiment.workspace
    variables = {
        "AZUREML_RUN_ID": step.id,
        "AZML_RUN_ID": finished.id,
        "AZML_RUN_FOLDER": str(finished.folder.root),
        "AZML_WORKSPACE": str(workspace.folder.root),
        "AZUREML_ARM_SUBSCRIPTION": "local",
        "AZUREML_ARM_RESOURCEGROUP": "local",
        "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
        "AZUREML_ARM_PROJECT_NAME": "reading",
        "AZML_INPUTS": json.dumps(
            {
                "mounted": {"mode": "mount", "path": "/data/images"},
                "images_input": {"mode": "direct", "path": None},
            }
        ),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return finished


def test_inside_it_knows_who_it_is(inside):
    """The step run, its parent, the experiment and the workspace."""
    run = Run.get_context(allow_offline=False)

    assert inside.get_steps()[0].id == run.id
    assert inside.id == run.parent.id
    assert run.parent.parent is None
    assert "reading" == run.experiment.name
    assert inside.experiment.workspace.folder == run.experiment.workspace.folder


def test_inputs_are_paths_or_datasets(inside):
    """A mounted one is a path; a direct one is the dataset of the plan."""
    inputs = Run.get_context().input_datasets

    assert {"mounted", "images_input"} == set(inputs)
    assert "/data/images" == inputs["mounted"]
    assert isinstance(inputs["images_input"], FileDataset)
    assert inputs.get("other") is None
    with pytest.raises(KeyError):
        inputs["other"]


def test_outside_there_is_an_offline_run(monkeypatch):
    """It has an id; scripts ask ``hasattr`` to learn that they are outside."""
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)
    run = Run.get_context()

    assert run.id.startswith("OfflineRun_")
    assert not hasattr(run, "experiment")
    assert not hasattr(run, "input_datasets")
    assert run.parent is None


def test_outside_may_be_an_error(monkeypatch):
    """For scripts that only make sense as a step."""
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)

    with pytest.raises(RunEnvironmentException, match="submit the script"):
        Run.get_context(allow_offline=False)


def test_metrics_are_printed(inside, capsys):
    """They land in the log of the process."""
    run = Run.get_context()

    run.log("accuracy", 0.9)
    run.log_list("losses", [1, 2])
    run.log_row("point", x=1, y=2)
    run.log_table("table", {"a": [1]})
    run.flush()
    run.complete()

    assert [
        "Logged scalar metric accuracy: 0.9",
        "Logged list losses: [1, 2]",
        "Logged row point: {'x': 1, 'y': 2}",
        "Logged table table: {'a': [1]}",
    ] == capsys.readouterr().out.splitlines()


def test_offline_metrics_say_so(monkeypatch, capsys):
    """As in version 1, the attempt is printed."""
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)

    Run.get_context().log("accuracy", 0.9)

    assert "Attempted to log scalar metric accuracy:\n0.9\n" == capsys.readouterr().out


def test_log_refuses_lists():
    """There is a method for them."""
    with pytest.raises(UserErrorException, match="log_list"):
        Run(None, "1").log("losses", [1, 2])


def test_a_run_is_fetched_by_id(inside):
    """``Run.get`` returns the right kind."""
    workspace = inside.experiment.workspace

    assert inside.id == Run.get(workspace, inside.id).id
