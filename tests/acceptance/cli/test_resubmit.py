"""``azml resubmit``, ``azml cancel`` and ``azml resume`` on stored runs."""

from __future__ import annotations

import pytest

from azml_pipelines import PipelineRun, Workspace


@pytest.fixture(scope="module")
def project(make_project):
    """These tests submit, so they have a project of their own."""
    return make_project()


def test_a_run_is_repeated_with_other_values(here, finished_id, type_command):
    """A local file for a dataset, text for a number of files."""
    result = type_command(
        "resubmit", finished_id, "-p", "texts=texts/1.txt", "-p", "size=2", "--wait"
    )
    run = PipelineRun.get(Workspace.from_config(), result.stdout.strip())

    assert result.exit_code == 0
    assert run.id != finished_id
    assert run.state().steps[0].total_items == 1


def test_a_wrong_parameter_starts_nothing(here, finished_id, type_command):
    """What is declared is listed."""
    result = type_command("resubmit", finished_id, "-p", "tekst=x")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean 'texts'?" in result.stderr


def test_a_value_may_hold_equals_signs(here, finished_id, type_command):
    """Only the first one separates."""
    result = type_command("resubmit", finished_id, "-p", "texts=a=b")

    assert result.exit_code == 2
    assert "'a=b'" in result.stderr


def test_an_ended_run_is_not_canceled(here, finished_id, type_command):
    """Saying so is enough."""
    result = type_command("cancel", finished_id)

    assert (result.exit_code, result.stdout) == (0, "")
    assert "has ended already: Finished" in result.stderr


def test_a_finished_run_is_not_resumed(here, finished_id, type_command):
    """There is nothing left to do."""
    result = type_command("resume", finished_id)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "azml resubmit" in result.stderr


def test_a_failed_run_goes_on(here, failed_id, type_command):
    """Here it fails again, for the same reason; the id stays."""
    result = type_command("resume", failed_id, "--wait")

    assert result.exit_code == 1
    assert result.stdout.strip() == failed_id
    assert "five is bad" in result.stderr.splitlines()[-1]
