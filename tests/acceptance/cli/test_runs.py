"""``azml runs``."""

from __future__ import annotations

import json

from azml_pipelines import Workspace


def test_runs_are_listed_newest_first(here, finished_id, failed_id, type_command):
    """One line each, that starts with the whole id."""
    result = type_command("runs")

    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        [failed_id, "Failed"],
        [finished_id, "Finished"],
    ]


def test_programs_get_json(here, finished_id, failed_id, type_command):
    """Nothing else is printed to standard output; times are ISO 8601."""
    data = json.loads(type_command("runs", "--json").stdout)

    assert data["schema_version"] == 1
    assert [run["run_id"] for run in data["runs"]] == [failed_id, finished_id]
    assert data["runs"][0]["created"].endswith("+00:00")


def test_a_new_workspace_has_none(type_command, tmp_path, monkeypatch):
    """That is no error, and no line for programs to trip over."""
    Workspace.create("empty", path=tmp_path, show_output=False)
    monkeypatch.chdir(tmp_path)
    result = type_command("runs")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "azml submit" in result.stderr
    assert json.loads(type_command("runs", "--json").stdout)["runs"] == []
