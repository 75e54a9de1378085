"""Which files a dataset has, in which order."""

from __future__ import annotations

import os
import socket
import stat

import pytest

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.listing import list_files, single_file
from azml_pipelines.errors import UserErrorException


@pytest.fixture
def tree(tmp_path, write):
    """A small store with a bit of everything."""
    root = tmp_path / "store"
    write(
        root,
        "mnist/1.png",
        "mnist/10.png",
        "mnist/2.png",
        "mnist/a/3.png",
        "mnist/a/b/4.txt",
        "mnist/a.png",
        "mnist/.hidden/5.png",
        "mnist/.6.png",
        "other/7.png",
    )
    return root


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(
            "mnist",
            ["1.png", "10.png", "2.png", "a.png", "a/3.png", "a/b/4.txt"],
            id="a folder is every file below it",
        ),
        pytest.param("/mnist/a/", ["3.png", "b/4.txt"], id="slashes do not matter"),
        pytest.param("mnist/1.png", ["1.png"], id="a file is itself"),
        pytest.param("mnist/.6.png", [".6.png"], id="a hidden file when spelled out"),
        pytest.param("mnist/.hidden", ["5.png"], id="a hidden folder, too"),
        pytest.param("mnist/1*", ["1.png", "10.png"], id="a star"),
        pytest.param("*/*.png", [
            "mnist/1.png", "mnist/10.png", "mnist/2.png", "mnist/a.png", "other/7.png",
        ], id="a star for a folder"),
        pytest.param("mnist/**/*.png", [
            "1.png", "10.png", "2.png", "a.png", "a/3.png",
        ], id="any depth"),
        pytest.param("mnist/a/../1.png", ["1.png"], id="up and down inside"),
        pytest.param("missing", [], id="nothing there"),
        pytest.param("mnist/*.jpg", [], id="nothing matches"),
        pytest.param("mnist/1.png/x", [], id="a file is no folder"),
    ],
)  # fmt: skip
def test_forms(tree, definition, path, expected):
    """Folder, file and pattern; sorted by path; relative to what they share."""
    listing = list_files(definition(tree, path))

    assert list(listing.paths) == expected


def test_every_path_exists_below_the_root(tree, definition):
    """``root`` and a path together are the file."""
    listing = list_files(definition(tree, "mnist/a", "other/*.png"))
    paths = list(listing.paths)

    assert str(tree) == listing.root
    assert ["mnist/a/3.png", "mnist/a/b/4.txt", "other/7.png"] == paths
    assert all((tree / path).is_file() for path in paths)


def test_sources_keep_their_order(tree, definition):
    """The user's order counts, and a file named twice comes twice."""
    listing = list_files(definition(tree, "other", "mnist/2.png", "mnist/1*", "other"))

    assert list(listing.paths) == [
        "other/7.png", "mnist/2.png", "mnist/1.png", "mnist/10.png", "other/7.png",
    ]  # fmt: skip


def test_the_root_is_the_whole_store(tree, definition):
    """An empty path means everything."""
    listing = list_files(definition(tree, ""))

    assert str(tree) == listing.root
    assert len(list(listing.paths)) == 7


def test_order_is_that_of_whole_paths(tmp_path, write, definition):
    """Folders and files mix as their paths sort, not folders first."""
    write(tmp_path, "a/x", "a-b/x", "a.txt", "a0", "B")
    paths = list(list_files(definition(tmp_path, "")).paths)

    assert sorted(paths) == paths


def test_stores_of_different_roots_share_a_root(tmp_path, write):
    """Two datastores in one dataset: the root is what lies above both."""
    write(tmp_path, "one/x/a", "two/b")
    sources = (
        DataSource(url=f"file://{tmp_path}/two", path=""),
        DataSource(url=f"file://{tmp_path}/one/x", path="a"),
    )
    listing = list_files(DatasetDefinition(kind="file", sources=sources))

    assert str(tmp_path) == listing.root
    assert list(listing.paths) == ["two/b", "one/x/a"]


def test_listing_is_lazy(tree, definition, write):
    """Nothing is listed before the first path is asked for."""
    listing = list_files(definition(tree, "mnist"))
    write(tree, "mnist/0.png")

    assert next(listing.paths) == "0.png"


def test_a_missing_folder_is_its_own_root(tree, definition):
    """A script that is given it makes or misses this folder, not the one above."""
    assert list_files(definition(tree, "other/new")).root == str(tree / "other/new")


def test_a_missing_source_among_several_is_an_error(tree, definition):
    """Nobody would miss its items otherwise."""
    with pytest.raises(UserErrorException, match=r"'mnist/nope.png' of datastore"):
        list_files(definition(tree, "mnist/1.png", "mnist/nope.png"))


@pytest.mark.parametrize("path", ["../secret", "mnist/../../secret", "../*"])
def test_no_definition_leaves_its_store(tree, definition, path):
    """A definition may come from a file that somebody edited."""
    with pytest.raises(UserErrorException, match="leads out"):
        list_files(definition(tree, path))


def test_an_unknown_kind_of_store_is_refused(definition, tmp_path):
    """The message names it."""
    source = DataSource(url="unheard-of://container", path="x")

    with pytest.raises(UserErrorException, match="unheard-of://container"):
        list_files(DatasetDefinition(kind="file", sources=(source,)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list everything")
def test_a_folder_nobody_may_read(tree, definition):
    """Files that cannot be seen must not be left out silently."""
    (tree / "mnist/a").chmod(0)

    with pytest.raises(UserErrorException, match="cannot be listed"):
        list(list_files(definition(tree, "mnist")).paths)


class TestLinks:
    """Links and other things that are no plain files."""

    def test_links_inside_of_the_store_are_followed(self, tree, definition):
        """A link to a file or folder of the same store is one."""
        (tree / "links").mkdir()
        (tree / "links/file").symlink_to("../other/7.png")
        (tree / "links/folder").symlink_to("../mnist/a")
        paths = list(list_files(definition(tree, "links")).paths)

        assert paths == ["file", "folder/3.png", "folder/b/4.txt"]

    def test_circles_end(self, tree, definition):
        """Links to a folder above, to themselves and to each other stop the walk."""
        (tree / "other/up").symlink_to("..")
        (tree / "other/self").symlink_to("self")
        (tree / "mnist/a/over").symlink_to("../../other")
        (tree / "other/over").symlink_to("../mnist/a")
        paths = list(list_files(definition(tree, "other")).paths)

        assert "7.png" in paths
        assert len(paths) < 100

    def test_dangling_links_are_no_files(self, tree, definition):
        """There is nothing to open."""
        (tree / "other/gone").symlink_to("nowhere")

        assert list(list_files(definition(tree, "other")).paths) == ["7.png"]

    @pytest.mark.parametrize("path", ["other", "other/*", "other/out", "other/out.txt"])
    def test_links_out_of_the_store_are_refused(
        self, tree, tmp_path, definition, write, path
    ):
        """Data may come from strangers; its links must not read the user's files."""
        write(tmp_path, "private/out.txt")
        (tree / "other/out").symlink_to(tmp_path / "private")
        (tree / "other/out.txt").symlink_to(tmp_path / "private/out.txt")

        with pytest.raises(UserErrorException, match="is a link to"):
            list(list_files(definition(tree, path)).paths)

    def test_a_local_path_may_be_a_link(self, tree, tmp_path, definition):
        """The user named this very path."""
        (tmp_path / "here").mkdir()
        (tmp_path / "here/data").symlink_to(tree / "other")
        (tmp_path / "here/7.png").symlink_to(tree / "other/7.png")
        folder = definition(tmp_path / "here", "data", datastore=None)
        file = definition(tmp_path / "here", "7.png", datastore=None)

        assert list(list_files(folder).paths) == ["7.png"]
        assert list(list_files(file).paths) == ["7.png"]

    def test_hard_links_are_files(self, tree, definition):
        """Each name is one, although the bytes are the same."""
        os.link(tree / "other/7.png", tree / "other/8.png")

        assert list(list_files(definition(tree, "other")).paths) == ["7.png", "8.png"]

    def test_devices_are_no_files(self, tree, definition):
        """Neither by folder nor by name: reading one may never end."""
        try:
            os.mknod(tree / "other/zero", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        except PermissionError:
            pytest.skip("NOT RUN: only root can make a device")

        assert list(list_files(definition(tree, "other")).paths) == ["7.png"]
        assert list(list_files(definition(tree, "other/zero")).paths) == []

    def test_a_folder_may_look_like_a_file(self, tree, definition, write):
        """It is not read as one; what is in it is found."""
        write(tree, "other/x.csv/inner.csv")

        assert list(list_files(definition(tree, "other/*.csv")).paths) == []
        assert list(list_files(definition(tree, "other/x.csv")).paths) == ["inner.csv"]

    def test_pipes_and_sockets_are_never_opened(self, tree, definition, monkeypatch):
        """Neither by folder nor by name; opening a pipe would wait for ever."""
        os.mkfifo(tree / "other/pipe")
        monkeypatch.chdir(tree / "other")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")

        assert list(list_files(definition(tree, "other")).paths) == ["7.png"]
        assert list(list_files(definition(tree, "other/pipe")).paths) == []


@pytest.mark.parametrize(
    "name",
    [
        "emoji 😀", "rtl \u202e gnp", "new\nline", "tab\t", "esc\x1b[31m", "'\"",
        "-leading", "end ", "n" * 255, "cafe\u0301", "caf\xe9", "[1]?", "%20", "\\",
        os.fsdecode(b"bytes \xff\xfe"),
    ],
)  # fmt: skip
def test_any_name_is_found(tmp_path, definition, name):
    """File names are data: found as they are, never interpreted."""
    (tmp_path / name).touch()
    listing = list_files(definition(tmp_path, ""))

    assert list(listing.paths) == [name]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(["mnist/1.png"], "mnist/1.png", id="one file"),
        pytest.param(["other"], None, id="a folder, though it holds one file"),
        pytest.param(["other/*.png"], None, id="a pattern, though one file matches"),
        pytest.param(["mnist/1.png", "other/7.png"], None, id="two files"),
        pytest.param(["missing.png"], None, id="no file"),
    ],
)
def test_single_file(tree, definition, paths, expected):
    """Only a dataset that names exactly one file is that file."""
    single = single_file(definition(tree, *paths))

    assert single == (expected and str(tree / expected))


def test_a_deep_tree(tmp_path, definition):
    """Depth is no recursion."""
    folder = tmp_path
    for _ in range(400):
        folder /= "d"
    folder.mkdir(parents=True)
    (folder / "file").touch()

    assert list(list_files(definition(tmp_path, "")).paths) == ["d/" * 400 + "file"]
