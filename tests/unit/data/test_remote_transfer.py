"""Upload and download of a datastore on a remote store, as of one that is a folder."""

from __future__ import annotations

from uuid import uuid4

import pytest

from azml_pipelines.data.datastore import Datastore


@pytest.fixture
def lake(home):
    """A datastore in memory."""
    return Datastore.register_url(home, "lake", f"memory://{uuid4().hex}/root")


def test_what_goes_up_comes_down(lake, write, files_in, tmp_path, capsys):
    """Below the target, with its whole path; hidden files too."""
    write(tmp_path / "up", "a/1.txt", "b.txt", ".hidden")
    lake.upload(tmp_path / "up", "data")
    count = lake.download(tmp_path / "down")

    assert count == 3
    assert files_in(tmp_path / "down") == {
        "data/.hidden": ".hidden",
        "data/a/1.txt": "a/1.txt",
        "data/b.txt": "b.txt",
    }
    assert "Uploaded 3 files to lake:data." in capsys.readouterr().out


def test_a_prefix_is_plain_text(lake, write, files_in, tmp_path):
    """As in version 1: ``img/1`` also means ``img/10.png``."""
    write(tmp_path / "up", "img/1.png", "img/10.png", "img/2.png", "img/1/a.png")
    lake.upload(tmp_path / "up", show_progress=False)
    lake.download(tmp_path / "down", "img/1", show_progress=False)

    assert sorted(files_in(tmp_path / "down")) == [
        "img/1.png",
        "img/1/a.png",
        "img/10.png",
    ]
    assert lake.download(tmp_path / "none", "nix", show_progress=False) == 0


def test_files_are_kept_unless_overwrite(lake, write, files_in, tmp_path):
    """Both ways."""
    write(tmp_path / "up", "a.txt", text="old")
    lake.upload(tmp_path / "up", show_progress=False)
    write(tmp_path / "up", "a.txt", text="new")
    lake.upload(tmp_path / "up", show_progress=False)
    lake.download(tmp_path / "down", show_progress=False)
    kept = files_in(tmp_path / "down")
    lake.upload(tmp_path / "up", overwrite=True, show_progress=False)
    count = lake.download(tmp_path / "down", show_progress=False)
    lake.download(tmp_path / "down", overwrite=True, show_progress=False)

    assert kept == {"a.txt": "old"}
    assert count == 0
    assert files_in(tmp_path / "down") == {"a.txt": "new"}
