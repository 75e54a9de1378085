"""Azure's hierarchical namespaces: other order, and folders that are entries."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from uuid import uuid4

import pytest
from azure.storage.blob import BlobServiceClient

from azml_pipelines import Dataset, Datastore
from azml_pipelines.data.file_store import StoreError, StoreLocation, open_store
from azml_pipelines.testing.hierarchical_store import hierarchical_store

NAMES = ["a/x", "a/y/z", "a.txt", "b/1", "b-1/2", "c"]
"""In the order of such a store; by path it is another one."""


@pytest.fixture
def address(azure_server):
    """Of a server with a hierarchical namespace."""
    with hierarchical_store(azure_server.address) as address:
        yield address


def _filled(lake, datastore):
    for name in NAMES:
        path = lake.folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}")
    (lake.folder / "tree/empty").touch()
    datastore.upload(lake.folder / "tree", "tree", show_progress=False)


def test_files_come_by_path_and_folders_are_none(make_lake, azure_server, address):
    """Registered as unsorted; the bytes are those of a run over a folder."""
    lake = make_lake(azure_server)
    datastore = lake.register(address, unsorted=True)
    _filled(lake, datastore)
    files = Dataset.File.from_files((datastore, "tree"))

    assert files.to_path() == [f"/{name}" for name in sorted([*NAMES, "empty"])]
    (path,) = Dataset.File.from_files((datastore, "tree/b-1")).download()
    assert "text of b-1/2" == Path(path).read_text()


def test_a_job_is_the_same_as_over_a_folder(make_lake, azure_server, address):
    """Input and output; with the folders of the output, which are entries, too."""
    digests = []
    for server in (None, azure_server):
        lake = make_lake(server)
        more = {"unsorted": True} if server else {}
        datastore = lake.register(address if server else None, **more)
        lake.fill(datastore, files=8)
        run = lake.finish(datastore)
        assert run.get_status() == "Finished", run.state().error
        digests.append(hashlib.sha256(lake.rows(run)).hexdigest())

    assert digests[0] == digests[1]


def test_a_store_in_another_order_is_not_read_in_part(make_lake, azure_server, address):
    """Without the option the message says which one to give."""
    lake = make_lake(azure_server)
    datastore = lake.register(address)
    _filled(lake, datastore)

    with pytest.raises(StoreError, match="unsorted=True"):
        Dataset.File.from_files((datastore, "tree")).to_path()


def test_version_1s_call_reads_a_public_file_system(
    workspace, tmp_path, azure_server, address
):
    """``config.json`` says where the account is; the call stays as it is."""
    name = f"public{uuid4().hex}"
    url = azure_server.url(name)
    service = BlobServiceClient(azure_server.address, azure_server.key)
    with service.get_container_client(name) as container:
        container.create_container(public_access="container")
    store = open_store(StoreLocation(url, azure_server.options()))
    (tmp_path / "one").write_text("x")
    for path in ("t/a.txt", "t/a/x"):
        store.put(tmp_path / "one", path)
    config = Path(workspace.folder.root, "config.json")
    content = json.loads(config.read_text())
    content["storage"] = {"accounts": {azure_server.account: address}}
    config.write_text(json.dumps(content))

    lake = Datastore.register_azure_data_lake_gen2(
        workspace, "gen2", name, azure_server.account
    )
    files = Dataset.File.from_files((lake, "t"))

    assert "AzureDataLakeGen2" == lake.datastore_type
    assert ["/a.txt", "/a/x"] == files.to_path()
    assert 2 == len(files.download(tmp_path / "back"))
