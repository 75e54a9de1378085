"""No file that was written since a moment is overlooked."""

from __future__ import annotations

import os
import time

import pytest

from azml_pipelines.data.written_since import written_since


def rewritten(folder):
    """Change a file in place, and make it look as old as before."""
    file = folder / "deep" / "deeper" / "7.txt"
    age = file.stat().st_mtime
    file.write_text("other")
    os.utime(file, (age, age))


def renamed(folder):
    """Give a file another name."""
    (folder / "deep" / "0.txt").rename(folder / "deep" / "zero.txt")


CHANGES = [
    pytest.param(rewritten, id="rewritten in place, with its old age"),
    pytest.param(renamed, id="renamed"),
    pytest.param(lambda folder: (folder / "new").touch(), id="added"),
    pytest.param(lambda folder: (folder / "deep" / "3.txt").unlink(), id="removed"),
    pytest.param(lambda folder: (folder / "deep" / "x").mkdir(), id="a new folder"),
]


@pytest.fixture
def folder(tmp_path):
    """Files in folders in folders, one of which is a link in a circle."""
    folder = tmp_path / "data"
    deeper = folder / "deep" / "deeper"
    deeper.mkdir(parents=True)
    for number in range(10):
        (folder / "deep" / f"{number}.txt").touch()
        (deeper / f"{number}.txt").touch()
    (deeper / "round").symlink_to(folder)
    return folder


def now(folder):
    """Return a moment that lies behind everything so far, by the clock of files."""
    moment = time.time()
    probe = folder.parent / "probe"
    while True:
        probe.touch()
        if probe.stat().st_ctime > moment + 0.01:
            return moment + 0.005


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_changed_is_seen(folder, change):
    """Before it nothing was."""
    moment = now(folder)

    assert not written_since([str(folder)], moment)

    change(folder)

    assert written_since([str(folder)], moment)


def test_single_files(folder):
    """Their neighbours do not matter."""
    moment = now(folder)
    one, other = folder / "deep" / "1.txt", folder / "deep" / "2.txt"
    other.write_text("new")

    assert not written_since([str(one), str(one)], moment)
    assert written_since([str(one), str(other)], moment)


def test_what_cannot_be_looked_at(folder):
    """Nobody may say that it is as it was."""
    (folder / "gone").symlink_to("nowhere")

    with pytest.raises(FileNotFoundError):
        written_since([str(folder)], time.time() + 9)
