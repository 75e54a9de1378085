"""``azml datastore``: list, add, check."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.fixture
def azml(workspace, monkeypatch):
    """Run ``azml`` in the folder of a workspace."""
    monkeypatch.setenv("LAKE_SECRET", "s3cret-of-this-test")

    def azml(*words):
        return subprocess.run(
            [
                sys.executable,
                "-c",
                "from azml_pipelines.cli.main import main; main()",
                *words,
            ],
            cwd=workspace.folder.root,
            capture_output=True,
            text=True,
            check=False,
        )

    return azml


def test_a_folder_is_added_listed_and_checked(azml, workspace, tmp_path):
    """Names go to standard output, advice to standard error."""
    (tmp_path / "data").mkdir()
    added = azml("datastore", "add", "photos", str(tmp_path / "data"), "--default")
    listed = azml("datastore", "list")
    checked = azml("datastore", "check")

    assert (added.returncode, added.stdout) == (0, "photos\n"), added.stderr
    assert "* photos" in listed.stdout
    assert "  workspaceblobstore" in listed.stdout
    assert checked.stdout.startswith("photos: can be listed")
    assert workspace.get_default_datastore().name == "photos"


def test_a_url_with_secrets_by_reference(azml):
    """What is listed names the variable, and nobody sees the value."""
    azml(
        "datastore", "add", "lake", "s3://bucket/x",
        "-o", "key=env:LAKE_SECRET", "-o", "secret=env:LAKE_SECRET",
        "-o", "anon=false", "-o", "endpoint_url=http://127.0.0.1:1",
        "-o", "patience=1",
    )  # fmt: skip
    listed = azml("datastore", "list", "--json")
    checked = azml("datastore", "check", "lake")
    lake = next(one for one in json.loads(listed.stdout) if one["name"] == "lake")

    assert lake["options"]["secret"].startswith("env:")
    assert lake["options"]["anon"] is False
    assert checked.returncode == 2
    assert len(checked.stderr.splitlines()) == 1
    assert "lake" in checked.stderr
    for one in (listed, checked):
        assert "s3cret" not in one.stdout + one.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("add", "x", "/nowhere"), "no folder", id="no folder"),
        pytest.param(("add", "x", "http://x"), "no URL", id="no store"),
        pytest.param(("add", "x", "s3://b", "-o", "key"), "NAME=VALUE", id="no value"),
        pytest.param(
            ("add", "x", ".", "-o", "a=b"), "for URLs", id="a folder's option"
        ),
        pytest.param(("check", "nix"), "nix", id="an unknown name"),
    ],
)
def test_what_is_refused(azml, words, says):
    """With exit code 2 and one line that says what to do."""
    done = azml("datastore", *words)

    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
