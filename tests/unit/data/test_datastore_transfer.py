"""Uploads and downloads, by version 1's rules."""

from __future__ import annotations

import logging
import os

import pytest

from azml_pipelines.errors import UserErrorException


@pytest.fixture
def source(tmp_path, write):
    """A local folder to upload."""
    folder = tmp_path / "source"
    write(folder, "a.txt", "sub/b.txt", "sub/.hidden")
    return folder


def test_upload_copies_the_contents(store, root, source, files_in):
    """Not the folder itself; hidden files, too."""
    reference = store.upload(source, "images/", show_progress=False)

    assert files_in(root) == {
        "images/a.txt": "a.txt",
        "images/sub/.hidden": "sub/.hidden",
        "images/sub/b.txt": "sub/b.txt",
    }
    assert reference.datastore is store
    assert reference.path_on_datastore == "images/"


def test_upload_to_the_root(store, root, source, files_in):
    """Without a target, the root of the datastore is meant."""
    reference = store.upload(str(source), show_progress=False)

    assert set(files_in(root)) == {"a.txt", "sub/.hidden", "sub/b.txt"}
    assert reference.path_on_datastore is None


def test_existing_files_are_kept_unless_overwritten(
    store, root, source, write, files_in, caplog
):
    """They are skipped with a logged warning that names them."""
    write(root, "a.txt", text="old")
    with caplog.at_level(logging.WARNING):
        store.upload(source, show_progress=False)

    assert files_in(root)["a.txt"] == "old"
    assert files_in(root)["sub/b.txt"] == "sub/b.txt"
    assert f"{root / 'a.txt'} exists already" in caplog.text

    store.upload(source, overwrite=True, show_progress=False)

    assert files_in(root)["a.txt"] == "a.txt"


def test_progress_is_one_line(store, source, capsys):
    """On standard output, unless switched off."""
    store.upload(source, "x")
    store.upload(source, "x")
    store.upload(source, "y", show_progress=False)

    assert capsys.readouterr().out == (
        "Uploaded 3 files to workspaceblobstore:x.\n"
        "Uploaded 0 files to workspaceblobstore:x (3 kept as they were).\n"
    )


def test_an_interrupted_copy_leaves_nothing(store, root, source, monkeypatch):
    """A file appears whole or not at all."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.upload(source, show_progress=False)

    assert list(root.iterdir()) == []


@pytest.mark.parametrize("target", ["../x", "a/../../x"])
def test_a_target_stays_in_the_datastore(store, source, target):
    """``..`` cannot lead out of it."""
    with pytest.raises(UserErrorException, match="leads out"):
        store.upload(source, target)
    with pytest.raises(UserErrorException, match="leads out"):
        store.upload_files([source / "a.txt"], target_path=target)


def test_an_upload_does_not_follow_links_out(store, root, source, tmp_path):
    """Neither through a linked folder nor onto a linked file."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.txt").write_text("mine")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "a.txt").symlink_to(tmp_path / "outside/a.txt")

    with pytest.raises(UserErrorException, match="is a link"):
        store.upload(source, "out", overwrite=True, show_progress=False)
    store.upload(source, overwrite=True, show_progress=False)

    assert (tmp_path / "outside/a.txt").read_text() == "mine"
    assert (root / "a.txt").read_text() == "a.txt"


def test_there_must_be_a_folder(store, tmp_path):
    """The message says where it was looked for."""
    with pytest.raises(UserErrorException, match="There is no folder"):
        store.upload(tmp_path / "nope")


class TestUploadFiles:
    """Single files, and what their paths become."""

    def test_the_nearest_common_folder_is_the_root(self, store, root, source, files_in):
        """By default, what all files share is left out."""
        store.upload_files(
            [source / "a.txt", str(source / "sub/b.txt")], show_progress=False
        )

        assert set(files_in(root)) == {"a.txt", "sub/b.txt"}

    def test_one_file_comes_without_folders(self, store, root, source, files_in):
        """Its own folder is the root."""
        reference = store.upload_files(
            [source / "sub/b.txt"], target_path="t", show_progress=False
        )

        assert set(files_in(root)) == {"t/b.txt"}
        assert reference.path_on_datastore == "t"

    def test_a_given_root(self, store, root, source, files_in, monkeypatch):
        """As the notebooks call it, relative to the working directory."""
        monkeypatch.chdir(source)
        store.upload_files(
            ["./sub/b.txt"], ".", "dir", overwrite=True, show_progress=False
        )

        assert set(files_in(root)) == {"dir/sub/b.txt"}

    def test_a_file_elsewhere(self, store, source):
        """A file outside of the given root has no path to keep."""
        with pytest.raises(UserErrorException, match="relative_root"):
            store.upload_files([source / "a.txt"], source / "sub")

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            pytest.param([], "at least one", id="none"),
            pytest.param("a.txt", "must be a list", id="text is no list"),
            pytest.param(["nope.txt"], "does not exist", id="missing"),
            pytest.param(["sub"], r"use upload\(\)", id="a folder"),
        ],
    )
    def test_bad_files(self, store, root, source, monkeypatch, files, message):
        """Nothing is uploaded before every file is known to exist."""
        monkeypatch.chdir(source)
        with pytest.raises(UserErrorException, match=message):
            store.upload_files(files)

        assert list(root.iterdir()) == []


class TestDownload:
    """A prefix is text, not a folder."""

    @pytest.fixture(autouse=True)
    def _data(self, root, write):
        write(root, "img/1.png", "img/10.png", "img/1/a.png", "img/2.png", "model.pkl")
        write(root, ".top", "img/.azml-unfinished-123")

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            pytest.param(
                "img/1", ["img/1.png", "img/1/a.png", "img/10.png"], id="text"
            ),
            pytest.param("img/1/", ["img/1/a.png"], id="a slash makes it a folder"),
            pytest.param("model.pkl", ["model.pkl"], id="a file"),
            pytest.param("/model", ["model.pkl"], id="a leading slash"),
            pytest.param(".t", [".top"], id="hidden"),
            pytest.param("nope/x", [], id="nothing"),
            pytest.param("*", [], id="no wildcards"),
        ],
    )
    def test_prefix(self, store, tmp_path, files_in, prefix, expected):
        """Files keep their whole path; the count is returned."""
        count = store.download(tmp_path / "target", prefix, show_progress=False)

        assert len(expected) == count
        assert expected == sorted(files_in(tmp_path / "target"))
        assert (tmp_path / "target").is_dir()

    def test_everything(self, store, tmp_path, files_in):
        """Without a prefix; unfinished copies of others are no files."""
        count = store.download(str(tmp_path / "target"), show_progress=False)

        assert count == 6
        assert "img/.azml-unfinished-123" not in files_in(tmp_path / "target")

    def test_the_iris_notebook(self, store, tmp_path):
        """A folder called like the file holds the file."""
        store.download(tmp_path / "model.pkl", "model.pkl", show_progress=False)

        assert (tmp_path / "model.pkl/model.pkl").read_text() == "model.pkl"

    def test_existing_files_are_not_counted(self, store, tmp_path, caplog, capsys):
        """They are kept with a warning, unless overwritten."""
        store.download(tmp_path / "t", "img/1", show_progress=False)
        (tmp_path / "t/img/1.png").write_text("mine")
        with caplog.at_level(logging.WARNING):
            again = store.download(tmp_path / "t", "img/")

        assert again == 1
        assert "img/1.png exists already" in caplog.text
        assert (tmp_path / "t/img/1.png").read_text() == "mine"
        assert capsys.readouterr().out == (
            "Downloaded 1 files from workspaceblobstore:img/ (3 kept as they were).\n"
        )

        store.download(tmp_path / "t", "img/1.png", overwrite=True, show_progress=False)

        assert (tmp_path / "t/img/1.png").read_text() == "img/1.png"

    @pytest.mark.parametrize("prefix", ["../", "../x", "img/../../x"])
    def test_a_prefix_stays_in_the_datastore(self, store, tmp_path, prefix):
        """``..`` cannot lead out of it."""
        with pytest.raises(UserErrorException, match="leads out"):
            store.download(tmp_path / "t", prefix)

    def test_into_the_datastore_itself(self, store, root):
        """What is being written is not copied again."""
        count = store.download(root / "img/copy", "img/", show_progress=False)

        assert count == 4

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_where_nobody_may_write(self, store, tmp_path):
        """The message names both files and what to check."""
        (tmp_path / "t").mkdir(mode=0o500)

        with pytest.raises(UserErrorException, match=r"Copying .* failed"):
            store.download(tmp_path / "t", "model.pkl")
