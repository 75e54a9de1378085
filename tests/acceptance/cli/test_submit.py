"""``azml submit``."""

from __future__ import annotations

import pytest

from azml_pipelines import Experiment, PipelineRun, Workspace


@pytest.fixture(scope="module")
def project(make_project):
    """These tests submit, so they have a project of their own."""
    return make_project()


def run_of(result):
    """Return the run whose id a command printed."""
    return PipelineRun.get(Workspace.from_config(), result.stdout.strip())


def test_waiting_shows_the_run_until_its_end(here, type_command):
    """The id is the result; the script's prints and the progress are talk."""
    result = type_command("submit", "pipe.py", "--wait")
    run = run_of(result)

    assert result.exit_code == 0
    assert run.get_status() == "Finished"
    assert run.experiment.name == "pipe"
    assert "declaring" in result.stderr
    assert "names.txt" in result.stderr.splitlines()[-1]


def test_a_failed_run_ends_with_one_and_its_error(here, failed_id, type_command):
    """The last line is the reason."""
    result = type_command("show", failed_id, "--watch")

    assert result.exit_code == 1
    assert "ValueError: five is bad" in result.stdout.splitlines()[-1]


def test_nobody_has_to_wait(here, type_command):
    """The run goes on by itself, and its id is all that is printed."""
    result = type_command("submit", "pipe.py", "-e", "other", "-p", "size=3")
    run = run_of(result)

    assert result.exit_code == 0
    assert run.wait_for_completion(show_output=False) == "Finished"
    assert run.experiment.name == "other"
    assert run.state().steps[0].total_mini_batches == 1
    assert f"azml show {run.id} --watch" in result.stderr


def test_a_wrong_parameter_submits_nothing(here, finished_id, type_command):
    """What is declared is listed."""
    before = len(list(Experiment(Workspace.from_config(), "pipe").get_runs()))
    result = type_command("submit", "pipe.py", "-p", "sice=3")
    after = len(list(Experiment(Workspace.from_config(), "pipe").get_runs()))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "texts (file), size (str). Did you mean 'size'?" in result.stderr
    assert before == after


def test_a_script_that_submits_is_not_submitted_again(here, write_script, type_command):
    """Its own run is the result, and can be waited for."""
    script = write_script(
        "selfish.py",
        "from pipe import *\nrun = Experiment(workspace, 'selfish').submit(pipeline)",
    )
    result = type_command("submit", script, "--wait")
    runs = list(Experiment(Workspace.from_config(), "selfish").get_runs())

    assert result.exit_code == 0
    assert [run.id for run in runs] == result.stdout.split()
    assert "submitted a run by itself; not submitted again" in result.stderr


def test_options_for_a_script_that_submits_are_refused(
    here, write_script, type_command
):
    """It would look as if they had been used."""
    script = write_script(
        "selfish2.py",
        "from pipe import *\n"
        "run = Experiment(workspace, 'selfish').submit(pipeline)\n"
        "run.wait_for_completion(show_output=False)",
    )
    result = type_command("submit", script, "-p", "size=3")

    assert result.exit_code == 2
    assert "had no effect for that reason" in result.stderr
    assert "azml resubmit" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("x = 1", "leaves no Pipeline in a variable", id="none"),
        pytest.param(
            "from pipe import *\nother = Pipeline(workspace, [step])",
            "leaves 2 pipelines in variables: pipeline, other.",
            id="two",
        ),
        pytest.param("import sys; sys.exit(3)", "sys.exit(3)", id="an exit"),
    ],
)
def test_a_script_without_exactly_one_pipeline(
    here, write_script, type_command, text, message
):
    """One line says what to change."""
    result = type_command("submit", write_script("wrong.py", text))

    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_two_names_for_one_pipeline_are_one(here, write_script, type_command):
    """A second variable is no second pipeline."""
    script = write_script("alias.py", "from pipe import *\nsame = pipeline")
    result = type_command("submit", script, "--wait")

    assert result.exit_code == 0


def test_a_script_that_does_not_exist(here, type_command):
    """The name is in the message."""
    result = type_command("submit", "missing.py")

    assert result.exit_code == 2
    assert "missing.py" in result.stderr
