"""Registering, finding and describing datastores."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.data.datastore import (
    AzureBlobDatastore,
    AzureFileDatastore,
    Datastore,
    LocalFolderDatastore,
)
from azml_pipelines.errors import UserErrorException


def test_the_door_returns_the_concrete_datastore(home):
    """``Datastore(ws, name)`` and ``Datastore(ws)`` are what version 1 made of them."""
    by_name = Datastore(home, "workspaceblobstore")
    default = Datastore(home)

    assert type(by_name) is AzureBlobDatastore
    assert by_name.name == default.name == "workspaceblobstore"
    assert default.workspace is home
    assert Datastore.get(home, "workspaceblobstore").settings == by_name.settings
    assert Datastore.get_default(home).settings == by_name.settings


def test_an_unknown_name_is_a_user_error(home):
    """Notebooks catch it and register the datastore then."""
    with pytest.raises(UserErrorException, match="workspaceblobstore"):
        Datastore.get(home, "mnist")
    with pytest.raises(UserErrorException):
        Datastore(home, "mnist")


def test_a_blob_container_is_a_folder(home):
    """The tutorial's call, the first five arguments by position as well."""
    by_keyword = Datastore.register_azure_blob_container(
        home,
        datastore_name="mnist_datastore",
        container_name="sampledata",
        account_name="pipelinedata",
        overwrite=True,
    )
    by_position = Datastore.register_azure_blob_container(
        home, "again", "sampledata", "pipelinedata", "?sig=secret"
    )
    folder = home.datastore_folder("pipelinedata/sampledata")

    assert type(by_keyword) is AzureBlobDatastore
    assert by_keyword.settings.url == by_position.settings.url == f"file://{folder}"
    assert folder.is_dir()
    assert by_keyword.datastore_type == "AzureBlob"
    assert by_keyword.container_name == "sampledata"
    assert by_keyword.account_name == "pipelinedata"
    assert by_keyword.protocol == "https"
    assert by_keyword.endpoint == "core.windows.net"


def test_credentials_are_not_kept(home):
    """Nothing that is stored or shown holds a secret."""
    store = Datastore.register_azure_blob_container(
        home, "d", "c", "a", sas_token="secret1", account_key="secret2"
    )

    assert "secret" not in str(store)
    assert "secret" not in store.settings.model_dump_json()
    assert store.sas_token is store.account_key is None
    assert not store.is_sas
    assert store.credential_type == "None"


def test_a_file_share_is_another_folder(home):
    """A share and a container of one name do not mix."""
    share = Datastore.register_azure_file_share(home, "share", "data", "account")
    blob = Datastore.register_azure_blob_container(home, "blob", "data", "account")

    assert type(share) is AzureFileDatastore
    assert share.datastore_type == "AzureFile"
    assert share.container_name == "data"
    assert share.settings.url != blob.settings.url


def test_a_taken_name_needs_overwrite(home):
    """With it, the settings are replaced."""
    Datastore.register_azure_blob_container(home, "d", "one", "account")

    with pytest.raises(UserErrorException, match="exists"):
        Datastore.register_azure_blob_container(home, "d", "two", "account")

    Datastore.register_azure_blob_container(home, "d", "two", "account", overwrite=True)

    assert Datastore.get(home, "d").settings.container_name == "two"


def test_capitals_become_small(home):
    """With a warning; the datastore is found by either spelling."""
    with pytest.warns(UserWarning, match=r"'MyStore' .* registered as 'mystore'"):
        store = Datastore.register_azure_blob_container(home, "MyStore", "c", "a")

    assert store.name == "mystore"
    assert Datastore.get(home, "MyStore").name == "mystore"
    assert Datastore(home, "MYSTORE").name == "mystore"


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../x", "a-b", "x" * 256, None])
def test_names_of_datastores(home, name):
    """They are letters, digits and underscores."""
    with pytest.raises(UserErrorException, match="datastore_name"):
        Datastore.register_azure_blob_container(home, name, "c", "a")


@pytest.mark.parametrize("name", ["", "../../x", "a/b", ".hidden", None, "a\n"])
def test_containers_and_accounts_cannot_lead_elsewhere(home, name):
    """They become names of folders."""
    with pytest.raises(UserErrorException, match="no name of a storage account"):
        Datastore.register_azure_blob_container(home, "d", name, "account")
    with pytest.raises(UserErrorException, match="no name of a storage account"):
        Datastore.register_azure_blob_container(home, "d", "container", name)


def test_a_local_folder(home, tmp_path, monkeypatch):
    """Our extension: any folder of this machine, by an absolute or relative path."""
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    store = Datastore.register_local_folder(home, "photos", "photos")

    assert type(store) is LocalFolderDatastore
    assert store.datastore_type == "LocalFolder"
    assert store.settings.url == f"file://{tmp_path}/photos"
    assert Datastore.get(home, "photos").settings == store.settings


def test_a_local_folder_must_exist(home, tmp_path):
    """A misspelt path is told at once."""
    with pytest.raises(UserErrorException, match="There is no folder"):
        Datastore.register_local_folder(home, "d", tmp_path / "nope")


def test_default_and_unregister(home):
    """Both act on the workspace."""
    store = Datastore.register_azure_blob_container(home, "d", "c", "a")
    store.set_as_default()

    assert Datastore.get_default(home).name == "d"

    store.unregister()

    with pytest.raises(UserErrorException):
        Datastore.get(home, "d")


def test_it_is_shown_as_json(home, tmp_path):
    """As in version 1, plus where the data is."""
    blob = Datastore.register_azure_blob_container(home, "d", "c", "a")
    local = Datastore.register_local_folder(home, "l", tmp_path)

    assert json.loads(str(blob)) == {
        "name": "d",
        "container_name": "c",
        "account_name": "a",
        "protocol": "https",
        "endpoint": "core.windows.net",
        "url": blob.settings.url,
    }
    assert json.loads(repr(local)) == {"name": "l", "url": f"file://{tmp_path}"}


def test_paths_are_references(store):
    """``path()`` gives a DataReference, as the tutorial passes on to from_files."""
    reference = store.path("mnist/")
    whole = store.path()

    assert reference.datastore is store
    assert reference.path_on_datastore == "mnist/"
    assert reference.mode == "mount"
    assert whole.path_on_datastore is None
    assert whole.data_reference_name == "workspaceblobstore"
    assert store.path("x", data_reference_name="images").data_reference_name == "images"
    assert store.as_mount().mode == "mount"
    assert store.as_download("/tmp/x").path_on_compute == "/tmp/x"
    assert store.as_upload().mode == "upload"
