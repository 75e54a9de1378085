"""The promises of snapshots."""

from __future__ import annotations

import os
import stat

import pytest

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store import snapshot
from azml_pipelines.store.snapshot import copy_snapshot


@pytest.fixture
def source(tmp_path):
    """A source directory with one script."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "score.py").write_text("def run(mini_batch): ...")
    return source


@pytest.fixture
def names(source, tmp_path):
    """A function that copies the source and lists what was copied."""

    def copied():
        destination = tmp_path / "snapshot"
        copy_snapshot(source, destination)
        return sorted(
            file.relative_to(destination).as_posix()
            for file in destination.rglob("*")
            if not file.is_dir()
        )

    return copied


def write(folder, *paths):
    """Write small files."""
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)


def test_everything_is_copied(source, names):
    """Folders and hidden files included."""
    write(source, "a/b/c.txt", ".hidden")

    assert [".hidden", "a/b/c.txt", "score.py"] == names()


def test_what_no_script_needs_is_left_out(source, names):
    """Storage, history, caches and environments are never copied, at any depth."""
    for folder in (".azml", ".git", "__pycache__", ".venv", ".ipynb_checkpoints"):
        write(source, f"{folder}/a", f"sub/{folder}/a")

    assert ["score.py"] == names()


def test_the_ignore_file_decides(source, names):
    """It is read like .gitignore: folders, wildcards, exceptions."""
    write(source, "data/a.bin", "x.log", "keep.log", "sub/y.log")
    (source / ".amlignore").write_text("# big\ndata/\n*.log\n!keep.log\n")

    assert [".amlignore", "keep.log", "score.py"] == names()


def test_amlignore_wins_over_gitignore(source, names):
    """Only one of them is read."""
    write(source, "a.txt", "b.txt")
    (source / ".gitignore").write_text("a.txt\n")
    (source / ".amlignore").write_text("b.txt\n")

    assert [".amlignore", ".gitignore", "a.txt", "score.py"] == names()


def test_gitignore_holds_when_there_is_no_amlignore(source, names):
    """What is not worth a commit is not worth a copy."""
    write(source, "a.txt")
    (source / ".gitignore").write_text("a.txt\n")

    assert [".gitignore", "score.py"] == names()


def test_links_become_what_they_point_to(source, names, tmp_path):
    """A snapshot does not change when something outside of it does."""
    write(tmp_path, "outside/model.bin")
    (source / "model.bin").symlink_to(tmp_path / "outside" / "model.bin")
    (source / "outside").symlink_to(tmp_path / "outside")

    copied = names()

    assert ["model.bin", "outside/model.bin", "score.py"] == copied
    assert not (tmp_path / "snapshot" / "model.bin").is_symlink()


def test_links_in_a_circle_end(source, names):
    """A link to a parent, and one to nothing, are left out."""
    write(source, "sub/a.txt")
    (source / "sub" / "up").symlink_to(source)
    (source / "nothing").symlink_to(source / "gone")

    assert ["score.py", "sub/a.txt"] == names()


def test_pipes_and_sockets_are_left_out(source, names):
    """Reading one would wait for ever."""
    os.mkfifo(source / "pipe")

    assert ["score.py"] == names()


def test_modes_are_kept(source, names, tmp_path):
    """A program in the source directory can still be started, by its owner alone."""
    (source / "score.py").chmod(0o755)
    names()

    copy = tmp_path / "snapshot" / "score.py"
    assert 0o700 == stat.S_IMODE(copy.stat().st_mode)


def test_a_snapshot_inside_of_its_source_does_not_hold_itself(source):
    """The usual case: the workspace is the source directory."""
    destination = source / ".azml" / "runs" / "1" / "snapshot"

    copy_snapshot(source, destination)

    assert ["score.py"] == [one.name for one in destination.iterdir()]


def test_too_many_bytes_are_refused_by_name(source, names, monkeypatch, tmp_path):
    """The message names the biggest entries and .amlignore; nothing is written."""
    monkeypatch.setattr(snapshot, "MAX_BYTES", 1024**2)
    (source / "data").mkdir()
    (source / "data" / "images.bin").write_bytes(bytes(2 * 1024**2))

    with pytest.raises(UserErrorException, match=r"data \(2 MB\).*\.amlignore"):
        names()

    assert not (tmp_path / "snapshot").exists()


def test_too_many_files_are_refused(source, names, monkeypatch):
    """Ten thousand images belong into a dataset."""
    monkeypatch.setattr(snapshot, "MAX_FILES", 3)
    write(source, "a", "b", "c")

    with pytest.raises(UserErrorException, match="3 files"):
        names()


def test_a_missing_source_is_named(tmp_path):
    """The message repeats what was given."""
    with pytest.raises(UserErrorException, match=r"nowhere' is not a folder"):
        copy_snapshot(tmp_path / "nowhere", tmp_path / "snapshot")
