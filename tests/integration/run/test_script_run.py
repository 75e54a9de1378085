"""A script or a command that is submitted without a pipeline."""

from __future__ import annotations

import pytest

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    RunConfiguration,
    ScriptRunConfig,
)
from azml_pipelines.errors import ActivityFailedException, DeclarationError

SCRIPT = """
import os, sys
from azml_pipelines import Run
run = Run.get_context()
run.log("files", len(os.listdir(sys.argv[1])))
run.log("rate", float(sys.argv[3]))
os.makedirs("outputs")
with open("outputs/model.txt", "w") as file:
    file.write(os.environ["MOOD"])
print("trained")
"""


@pytest.fixture
def source(tmp_path):
    """A folder with a script, and one with data."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "train.py").write_text(SCRIPT)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a")
    return tmp_path


@pytest.fixture
def experiment(workspace):
    """Where it is submitted."""
    return Experiment(workspace, "train")


def test_a_script_runs_by_itself(experiment, source):
    """With arguments, an input and an environment; the run answers as version 1's."""
    environment = Environment("train")
    environment.environment_variables = {"MOOD": "good"}
    data = Dataset.File.from_files(str(source / "data")).as_named_input("data")
    config = ScriptRunConfig(
        str(source / "source"),
        script="train.py",
        arguments=[data.as_mount(), "--rate", 0.5],
        environment=environment,
        compute_target="local",
    )
    run = experiment.submit(config)
    details = run.wait_for_completion(show_output=True)
    run.download_file("outputs/model.txt", str(source / "model.txt"))

    assert (run.get_status(), run.status, details["status"]) == ("Completed",) * 3
    assert run.type == "azureml.scriptrun"
    assert run.get_metrics() == {"files": 1, "rate": 0.5}
    assert (source / "model.txt").read_text() == "good"
    assert "trained" in run.get_stdout_log()
    assert [one.id for one in experiment.get_runs()] == [run.parent.id]


def test_it_always_runs(experiment, source):
    """Whoever submits a script by itself wants it to run."""
    config = ScriptRunConfig(str(source / "source"), command="echo $AZUREML_RUN_ID")
    runs = [experiment.submit(config) for _ in range(2)]
    for run in runs:
        run.wait_for_completion()

    assert [run.get_stdout_log().strip() for run in runs] == [run.id for run in runs]


def test_a_failure_is_raised(experiment, source):
    """Unless nobody wants that."""
    config = ScriptRunConfig(str(source / "source"), command=["exit", 3])
    run = experiment.submit(config)

    with pytest.raises(ActivityFailedException, match="exit code 3"):
        run.wait_for_completion()
    details = run.wait_for_completion(raise_on_error=False)
    assert (run.get_status(), details["status"]) == ("Failed", "Failed")
    assert "exit code 3" in details["error"]["error"]["message"]


def test_its_limit_is_that_of_the_configuration(experiment, source):
    """Seconds after which it is killed."""
    config = ScriptRunConfig(
        str(source / "source"), command="sleep 60", max_run_duration_seconds=1
    )
    run = experiment.submit(config)
    run.wait_for_completion(raise_on_error=False)

    assert "took longer than 1 s" in run.get_details()["error"]["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "takes script or command, and not both"),
        ({"script": "a.py", "command": "b"}, "takes script or command, and not both"),
        ({"script": "a.py", "resume_from": 1}, "resume_from=1 is not there"),
        ({"script": "a.py", "run_config": 1}, "Pass a RunConfiguration"),
    ],
)
def test_what_is_refused(fields, said):
    """With what to do instead."""
    with pytest.raises(DeclarationError, match=said):
        ScriptRunConfig(".", **fields)


def test_it_may_stand_for_a_run_configuration_of_a_command(source):
    """Its folder, its command and what it runs in become those of the step."""
    from azml_pipelines import CommandStep

    known = RunConfiguration()
    known.environment_variables = {"MOOD": "good"}
    config = ScriptRunConfig(
        str(source / "source"), command=["python", "train.py"], run_config=known
    )
    step = CommandStep(name="train", runconfig=config)

    assert step.script_arguments == ("python", "train.py")
    assert step.directory() == source / "source"
    assert step.environment_variables == {"MOOD": "good"}
