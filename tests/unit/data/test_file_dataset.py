"""Datasets of files: listed, downloaded, mounted, named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from azml_pipelines.data.dataset import Dataset
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.errors import NotAvailableError, UserErrorException


@pytest.fixture
def images(store, root, write):
    """Three files below ``mnist``."""
    write(root, "mnist/0.png", "mnist/1.png", "mnist/sub/2.png", "other.txt")
    return Dataset.File.from_files((store, "mnist/"))


def test_the_tutorials_way(store, root, write):
    """A reference, made before its files exist, and read afterwards."""
    dataset = Dataset.File.from_files(path=store.path("mnist/"), validate=False)
    write(root, "mnist/0.png")

    assert type(dataset) is FileDataset
    assert dataset.to_path() == ["/0.png"]
    assert dataset.definition == DatasetDefinition(
        kind="file",
        sources=(
            DataSource(
                url=f"file://{root}", path="mnist", datastore="workspaceblobstore"
            ),
        ),
    )


def test_paths_are_relative_to_what_files_share(images):
    """Each with a leading slash, in order."""
    assert images.to_path() == ["/0.png", "/1.png", "/sub/2.png"]


def test_local_files(tmp_path, write, monkeypatch):
    """Our extension: plain paths, patterns, lists."""
    write(tmp_path, "img/a.png", "img/b.jpg")
    monkeypatch.chdir(tmp_path)

    assert Dataset.File.from_files("img").to_path() == ["/a.png", "/b.jpg"]
    assert Dataset.File.from_files("img/*.png").to_path() == ["/a.png"]
    assert Dataset.File.from_files(Path("img/b.jpg")).to_path() == ["/b.jpg"]
    assert Dataset.File.from_files(["img/b.jpg", "img/a.png"]).to_path() == [
        "/b.jpg", "/a.png",
    ]  # fmt: skip


def test_a_partition_format(store, root, write):
    """Values are found in paths, and files that do not match are named."""
    write(root, "a/1.png", "a/2.png")
    dataset = Dataset.File.from_files((store, "a"), partition_format="/a/{x}.png")
    values = dataset.get_partition_key_values()
    with pytest.raises(UserErrorException, match="has the partition keys x"):
        dataset.get_partition_key_values(["y"])
    write(root, "a/3.jpg")

    assert [{"x": "1"}, {"x": "2"}] == values
    with pytest.raises(UserErrorException, match=r"'3\.jpg' does not match"):
        Dataset.File.from_files((store, "a"), partition_format="/a/{x}.png")
    with pytest.raises(ValueError, match="names no column"):
        Dataset.File.from_files((store, "a"), partition_format="/a/*.png")


def test_operations_on_files(store, root, write):
    """Each gives a new dataset; the files are chosen while they are listed."""
    write(root, *(f"a/{n}.txt" for n in range(10)), text="x")
    (root / "a/7.txt").write_text("longer")
    dataset = Dataset.File.from_files((store, "a"))
    first, second = dataset.random_split(0.5, seed=1)
    large = dataset.filter(dataset.file_metadata("Size") > 2)

    assert ["/2.txt", "/3.txt"] == dataset.skip(2).take(2).to_path()
    assert ["/7.txt"] == large.to_path()
    assert sorted([*first.to_path(), *second.to_path()]) == dataset.to_path()
    assert 10 == len(dataset.to_path())


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda size, _: size + 1, "has to be true or false"),
        (lambda _, extension: extension > 5, "do not go together"),
    ],
)
def test_filters_that_are_no_conditions(images, build, says):
    """One line, where the files are listed."""
    size, extension = (images.file_metadata(name) for name in ("Size", "Extension"))
    chosen = images.filter(build(size, extension))

    with pytest.raises(UserErrorException, match=f"files cannot be chosen: .*{says}"):
        chosen.to_path()


def test_is_file_warns_as_version_1_does(store):
    """It skips the validation that was asked for."""
    with pytest.warns(UserWarning, match="is_file=True skips"):
        Dataset.File.from_files((store, "a.png"), is_file=True)

    Dataset.File.from_files((store, "a.png"), validate=False, is_file=True)


def test_a_tabular_definition_is_none_of_files(images):
    """The kind is part of the definition."""
    tabular = images.definition.model_copy(update={"kind": "tabular"})

    with pytest.raises(UserErrorException, match="tabular"):
        FileDataset(tabular)


class TestDownload:
    """Copies at ``target_path/<entry of to_path()>``."""

    def test_into_a_folder(self, images, tmp_path, files_in):
        """The absolute paths of the copies are returned, in order."""
        paths = images.download(tmp_path / "t")

        assert paths == [
            f"{tmp_path}/t/0.png", f"{tmp_path}/t/1.png", f"{tmp_path}/t/sub/2.png",
        ]  # fmt: skip
        assert files_in(tmp_path / "t")["sub/2.png"] == "mnist/sub/2.png"

    def test_into_a_relative_folder(self, images, tmp_path, monkeypatch):
        """Returned paths are absolute even then."""
        monkeypatch.chdir(tmp_path)

        assert images.download("t")[0] == f"{tmp_path}/t/0.png"

    def test_without_a_folder(self, images, tmp_path, monkeypatch):
        """A temporary one is made."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        first = images.download()
        second = images.download()

        assert len({*first, *second}) == 6
        assert all(Path(path).is_file() for path in first + second)

    def test_existing_files_stop_it(self, images, tmp_path, files_in):
        """Before anything is copied; ``overwrite`` replaces them."""
        (tmp_path / "t/sub").mkdir(parents=True)
        (tmp_path / "t/sub/2.png").write_text("mine")

        with pytest.raises(UserErrorException, match=r"sub/2\.png.* exists already"):
            images.download(tmp_path / "t")

        assert files_in(tmp_path / "t") == {"sub/2.png": "mine"}

        images.download(tmp_path / "t", overwrite=True)

        assert files_in(tmp_path / "t")["sub/2.png"] == "mnist/sub/2.png"

    def test_files_named_twice_are_copied_once(self, store, root, write, tmp_path):
        """Two sources may overlap."""
        write(root, "a/1", "a/2")
        dataset = Dataset.File.from_files([(store, "a"), (store, "a/1")])

        assert dataset.to_path() == ["/1", "/2", "/1"]
        assert dataset.download(tmp_path / "t") == [
            f"{tmp_path}/t/1", f"{tmp_path}/t/2",
        ]  # fmt: skip

    def test_files_that_vanish(self, images, root, tmp_path, monkeypatch):
        """An error, unless the caller can do without them."""
        import shutil

        copyfile = shutil.copyfile

        def vanishing(source, target):
            if source.name == "1.png":
                source.unlink(missing_ok=True)
            return copyfile(source, target)

        monkeypatch.setattr("shutil.copyfile", vanishing)
        listing = images.definition
        with pytest.raises(UserErrorException, match=r"'1\.png' .* vanished"):
            FileDataset(listing).download(tmp_path / "t")
        (root / "mnist/1.png").touch()

        paths = images.download(tmp_path / "u", ignore_not_found=True)

        assert [Path(path).name for path in paths] == ["0.png", "2.png"]


class TestMount:
    """A folder of links for as long as the ``with`` statement lasts."""

    def test_files_appear_and_disappear(self, images, tmp_path, files_in):
        """The folder was made for them, and goes with them."""
        with images.mount(tmp_path / "m") as mount:
            seen = files_in(Path(mount.mount_point))

        assert seen["sub/2.png"] == "mnist/sub/2.png"
        assert len(seen) == 3
        assert not (tmp_path / "m").exists()

    def test_without_a_folder(self, images, root):
        """A temporary one is made; the data stays when it goes."""
        context = images.mount()
        context.start()
        context.start()
        where = Path(context.mount_point)

        assert (where / "0.png").read_text() == "mnist/0.png"

        context.stop()
        context.stop()

        assert not where.exists()
        assert (root / "mnist/0.png").exists()

    def test_what_others_wrote_stays(self, images, tmp_path, files_in):
        """Only our links are taken away."""
        with images.mount(tmp_path / "m"):
            (tmp_path / "m/mine.txt").write_text("mine")

        assert files_in(tmp_path / "m") == {"mine.txt": "mine"}

    def test_it_may_be_mounted_again(self, images, tmp_path):
        """Start, stop, start."""
        context = images.mount(tmp_path / "m")
        with context:
            pass
        with context:
            assert (tmp_path / "m/0.png").exists()

    def test_the_folder_must_be_empty(self, images, tmp_path):
        """Files that are there would be hidden, or mixed with the dataset's."""
        (tmp_path / "m").mkdir()
        (tmp_path / "m/x").touch()

        with pytest.raises(UserErrorException, match="not an empty folder"):
            images.mount(tmp_path / "m")
        with pytest.raises(UserErrorException, match="not an empty folder"):
            images.mount(tmp_path / "m/x")

    def test_where_links_cannot_be_made(self, images, tmp_path, monkeypatch, files_in):
        """Files are copied instead."""

        def refused(*_):
            raise PermissionError(1, "no links here")

        monkeypatch.setattr("pathlib.Path.symlink_to", refused)
        with images.mount(tmp_path / "m"):
            assert len(files_in(tmp_path / "m")) == 3
            assert not (tmp_path / "m/0.png").is_symlink()


class TestAsInput:
    """What steps are given."""

    def test_named(self, images):
        """Direct, until it is mounted."""
        config = images.as_named_input("images")
        mounted = config.as_mount("/tmp/x")

        assert (config.name, config.mode) == ("images", "direct")
        assert config.dataset is images
        assert (mounted.name, mounted.mode) == ("images", "mount")
        assert mounted.path_on_compute == "/tmp/x"
        assert config.mode == "direct"

    def test_unnamed(self, images):
        """A name is made up."""
        mounted = images.as_mount()
        downloaded = images.as_download("data")

        assert mounted.mode == "mount"
        assert mounted.name.startswith("input__")
        assert mounted.name != downloaded.name
        assert (downloaded.mode, downloaded.path_on_compute) == ("download", "data")

    def test_hdfs_needs_azure(self, images):
        """One clear error."""
        with pytest.raises(NotAvailableError, match="not available without Azure"):
            images.as_hdfs()


class TestUploadDirectory:
    """Upload and dataset in one call."""

    def test_everything(self, store, root, tmp_path, write):
        """The dataset is what is in the target afterwards."""
        write(tmp_path / "src", "a.png", "sub/b.txt")
        dataset = Dataset.File.upload_directory(
            tmp_path / "src", (store, "t"), show_progress=False
        )

        assert dataset.to_path() == ["/a.png", "/sub/b.txt"]
        assert (root / "t/sub/b.txt").exists()

    def test_a_pattern(self, store, tmp_path, write):
        """Only files that match are copied."""
        write(tmp_path / "src", "a.png", "sub/b.txt", "sub/c.png")
        one = Dataset.File.upload_directory(
            tmp_path / "src", (store, "one"), "*.png", show_progress=False
        )
        deep = Dataset.File.upload_directory(
            tmp_path / "src", (store, "deep"), "sub/**/*.png", show_progress=False
        )

        assert one.to_path() == ["/a.png"]
        assert deep.to_path() == ["/sub/c.png"]

    def test_bad_target(self, tmp_path):
        """The message says what it may be."""
        with pytest.raises(UserErrorException, match="target must be"):
            Dataset.File.upload_directory(tmp_path, "somewhere")


def test_the_time_of_the_newest_file(tmp_path):
    """In UTC; a dataset without files has none."""
    for name, seconds in (("old", 1_000), ("new", 2_000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    some = Dataset.File.from_files(str(tmp_path))
    none = Dataset.File.from_files(str(tmp_path / "*.png"))

    assert 2_000 == some.data_changed_time.timestamp()
    assert none.data_changed_time is None
