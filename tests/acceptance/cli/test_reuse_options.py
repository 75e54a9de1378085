"""What a command line says about earlier results: submit, resubmit, plan."""

from __future__ import annotations

import json

import pytest

from azml_pipelines import PipelineRun, Workspace


@pytest.fixture
def project(make_project):
    """Each test changes the inputs, so it has a project of its own."""
    return make_project()


@pytest.fixture
def step_of(here, type_command):
    """Type a command that submits; return the state of the only step."""

    def typed(*words):
        result = type_command(*words, "--wait")
        assert result.exit_code == 0, result.stderr
        run = PipelineRun.get(Workspace.from_config(), result.stdout.strip())
        return run.state().steps[0]

    return typed


@pytest.mark.parametrize("command", ["submit", "resubmit"])
def test_earlier_results_stand_in_unless_told_otherwise(step_of, finished_id, command):
    """For all steps, or for those that are named."""
    words = (command, "pipe.py" if command == "submit" else finished_id)

    assert step_of(*words).reused_from == finished_id
    assert step_of(*words, "--regenerate-outputs").reused_from is None
    assert step_of(*words, "--regenerate-outputs=read-texts").reused_from is None


def test_a_step_that_does_not_exist_submits_nothing(here, finished_id, type_command):
    """The message names those there are."""
    result = type_command("submit", "pipe.py", "--regenerate-outputs=reed-texts")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "its steps: read-texts" in result.stderr


@pytest.mark.parametrize(
    ("option", "size", "taken"),
    [
        pytest.param("--incremental", "1", 3, id="mini-batches"),
        pytest.param("--incremental=items", "2", 2, id="items"),
    ],
)
def test_what_is_new_runs_as_planned(here, step_of, type_command, option, size, taken):
    """The plan says what is taken over, and the run takes it over."""
    step_of("submit", "pipe.py", "-p", f"size={size}")
    (here / "texts" / "9.txt").write_text("9")
    words = ("pipe.py", "-p", f"size={size}", option)
    planned = json.loads(type_command("plan", *words, "--json").stdout)["steps"][0]
    text = type_command("plan", *words).stdout
    step = step_of("submit", *words)

    assert planned["taken_over"] == step.taken_over == taken
    assert planned["taken_from"] == step.taken_from
    assert f"{taken} taken over" in text
    assert step.succeeded_items == 4
