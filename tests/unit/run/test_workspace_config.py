"""The promises of finding and reading a workspace's configuration."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.errors import UserErrorException, WorkspaceException
from azml_pipelines.run.workspace_config import (
    WorkspaceConfig,
    find_config,
    read_config,
    write_config,
)

NAMES = {"subscription_id": "s", "resource_group": "g", "workspace_name": "w"}


def put(file, content=NAMES):
    """Write a configuration file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


# From the one that wins to the one that loses; "up" is the parent of "here".
ORDER = [
    "here/.azureml/config.json",
    "up/.azureml/config.json",
    "here/.azureml/project.json",
    "up/.azureml/project.json",
    "here/aml_config/config.json",
    "up/aml_config/config.json",
    "here/aml_config/project.json",
    "up/aml_config/project.json",
    "here/config.json",
    "up/config.json",
    "here/project.json",
    "up/project.json",
]


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_search_order_is_version_1_s(tmp_path, place):
    """Each place is searched in all parents before the next one is."""
    up = tmp_path / "up"
    here = up / "here"
    here.mkdir(parents=True)
    files = [
        (here if one.startswith("here") else up) / one.partition("/")[2]
        for one in ORDER
    ]
    for file in files[place:]:
        put(file)

    assert files[place] == find_config(here, None)


def test_a_file_is_taken_as_it_is(tmp_path):
    """Whatever its name, and whatever else lies around."""
    put(tmp_path / ".azureml" / "config.json")
    file = put(tmp_path / "other.json")

    assert file == find_config(file, None)


def test_another_name_may_be_searched(tmp_path):
    """``_file_name`` replaces both names."""
    put(tmp_path / "config.json")
    file = put(tmp_path / "aml_config" / "mine.json")

    assert file == find_config(tmp_path, "mine.json")


def test_nothing_found_says_what_to_do(tmp_path):
    """The message names the folder and ``azml init``."""
    with pytest.raises(UserErrorException, match=r"azml init.*Workspace\.create"):
        find_config(tmp_path, "no-such-name.json")
    with pytest.raises(UserErrorException, match="does not exist"):
        find_config(tmp_path / "nowhere", None)


@pytest.mark.parametrize(
    ("place", "root"),
    [
        pytest.param("config.json", ".", id="beside the file"),
        pytest.param(".azureml/config.json", ".", id="beside .azureml"),
        pytest.param("aml_config/project.json", ".", id="beside aml_config"),
        pytest.param("mine/w.json", "mine", id="beside a file of another name"),
    ],
)
def test_a_file_from_azure_needs_three_keys(tmp_path, place, root):
    """The storage is going to be beside it."""
    file = put(tmp_path / place)

    assert WorkspaceConfig("s", "g", "w", (tmp_path / root).resolve()) == read_config(
        file.resolve()
    )


def test_the_legacy_scope_is_read(tmp_path):
    """Old projects have one text with all three names."""
    scope = WorkspaceConfig("s", "g", "w", tmp_path).scope
    file = put(tmp_path / "project.json", {"Scope": scope, "Id": None})

    assert ("s", "g", "w") == (
        read_config(file).subscription_id,
        read_config(file).resource_group,
        read_config(file).workspace_name,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "cannot be read as JSON", id="no JSON"),
        pytest.param("[]", "subscription_id, resource_group", id="no object"),
        pytest.param(
            '{"subscription_id": "s", "resource_group": 1}',
            "resource_group, workspace_name missing",
            id="a number and nothing",
        ),
    ],
)
def test_a_bad_file_is_named_with_what_it_lacks(tmp_path, text, message):
    """One line says which file and which keys."""
    file = tmp_path / "config.json"
    file.write_text(text)

    with pytest.raises(UserErrorException, match=f"config.json.*{message}"):
        read_config(file)


def test_what_is_written_elsewhere_leads_back(tmp_path):
    """``write_config`` in another folder finds the same storage."""
    root = tmp_path / "root"
    root.mkdir()
    config = WorkspaceConfig("s", "g", "w", root)
    elsewhere = tmp_path / "project" / ".azureml" / "config.json"

    write_config(config, elsewhere)

    assert config == read_config(elsewhere)


def test_what_is_written_beside_the_storage_can_be_moved(tmp_path):
    """It holds the three keys and no path."""
    file = tmp_path / "config.json"

    write_config(WorkspaceConfig("s", "g", "w", tmp_path), file)

    assert NAMES == json.loads(file.read_text())


def test_a_storage_that_is_gone_is_named(tmp_path):
    """No empty workspace appears where another one was meant."""
    file = put(tmp_path / "config.json", {**NAMES, "root": "gone"})

    with pytest.raises(WorkspaceException, match="/gone, which does not exist"):
        read_config(file)
