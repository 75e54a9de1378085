"""Remote datasets: the rules of local ones, and what comes of them on this machine."""

from __future__ import annotations

from uuid import uuid4

import pytest

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.file_store import StoreError, StoreLocation, open_store
from azml_pipelines.data.listing import list_files, single_file
from azml_pipelines.data.node_cache import NodeCache
from azml_pipelines.data.remote_files import bring_all
from azml_pipelines.data.remote_listing import list_remote
from azml_pipelines.errors import UserErrorException

FILES = (
    "images/a/1.png",
    "images/a/2.txt",
    "images/b/3.png",
    "images/.hidden/4.png",
    "images2/5.png",
    "labels.txt",
)


@pytest.fixture
def url(tmp_path):
    """A place in memory with some files; each holds its own path."""
    url = f"memory://{uuid4().hex}/root"
    store = open_store(StoreLocation(url))
    for path in FILES:
        (tmp_path / "source").write_text(path)
        store.put(tmp_path / "source", path)
    return url


def _dataset(url, *paths):
    sources = tuple(DataSource(url=url, path=path, datastore="x") for path in paths)
    return DatasetDefinition(kind="file", sources=sources)


@pytest.mark.parametrize(
    ("path", "root", "found"),
    [
        ("images", "images", ["a/1.png", "a/2.txt", "b/3.png"]),
        ("images/", "images", ["a/1.png", "a/2.txt", "b/3.png"]),
        ("images/*/*.png", "images", ["a/1.png", "b/3.png"]),
        ("**/*.txt", "", ["images/a/2.txt", "labels.txt"]),
        ("labels.txt", "", ["labels.txt"]),
        ("images/a/1.png", "images/a", ["1.png"]),
        ("images/.hidden/*", "images/.hidden", ["4.png"]),
        ("nothing", "nothing", []),
        ("", "", ["images/a/1.png", "images/a/2.txt", "images/b/3.png",
                  "images2/5.png", "labels.txt"]),
    ],
)  # fmt: skip
def test_paths_mean_what_they_mean_in_folders(url, path, root, found):
    """Files, folders, wildcards; names with a dot only where they are spelled out."""
    listing = list_files(_dataset(url, path))

    assert listing.root.rstrip("/") == f"{url}/{root}".rstrip("/")
    assert found == list(listing.paths)


def test_several_sources_come_in_their_order(url):
    """Paths are relative to the folder that all of them share."""
    listing = list_remote(_dataset(url, "images/b", "images/a/1.png"))

    assert ["b/3.png", "a/1.png"] == [file.path for file in listing.files]


def test_one_of_several_that_is_missing(url):
    """Its items would be missed by nobody."""
    with pytest.raises(UserErrorException, match="nope"):
        list_files(_dataset(url, "images", "nope"))


def test_names_that_lead_out_of_a_folder_are_refused(tmp_path):
    """A store allows them; a local folder must not be left."""
    url = f"memory://{uuid4().hex}"
    store = open_store(StoreLocation(url))
    (tmp_path / "x").touch()
    store.put(tmp_path / "x", "a/" + "x" * 300)

    with pytest.raises(StoreError, match="no local file"):
        list(list_files(_dataset(url, "")).paths)


def test_files_are_downloaded_and_mounted(url, tmp_path):
    """At the paths that ``to_path`` names."""
    dataset = FileDataset(_dataset(url, "images"))
    written = dataset.download(tmp_path / "down")
    with dataset.mount(tmp_path / "mount") as mount:
        mounted = (tmp_path / "mount/a/1.png").read_text()

    assert ["/a/1.png", "/a/2.txt", "/b/3.png"] == dataset.to_path()
    assert [f"{tmp_path}/down{path}" for path in dataset.to_path()] == written
    assert "images/a/1.png" == mounted == (tmp_path / "down/a/1.png").read_text()
    assert not (tmp_path / "mount/a").exists()
    assert mount.mount_point == str(tmp_path / "mount")


def test_nothing_is_overwritten_unasked(url, tmp_path):
    """As with local files."""
    dataset = FileDataset(_dataset(url, "labels.txt"))
    dataset.download(tmp_path)

    with pytest.raises(UserErrorException, match="exists already"):
        dataset.download(tmp_path)


@pytest.mark.parametrize("cached", [True, False])
def test_a_dataset_brought_here_lists_the_same_files(url, tmp_path, cached):
    """With their paths from the root of the store, and a single file stays one."""
    cache = NodeCache(tmp_path / "cache") if cached else None
    definition = _dataset(url, "images/*/*.png", "labels.txt")
    local = bring_all(definition, tmp_path / "all", cache)
    single = bring_all(_dataset(url, "labels.txt"), tmp_path / "one", cache)

    assert list(list_files(definition).paths) == list(list_files(local).paths)
    assert str(tmp_path / "all") == list_files(local).root
    assert str(tmp_path / "one/labels.txt") == single_file(single)
    assert "images/b/3.png" == (tmp_path / "all/images/b/3.png").read_text()
