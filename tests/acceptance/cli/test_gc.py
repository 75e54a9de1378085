"""``azml gc``."""

from __future__ import annotations

import json

import pytest

from azml_pipelines import Workspace


@pytest.fixture
def project(make_project):
    """Each test cleans up, so it has a project of its own."""
    return make_project()


def files_below(folder):
    """Return every file, but for those of the catalog."""
    return {
        path: path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("catalog.", "run.db"))
    }


def test_a_dry_run_says_what_would_go_and_removes_nothing(
    here, finished_id, failed_id, type_command
):
    """The command without it does that, and no more; outputs stay."""
    workspace = Workspace.from_config()
    (place,) = workspace.get_run(finished_id).output_places()
    before = files_below(here)
    words = ("gc", "--older-than", "0m", "--json")
    planned = type_command(*words, "--dry-run")
    untouched = files_below(here)
    text = type_command("gc", "--older-than", "0m", "--dry-run")
    done = type_command(*words)
    said, did = json.loads(planned.stdout), json.loads(done.stdout)

    assert untouched == before
    assert (said["dry_run"], did["dry_run"]) == (True, False)
    assert said["removed"] == did["removed"]
    assert said["bytes"] == did["bytes"] > 0
    gone = {one["name"] for one in did["removed"] if one["what"] == "run"}
    assert gone == {finished_id, failed_id}
    assert f"run {finished_id}: would be removed" in text.stdout
    assert list(workspace.catalog.runs.newest_first()) == []
    assert place.path in {str(path) for path in files_below(here)}


def test_fetched_files_are_trimmed_and_counted(here, type_command):
    """Down to the limit of the workspace; a dry run says the same."""
    config = here / "config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "storage": {"cache_bytes": 1000}}))
    objects = Workspace.from_config().folder.cache / "objects" / "ab"
    objects.mkdir(parents=True)
    for number in range(4):
        (objects / f"ab{number}").write_bytes(bytes(500))
    planned = json.loads(type_command("gc", "--dry-run", "--json").stdout)
    kept = len(list(objects.iterdir()))
    done = json.loads(type_command("gc", "--json").stdout)

    assert kept == 4
    expected = {"what": "cache", "name": "3 fetched files", "bytes": 1500}
    assert expected in planned["removed"]
    assert expected in done["removed"]
    assert len(list(objects.iterdir())) == 1


@pytest.mark.parametrize(
    "words", [("--older-than", "soon"), ("--keep-last", "-1"), ("--keep-last", "x")]
)
def test_what_is_no_rule_is_refused(here, type_command, words):
    """With what could be typed."""
    result = type_command("gc", *words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words[0] in result.stderr
