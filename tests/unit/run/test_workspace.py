"""The promises of workspaces."""

from __future__ import annotations

import json
import stat

import pytest

from azml_pipelines import Datastore, Model, Workspace
from azml_pipelines.errors import (
    RunNotFoundError,
    UserErrorException,
    WorkspaceException,
)


def test_create_makes_a_folder_that_from_config_finds(tmp_path, monkeypatch):
    """From any folder below."""
    made = Workspace.create("digits", path=tmp_path)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    found = Workspace.from_config()

    assert ("digits", made.folder) == (found.name, found.folder)
    assert 0o700 == stat.S_IMODE((tmp_path / ".azml").stat().st_mode)
    assert "*\n" == (tmp_path / ".azml" / ".gitignore").read_text()


def test_create_accepts_what_only_azure_needs(tmp_path):
    """Version 1's call, with all its arguments."""
    made = Workspace.create(
        "digits",
        subscription_id="s",
        resource_group="g",
        create_resource_group=True,
        location="eastus2",
        exist_ok=True,
        hbi_workspace=False,
        path=tmp_path,
    )

    content = json.loads((tmp_path / "config.json").read_text())
    assert ("s", "g") == (made.subscription_id, made.resource_group)
    assert {
        "subscription_id": "s",
        "resource_group": "g",
        "workspace_name": "digits",
    } == content


def test_create_keeps_what_is_there(tmp_path):
    """A second call needs the same name and ``exist_ok``."""
    Workspace.create("digits", path=tmp_path)

    again = Workspace.create("digits", path=tmp_path, exist_ok=True)

    assert "digits" == again.name
    with pytest.raises(WorkspaceException, match="names the workspace 'digits'"):
        Workspace.create("digits", path=tmp_path)
    with pytest.raises(WorkspaceException, match="names the workspace 'digits'"):
        Workspace.create("letters", path=tmp_path, exist_ok=True)


@pytest.mark.parametrize("name", ["ab", "-abc", "a" * 34, "two words", "a.b.c", ""])
def test_names_that_are_not_allowed(tmp_path, name):
    """The message repeats the name and the rule; nothing is written."""
    with pytest.raises(UserErrorException, match="3 to 33 letters"):
        Workspace.create(name, path=tmp_path)

    assert [] == list(tmp_path.iterdir())


def test_a_config_from_azure_is_enough(tmp_path):
    """Three keys; the storage is made when it is first needed."""
    file = tmp_path / "config.json"
    names = ("subscription_id", "resource_group", "workspace_name")
    file.write_text(json.dumps(dict(zip(names, "sgw", strict=True))))

    opened = Workspace.from_config(str(file))
    before = (tmp_path / ".azml").exists()
    datastore = opened.get_default_datastore()

    assert ("w", "workspaceblobstore") == (opened.name, datastore.name)
    assert (False, True) == (before, (tmp_path / ".azml").is_dir())


def test_all_strings_are_strings(workspace):
    """Notebooks join them with plus signs and newlines."""
    strings = (
        workspace.name,
        workspace.resource_group,
        workspace.location,
        workspace.subscription_id,
        workspace.sku,
    )

    assert "testing-local-local-local-basic" == "-".join(strings)
    assert {} == workspace.tags


def test_write_config_makes_another_door(workspace, tmp_path):
    """The workspace is found from a folder beside it."""
    project = tmp_path / "project"

    workspace.write_config(str(project), "mine")

    found = Workspace.from_config(project, _file_name="mine.json")
    assert workspace.folder == found.folder


def test_the_constructor_and_get_find_it_by_name(workspace, monkeypatch):
    """From the working directory upward; another name is an error that says so."""
    monkeypatch.chdir(workspace.folder.root)

    assert workspace.folder == Workspace("s", "g", "testing").folder
    assert workspace.folder == Workspace.get("testing").folder
    assert {"testing"} == set(Workspace.list("s"))
    with pytest.raises(WorkspaceException, match="names 'testing'"):
        Workspace.get("other")


def test_details_are_a_dictionary(workspace):
    """With version 1's keys."""
    details = workspace.get_details()

    assert ("testing", "local") == (details["name"], details["location"])
    assert details["id"].endswith("/workspaces/testing")


def test_models_are_the_latest_ones(workspace, tmp_path):
    """One per name."""
    (tmp_path / "model.bin").write_text("weights")
    Model.register(workspace, tmp_path / "model.bin", "mnist")
    Model.register(workspace, tmp_path / "model.bin", "mnist")

    assert {"mnist": 2} == {
        name: model.version for name, model in workspace.models.items()
    }


def test_an_unknown_run_is_named(workspace):
    """The message says where to look."""
    with pytest.raises(RunNotFoundError, match=r"'no-such-run'.*azml runs"):
        workspace.get_run("no-such-run")


def test_two_datastores_always_exist(workspace):
    """Blob storage is the default one."""
    kinds = {one.name: one.datastore_type for one in workspace.datastores.values()}

    assert {
        "workspaceblobstore": "AzureBlob",
        "workspacefilestore": "AzureFile",
    } == kinds
    assert "workspaceblobstore" == workspace.get_default_datastore().name
    assert "workspaceblobstore" == Datastore(workspace, "workspaceblobstore").name


def test_a_moved_workspace_finds_its_datastores(workspace, tmp_path):
    """Their places are worked out, not remembered."""
    (tmp_path / "a.txt").write_text("a")
    store = workspace.get_default_datastore()
    store.upload_files([str(tmp_path / "a.txt")], show_progress=False)
    moved = tmp_path / "moved"
    workspace.folder.root.rename(moved)

    found = Workspace.from_config(moved).get_default_datastore()

    assert 1 == found.download(tmp_path / "copy", show_progress=False)


def test_another_default_datastore(workspace, tmp_path):
    """It is remembered; without it the built-in one is the default again."""
    data = Datastore.register_local_folder(workspace, "data", tmp_path)

    data.set_as_default()

    assert "data" == workspace.get_default_datastore().name
    data.unregister()
    assert "workspaceblobstore" == workspace.get_default_datastore().name
    with pytest.raises(UserErrorException, match="known: workspaceblobstore"):
        workspace.set_default_datastore("data")


def test_built_in_datastores_stay(workspace, tmp_path):
    """They cannot be unregistered, and replaced only on purpose."""
    with pytest.raises(UserErrorException, match="exists in every workspace"):
        workspace.get_default_datastore().unregister()
    with pytest.raises(UserErrorException, match="overwrite=True"):
        Datastore.register_local_folder(workspace, "workspaceblobstore", tmp_path)

    Datastore.register_local_folder(
        workspace, "workspaceblobstore", tmp_path, overwrite=True
    )
    assert "LocalFolder" == workspace.get_default_datastore().datastore_type


def test_a_public_container_becomes_a_folder(workspace):
    """The tutorial's call works without Azure, as often as wanted."""
    for _ in range(2):
        registered = Datastore.register_azure_blob_container(
            workspace,
            datastore_name="mnist_datastore",
            container_name="sampledata",
            account_name="pipelinedata",
            overwrite=True,
        )

    folder = workspace.datastore_folder("pipelinedata/sampledata")
    assert folder.is_dir()
    assert "mnist_datastore" in workspace.datastores
    assert "sampledata" == registered.container_name
