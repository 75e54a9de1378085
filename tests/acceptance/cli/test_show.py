"""``azml show``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_a_finished_run_shows_its_output(here, finished_id, type_command):
    """The path is absolute, and there is a file."""
    result = type_command("show", finished_id)
    _, _, path = result.stdout.splitlines()[-1].partition(": ")

    assert result.exit_code == 0
    assert "read-texts  finished" in result.stdout
    assert Path(path).read_text() == "0.txt\n1.txt\n2.txt\n"


def test_showing_a_failed_run_is_no_failure(here, failed_id, type_command):
    """The command did what it was asked; the reason is the last line."""
    result = type_command("show", failed_id)

    assert result.exit_code == 0
    assert "ValueError: five is bad" in result.stdout.splitlines()[-1]


def test_programs_get_json(here, finished_id, failed_id, type_command):
    """Counts, times, error and outputs by name."""
    finished = json.loads(type_command("show", finished_id, "--json").stdout)
    failed = json.loads(type_command("show", failed_id, "--json").stdout)

    assert finished["schema_version"] == 1
    assert finished["steps"][0]["succeeded_items"] == 3
    assert Path(finished["outputs"]["names"]).is_absolute()
    assert "five is bad" in failed["error"]


@pytest.mark.parametrize("command", ["show", "logs", "cancel", "resubmit", "resume"])
def test_an_unknown_run_ends_with_four(here, finished_id, type_command, command):
    """Whatever was to be done with it."""
    result = type_command(command, "nonsense")

    assert (result.exit_code, result.stdout) == (4, "")
    assert "closest: " in result.stderr


def test_json_of_a_moving_run_is_refused(here, finished_id, type_command):
    """One or the other."""
    assert type_command("show", finished_id, "--json", "--watch").exit_code == 2


def test_watching_an_ended_run_ends_at_once(here, finished_id, type_command):
    """With the exit code of the run."""
    result = type_command("show", finished_id, "--watch")

    assert result.exit_code == 0
    assert "Finished in" in result.stdout
