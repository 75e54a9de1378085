"""A line of the list becomes what ``run(mini_batch)`` gets."""

from __future__ import annotations

import pytest

from azml_pipelines.data.delimited import Delimited
from azml_pipelines.data.loading import FileInput, TableInput, load_mini_batch


def test_files_become_absolute_paths():
    """In the order of the plan, below the root of their own input."""
    inputs = [FileInput("/first"), FileInput("/second/")]

    assert load_mini_batch(b'[0,2,["b","a/c"]]', inputs) == ["/first/b", "/first/a/c"]
    assert load_mini_batch(b'[1,1,["d"]]', inputs) == ["/second/d"]


def test_names_that_are_not_utf_8(tmp_path):
    """The file can be opened under the path that the script gets."""
    (tmp_path / "\udcff.txt").write_text("found")
    (path,) = load_mini_batch(b'[0,1,["\\udcff.txt"]]', [FileInput(str(tmp_path))])

    with open(path) as file:  # noqa: PTH123 - as a script does
        assert file.read() == "found"


def test_a_piece_becomes_a_table(tmp_path):
    """With the header of its file and an index from 0."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    frame = load_mini_batch(
        b'[0,0,["a.csv",8,12]]', [TableInput(str(tmp_path), Delimited())]
    )

    assert list(frame.columns) == ["x", "y"]
    assert frame.to_dict("list") == {"x": [3], "y": [4]}
    assert list(frame.index) == [0]


def test_a_file_that_is_gone(tmp_path):
    """The error is the system's own, with its path."""
    with pytest.raises(FileNotFoundError, match=r"gone\.csv"):
        load_mini_batch(
            b'[0,0,["gone.csv",0,9]]', [TableInput(str(tmp_path), Delimited())]
        )


def test_a_piece_that_is_no_table(tmp_path):
    """What pandas says comes out as a ValueError."""
    (tmp_path / "a.csv").write_text("x\n1\n2,3,4\n")

    with pytest.raises(ValueError, match="fields"):
        load_mini_batch(
            b'[0,0,["a.csv",2,10]]', [TableInput(str(tmp_path), Delimited())]
        )
