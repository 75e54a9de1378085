"""The same job wherever the data is: a folder, S3, Azure's blobs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from azml_pipelines import Dataset, Datastore
from azml_pipelines.data.file_store import StoreError, StoreLocation, open_store
from azml_pipelines.testing.fault_proxy import FaultProxy
from azml_pipelines.testing.file_store_tests import FileStoreTests

WHERE = """
import json, os
from pathlib import Path

def run(mini_batch):
    names = (path.split("/inputs/data")[1] for path in mini_batch)
    return [
        f"{json.dumps(Path(path).read_text())}|{name}|{os.path.realpath(path)}"
        for path, name in zip(mini_batch, names)
    ]
"""


class _ServerTests(FileStoreTests):
    """The promises of stores, on a server."""

    @pytest.fixture
    def server(self):
        raise NotImplementedError

    @pytest.fixture
    def store(self, server):
        container = f"c{uuid4().hex[:12]}"
        server.make_container(container)
        url = server.url(container, "folder")
        return open_store(StoreLocation(url, server.options()))


class TestS3(_ServerTests):
    """S3 keeps the promises of stores."""

    @pytest.fixture
    def server(self, s3_server):
        return s3_server


class TestAzure(_ServerTests):
    """Azure keeps the promises of stores."""

    @pytest.fixture
    def server(self, azure_server):
        return azure_server


class TestGoogle(_ServerTests):
    """Google Cloud Storage keeps the promises of stores."""

    @pytest.fixture
    def server(self, google_server):
        return google_server


def test_the_same_job_makes_the_same_bytes(lake, local_lake):
    """Input and output on a server or in a folder: equal, mounted or downloaded."""
    digests = {}
    for name, place, mode in (
        ("folder", local_lake, "as_mount"),
        ("mount", lake, "as_mount"),
        ("download", lake, "as_download"),
    ):
        datastore = place.register()
        place.fill(datastore)
        run = place.finish(datastore, mode=mode)
        assert run.get_status() == "Finished", run.state().error
        assert run.verify()
        digests[name] = hashlib.sha256(place.rows(run)).hexdigest()
        # What a script writes beside its rows is delivered, too.
        (notes,) = (place.folder / "out").rglob("notes.txt")
        assert notes.read_text() == "done"
        shutil.rmtree(place.folder / "out")

    assert len(set(digests.values())) == 1, digests


def test_no_secret_is_written_and_none_reaches_a_script(lake):
    """Not into the plan, the catalog, a log or the cache; scripts have no keys."""
    datastore = lake.register()
    lake.fill(datastore, files=3)
    run = lake.finish(datastore)
    rows = lake.rows(run).decode()
    key = (lake.server.key or "s3cret-of-tests").encode()
    found = [
        file
        for file in (lake.folder / "workspace").rglob("*")
        if file.is_file() and key in file.read_bytes()
    ]

    assert [] == found
    assert 3 == rows.count("[]")


def test_a_wrong_bucket_is_found_before_anything_is_written(lake):
    """Within seconds, in one line that names the datastore."""
    datastore = lake.register()
    lake.fill(datastore, files=1)
    Datastore.register_url(
        lake.workspace,
        "lake",
        lake.server.url("nobody-made-this"),
        options=datastore.settings.options,
        overwrite=True,
    )

    with pytest.raises(StoreError, match="lake"):
        lake.submit(Datastore.get(lake.workspace, "lake"))

    assert not (lake.folder / "workspace/.azml/runs").exists() or not any(
        (lake.folder / "workspace/.azml/runs").iterdir()
    )


def test_what_was_fetched_is_not_fetched_again(s3_lake):
    """A second run over the same files takes them from the cache."""
    datastore = s3_lake.register()
    s3_lake.fill(datastore, files=10)
    first = s3_lake.rows(s3_lake.finish(datastore))
    with FaultProxy(s3_lake.server.address) as proxy:
        again = s3_lake.register(proxy.address)
        second = s3_lake.rows(s3_lake.finish(again))
        fetched_once = proxy.requests
        third = s3_lake.rows(s3_lake.finish(again))
        fetched_twice = proxy.requests - fetched_once

    assert first == second == third
    assert fetched_twice <= fetched_once - 10


def test_debug_runs_and_replays_fetch_too(s3_lake, capsys, script):
    """In this process, for a debugger; the output has the same bytes."""
    datastore = s3_lake.register()
    s3_lake.fill(datastore, files=5)
    run = s3_lake.finish(datastore)
    debug = s3_lake.submit(datastore, debug=True)
    capsys.readouterr()
    run.replay(1)
    replayed = capsys.readouterr().out

    assert debug.get_status() == "Finished", debug.state().error
    # In this process, of course, the script finds the secret.
    bare = s3_lake.rows(debug).replace(b"['TESTING_SECRET']", b"[]")
    assert s3_lake.rows(run) == bare
    assert ["0002", "0003"] == [line[:4] for line in replayed.splitlines()]


def test_a_published_notebook_runs_on_a_server_in_place_of_azure(
    workspace, tmp_path, azure_server
):
    """Version 1's call as it stands; ``config.json`` says where the account is."""
    azure_server.make_container("sampledata")
    config = Path(workspace.folder.root, "config.json")
    content = json.loads(config.read_text())
    content["storage"] = {"accounts": {azure_server.account: azure_server.address}}
    config.write_text(json.dumps(content))
    os.environ["AZML_TEST_KEY"] = azure_server.key

    datastore = Datastore.register_azure_blob_container(
        workspace,
        datastore_name="mnist_datastore",
        container_name="sampledata",
        account_name=azure_server.account,
        account_key=azure_server.key,
        overwrite=True,
    )
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist/0.png").write_text("zero")
    datastore.upload(str(tmp_path / "mnist"), "mnist", show_progress=False)
    dataset = Dataset.File.from_files(path=(datastore, "mnist"))
    count = datastore.download(tmp_path / "back", "mnist", show_progress=False)

    assert ["/0.png"] == dataset.to_path()
    assert 1 == count
    assert "zero" == (tmp_path / "back/mnist/0.png").read_text()
    with dataset.mount() as mount:
        assert "zero" == Path(mount.mount_point, "0.png").read_text()


def test_tables_are_read_from_a_server(lake, tmp_path):
    """In the notebook and as the input of a step: the rows of all files, in order."""
    datastore = lake.register()
    (tmp_path / "tables/t").mkdir(parents=True)
    for number in range(3):
        rows = "".join(f'{number},"a\n{row}"\n' for row in range(4))
        (tmp_path / f"tables/t/{number}.csv").write_text(f"n,text\n{rows}")
    datastore.upload(tmp_path / "tables", show_progress=False)
    table = Dataset.Tabular.from_delimited_files(
        (datastore, "t/*.csv"), support_multi_line=True
    )
    script = "def run(mini_batch):\n    return list(mini_batch['n'])\n"
    run = lake.submit_table(table, datastore, script)
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert [0] * 4 + [1] * 4 + [2] * 4 == list(table.to_pandas_dataframe()["n"])
    assert run.get_status() == "Finished", run.state().error
    assert [b"0"] * 4 + [b"1"] * 4 + [b"2"] * 4 == lake.rows(run).split()


def test_partitions_are_read_from_a_server(s3_lake, tmp_path):
    """The values of the keys and the files of the mini-batch, as over a folder."""
    datastore = s3_lake.register()
    for user, season, genre in (("a", "1", "x"), ("a", "2", "x"), ("b", "1", "y")):
        place = tmp_path / "songs" / "s" / user / season
        place.mkdir(parents=True)
        (place / f"{genre}.wav").write_text("sound")
    datastore.upload(tmp_path / "songs", show_progress=False)
    songs = Dataset.File.from_files(
        (datastore, "s/"), partition_format="s/{user}/{season}/{genre}.wav"
    )
    script = (
        "def run(mini_batch, context):\n"
        "    names = context.dataset.to_path()\n"
        "    return [f'{context.partition_key_value} {len(mini_batch)} {len(names)}']\n"
    )
    run = s3_lake.submit_input(
        songs, datastore, script, partition_keys=["user", "genre"]
    )
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert run.get_status() == "Finished", run.state().error
    assert [
        "{'user': 'a', 'genre': 'x'} 2 2",
        "{'user': 'b', 'genre': 'y'} 1 1",
    ] == s3_lake.rows(run).decode().splitlines()


@pytest.mark.parametrize("mode", ["as_mount", "as_download", "direct"])
def test_one_dataset_reads_from_several_stores(
    s3_lake, azure_server, tmp_path, monkeypatch, mode
):
    """S3, Azure and a folder, in the order of the paths; the folder's files stay."""
    s3_lake.fill(s3_lake.register(), files=3)
    azure_server.make_container("several")
    monkeypatch.setenv("TESTING_BLOB_KEY", azure_server.key)
    options = {**azure_server.options(), "account_key": "env:TESTING_BLOB_KEY"}
    url = azure_server.url("several", uuid4().hex)
    azure = Datastore.register_url(s3_lake.workspace, "azure", url, options=options)
    (tmp_path / "here").mkdir()
    here = Datastore.register_local_folder(s3_lake.workspace, "here", tmp_path / "here")
    for store, text in ((azure, "blob"), (here, "file")):
        (tmp_path / "new").mkdir(exist_ok=True)
        for name in ("b", "a"):
            (tmp_path / "new" / name).write_text(f"{text} {name}")
        store.upload(tmp_path / "new", "in", show_progress=False)
    lake = Datastore.get(s3_lake.workspace, "lake")
    files = Dataset.File.from_files(
        path=[(here, "in/b"), (azure, "in"), (lake, "in/*1*"), (here, "in/a")]
    )
    run = s3_lake.submit_input(files, lake, WHERE, mode=mode, mini_batch_size="2")
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert run.get_status() == "Finished", run.state().error
    rows = [line.split("|") for line in s3_lake.rows(run).decode().splitlines()]
    expected = ["file b", "blob a", "blob b", "1\n", "file a"]
    assert expected == [json.loads(row[0]) for row in rows]
    assert ["/here/in/b", "/azure/in/a", "/azure/in/b", "/lake/in/0001 ü.txt"] == [
        row[1] for row in rows[:4]
    ]
    if mode != "as_download":
        assert str(tmp_path / "here/in/b") == rows[0][2]
    assert [row[1] for row in rows] == files.to_path()
    downloaded = files.download(tmp_path / "all")
    assert expected == [Path(path).read_text() for path in downloaded]
    with files.mount() as mounted:
        assert "blob a" == Path(mounted.mount_point, "azure/in/a").read_text()
