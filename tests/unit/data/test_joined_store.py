"""Several stores are one, and each keeps its own files."""

from __future__ import annotations

from uuid import uuid4

import pytest

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_store import (
    ChangedFileError,
    MissingFileError,
    StoreLocation,
    open_store,
)
from azml_pipelines.data.joined_store import join, local_place, owner_of
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.node_cache import cache_key
from azml_pipelines.data.remote_files import bring_all
from azml_pipelines.data.remote_listing import list_remote
from azml_pipelines.errors import UserErrorException


@pytest.fixture
def memory(tmp_path):
    """A store in memory that holds ``in/1`` and ``in/2``."""
    location = StoreLocation(f"memory://{uuid4().hex}", name="mind")
    _fill(open_store(location), tmp_path, "mind")
    return location


@pytest.fixture
def folder(tmp_path):
    """A folder that holds ``in/1`` and ``in/2``."""
    location = StoreLocation(folder_url(tmp_path / "folder"), name="disk")
    (tmp_path / "folder").mkdir()
    _fill(open_store(location), tmp_path, "disk")
    return location


def _fill(store, tmp_path, text):
    for number in (1, 2):
        (tmp_path / "source").write_text(f"{text} {number}")
        store.put(tmp_path / "source", f"in/{number}")


def _dataset(*places):
    sources = tuple(
        DataSource(url=one.url, path=path, datastore=one.name, options=one.options)
        for one, path in places
    )
    return DatasetDefinition(kind="file", sources=sources)


def test_files_come_in_the_order_of_the_places(memory, folder):
    """Each below the name of its datastore; a store may come twice."""
    definition = _dataset((folder, "in/2"), (memory, "in"), (folder, "in/*"))

    paths = [file.path for file in list_remote(definition).files]

    assert ["disk/in/2", "mind/in/1", "mind/in/2", "disk/in/1", "disk/in/2"] == paths


def test_stores_of_one_name_are_told_apart(memory):
    """A datastore may have been registered anew meanwhile."""
    other = StoreLocation(f"memory://{uuid4().hex}", name="mind")
    location, names = join([memory, other, memory])

    assert ["mind", "mind-2", "mind"] == names
    assert (memory, "a/b") == owner_of(location, "mind/a/b")
    assert (other, "a/b") == owner_of(location, "mind-2/a/b")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("s3://bucket", "bucket", id="the bucket"),
        pytest.param("s3://bucket/deep/er", "er", id="the last folder"),
        pytest.param("file:///data/.hid*den", "hid_den", id="no pattern, not hidden"),
        pytest.param("file:///", "store", id="nothing at all"),
    ],
)
def test_places_without_a_datastore_are_named_by_their_url(url, name):
    """So that paths tell people something."""
    assert [name] == join([StoreLocation(url)])[1]


def test_whole_stores_can_be_named(memory, folder):
    """An empty path is everything of a store, also here."""
    definition = _dataset((memory, ""), (folder, "/"))

    assert 4 == len(list(list_remote(definition).files))


def test_a_place_that_is_not_there_is_refused(memory, folder):
    """The message names the datastore that lacks it."""
    with pytest.raises(
        UserErrorException, match=r"'not/there' of the datastore 'disk'"
    ):
        list_remote(_dataset((memory, "in"), (folder, "not/there")))


def test_all_are_brought(memory, folder, tmp_path):
    """And then the same files are found in the same order, here."""
    definition = _dataset((folder, "in/2"), (memory, "in"))

    local = bring_all(definition, tmp_path / "here")
    bring_all(local, tmp_path / "again")

    assert "disk 2" == (tmp_path / "here/disk/in/2").read_text()
    assert "mind 1" == (tmp_path / "here/mind/in/1").read_text()
    assert ["disk/in/2", "mind/in"] == [source.path for source in local.sources]
    assert "mind 2" == (tmp_path / "again/mind/in/2").read_text()


def test_a_file_has_one_place_in_a_cache(memory, folder):
    """Whether its dataset reads from one store or from several."""
    joined = list_remote(_dataset((folder, "in"), (memory, "in")))
    alone = list_remote(_dataset((memory, "in")))
    (one, _), (other, _) = list(joined.files)[2:], list(alone.files)

    assert "mind/in/1" == one.path
    assert cache_key(joined.location, one) == cache_key(alone.location, other)


def test_what_is_here_needs_no_fetching(memory, folder, tmp_path):
    """A local file is itself; one of a remote store has no place yet."""
    location, _ = join([memory, folder])

    assert tmp_path / "folder/in/1" == local_place(location, "disk/in/1")
    assert local_place(location, "mind/in/1") is None


def test_it_keeps_the_promises_of_stores(memory, folder, tmp_path):
    """Put, find, fetch, delete and check go to the store that a path names."""
    store = open_store(join([memory, folder])[0])
    store.check()
    (tmp_path / "new").write_text("new")
    put = store.put(tmp_path / "new", "mind/new")
    store.fetch(put, tmp_path / "back")
    (old,) = [file for file in store.files("disk/in") if file.path == "disk/in/1"]
    (tmp_path / "folder/in/1").write_text("another one")
    paths = [file.path for file in store.files()]
    store.delete("mind/new")

    assert "new" == (tmp_path / "back").read_text()
    assert sorted(paths) == paths
    assert "mind/new" in paths
    assert store.find("mind/new") is None
    with pytest.raises(MissingFileError):
        store.fetch(put, tmp_path / "back")
    with pytest.raises(ChangedFileError):
        store.fetch(old, tmp_path / "back")
