"""Registering, finding and describing datastores."""

from __future__ import annotations

import json
import os

import pytest

from azml_pipelines.data.datastore import (
    AzureBlobDatastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
    Datastore,
    LocalFolderDatastore,
    UrlDatastore,
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
        home, "again", "sampledata", "pipelinedata"
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


def test_credentials_mean_azure_and_are_references(home, monkeypatch):
    """A value that is that of a variable becomes its name; nothing holds the secret."""
    monkeypatch.setenv("MY_KEY", "s3cr3t-value")
    store = Datastore.register_azure_blob_container(
        home, "d", "c", "account", account_key="s3cr3t-value"
    )

    assert store.settings.url == "abfs://c"
    assert store.settings.options == {
        "account_name": "account",
        "account_key": "env:MY_KEY",
    }
    assert store.account_key == "env:MY_KEY"
    assert store.credential_type == "AccountKey"
    assert "s3cr3t" not in str(store) + store.settings.model_dump_json()


def test_a_secret_without_a_variable_gets_one(home, monkeypatch):
    """It lasts as long as the process, and the warning says what to do for longer."""
    monkeypatch.setenv("AZML_D_SAS_TOKEN", "")
    with pytest.warns(UserWarning, match="AZML_D_SAS_TOKEN"):
        store = Datastore.register_azure_blob_container(
            home, "d", "c", "account", sas_token="?sig=s3cr3t-value"
        )

    assert store.is_sas
    assert store.settings.options["sas_token"].endswith("AZML_D_SAS_TOKEN")
    assert os.environ["AZML_D_SAS_TOKEN"].endswith("s3cr3t-value")


@pytest.mark.parametrize(
    ("mapped", "url", "options"),
    [
        pytest.param("/data/x", "file:///data/x/c", {}, id="a folder"),
        pytest.param("s3://b/y/", "s3://b/y/c", {}, id="another store"),
        pytest.param(
            "http://127.0.0.1:1/account",
            "abfs://c",
            {"account_name": "account", "endpoint": "http://127.0.0.1:1/account"},
            id="a server",
        ),
        pytest.param("azure", "abfs://c", {"account_name": "account"}, id="Azure"),
    ],
)
def test_an_account_can_be_elsewhere(home, mapped, url, options):
    """The configuration of the workspace decides, and the script stays as it is."""
    home.accounts["account"] = mapped

    store = Datastore.register_azure_blob_container(home, "d", "c", "account")

    assert store.settings.url == url
    assert store.settings.options == options


def test_a_data_lake_is_opened_by_a_service_principal(home):
    """Without one it is a folder, as every account without credentials."""
    lake = Datastore.register_azure_data_lake_gen2(
        home, "lake", "fs", "account", "tenant", "client", "env:LAKE_SECRET"
    )
    folder = Datastore.register_azure_data_lake_gen2(home, "here", "fs", "account")

    assert type(lake) is type(folder) is AzureDataLakeGen2Datastore
    assert lake.credential_type == "ServicePrincipal"
    assert lake.settings.options["client_secret"].startswith("env:")
    assert folder.settings.url.startswith("file://")


def test_any_url_can_be_a_datastore(home):
    """S3, Google, memory; secrets stay references, the URL a root without a slash."""
    store = Datastore.register_url(
        home,
        "lake",
        "s3://bucket/folder/",
        options={"key": "env:A", "secret": "env:B", "endpoint_url": "http://x"},
    )
    memory = Datastore.register_url(home, "mind", "memory://x")

    assert type(store) is UrlDatastore
    assert store.datastore_type == "S3"
    assert memory.datastore_type == "Url"
    assert store.settings.url == "s3://bucket/folder"
    assert Datastore.get(home, "lake").settings == store.settings


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        pytest.param("bucket/folder", {}, "no URL", id="no protocol"),
        pytest.param("file:///data", {}, "register_local_folder", id="a folder"),
        pytest.param(3, {}, "no URL", id="no text"),
        pytest.param("s3://u:p4ssword@b", {}, "holds a secret", id="a login in it"),
        pytest.param("s3://b", {"x": object()}, "options", id="not JSON"),
    ],
)
def test_what_is_no_store(home, url, options, says):
    """Refused in one line, before anything is written."""
    with pytest.raises(UserErrorException, match=says) as caught:
        Datastore.register_url(home, "x", url, options=options)

    assert "p4ssword" not in caught.value.message


@pytest.mark.parametrize("mapped", ["azure", "http://127.0.0.1:1/account"])
def test_a_file_share_is_not_taken_for_a_container(home, mapped):
    """Shares have a protocol of their own: the message says what to do instead."""
    home.accounts["account"] = mapped

    with pytest.raises(UserErrorException, match=r"Mount it.*config\.json"):
        Datastore.register_azure_file_share(home, "share", "data", "account")


def test_a_file_share_can_be_a_folder_that_is_mounted(home, tmp_path):
    """The folder that the account has in ``config.json``, and there the share's."""
    home.accounts["account"] = str(tmp_path)
    share = Datastore.register_azure_file_share(home, "share", "data", "account")

    assert share.settings.url == f"file://{tmp_path}/data"


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
