"""Copies appear whole or not at all."""

from __future__ import annotations

import pytest

from azml_pipelines.data.file_copy import copy_file, is_unfinished
from azml_pipelines.errors import UserErrorException


def test_it_copies_bytes_and_makes_folders(tmp_path):
    """An existing file is replaced; nothing else is left behind."""
    (tmp_path / "a").write_bytes(b"\0\xff")
    (tmp_path / "x").mkdir()
    (tmp_path / "x/b").write_text("old")
    copy_file(tmp_path / "a", tmp_path / "x/b")
    copy_file(tmp_path / "a", tmp_path / "y/z/b")

    assert (tmp_path / "x/b").read_bytes() == b"\0\xff"
    assert (tmp_path / "y/z/b").read_bytes() == b"\0\xff"
    assert [file.name for file in (tmp_path / "x").iterdir()] == ["b"]


def test_a_name_may_be_as_long_as_names_get(tmp_path):
    """The temporary name does not grow with it."""
    (tmp_path / "a").touch()
    copy_file(tmp_path / "a", tmp_path / ("n" * 255))

    assert (tmp_path / ("n" * 255)).exists()


def test_a_missing_source_is_told_apart(tmp_path):
    """Callers may choose to go on without it."""
    with pytest.raises(FileNotFoundError):
        copy_file(tmp_path / "nope", tmp_path / "b")

    assert list(tmp_path.iterdir()) == []


def test_a_destination_that_cannot_be(tmp_path):
    """A file in the place of a folder is an error that names both paths."""
    (tmp_path / "a").touch()
    (tmp_path / "file").touch()

    with pytest.raises(UserErrorException, match=r"'.*/a' to '.*/file/b' failed"):
        copy_file(tmp_path / "a", tmp_path / "file/b")


def test_unfinished_copies_have_a_name():
    """A kill may leave one; nobody takes it for data."""
    assert is_unfinished("x/.azml-unfinished-1")
    assert not is_unfinished(".azml-unfinished-1/x")
