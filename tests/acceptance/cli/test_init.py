"""``azml init``."""

from __future__ import annotations

import json

from azml_pipelines import Workspace


def test_a_folder_becomes_a_workspace(type_command, tmp_path):
    """`config.json` and `.azml`; the path is the result, what is next is talk."""
    folder = tmp_path / "my project"
    result = type_command("init", folder)

    assert (result.exit_code, result.stdout) == (0, f"{folder}\n")
    assert json.loads((folder / "config.json").read_text())["workspace_name"] == (
        "my-project"
    )
    assert (folder / ".azml").is_dir()
    assert "azml submit" in result.stderr
    assert Workspace.from_config(folder).name == "my-project"


def test_doing_it_again_changes_nothing(type_command, tmp_path):
    """It says so, and is no error."""
    type_command("init", tmp_path)
    before = (tmp_path / "config.json").read_bytes()
    result = type_command("init", tmp_path)

    assert result.exit_code == 0
    assert "there already; nothing was changed" in result.stderr
    assert (tmp_path / "config.json").read_bytes() == before


def test_the_current_folder_is_the_default(type_command, tmp_path, monkeypatch):
    """A folder whose name is no workspace name gives a workspace all the same."""
    folder = tmp_path / "é"
    folder.mkdir()
    monkeypatch.chdir(folder)

    assert type_command("init").exit_code == 0
    assert Workspace.from_config().name == "workspace"


def test_the_name_can_be_chosen(type_command, tmp_path):
    """And a bad one is refused before anything is written."""
    refused = type_command("init", tmp_path / "a", "--name", "no spaces!")

    assert refused.exit_code == 2
    assert not (tmp_path / "a" / "config.json").exists()
    assert type_command("init", tmp_path / "a", "--name", "chosen").exit_code == 0
    assert Workspace.from_config(tmp_path / "a").name == "chosen"
