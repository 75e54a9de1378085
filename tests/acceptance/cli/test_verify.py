"""``azml verify``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest


@pytest.fixture(scope="module")
def project(make_project):
    """These tests damage what is stored, so they have a project of their own."""
    return make_project()


def damage(folder, run_id):
    """Change a counter of a run."""
    journal = folder / ".azml" / "runs" / run_id / "run.db"
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("UPDATE step SET succeeded_items = succeeded_items + 1")
        connection.commit()


def test_whole_runs_are_ok(here, finished_id, failed_id, type_command):
    """One line per promise, each of them ok; a failed run is whole as well."""
    for run_id in (finished_id, failed_id):
        result = type_command("verify", run_id)
        words = {line.split()[0] for line in result.stdout.splitlines()}

        assert result.exit_code == 0
        assert {"ok"} == words


def test_damage_is_named(here, finished_id, type_command):
    """The exit code is 1; programs get the same as JSON."""
    damage(here, finished_id)
    result = type_command("verify", finished_id)
    as_json = type_command("verify", finished_id, "--json")
    found = json.loads(as_json.stdout)
    (broken,) = [one for one in found["findings"] if not one["ok"]]
    (line,) = [one for one in result.stdout.splitlines() if one.startswith("damaged")]

    assert (1, 1) == (result.exit_code, as_json.exit_code)
    assert line.startswith("damaged  I10  step read-texts: the counter succeeded_items")
    assert ("I10", "read-texts", False) == (
        broken["invariant"],
        broken["step"],
        found["ok"],
    )
