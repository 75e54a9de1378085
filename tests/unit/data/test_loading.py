"""A line of the list becomes what ``run(mini_batch)`` gets."""

from __future__ import annotations

import json
import os
import time

import pytest

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.loading import (
    ChangedFileError,
    FileInput,
    InputFacts,
    TableInput,
    load_mini_batch,
    loading_reason,
    partition_values,
    subset,
)
from azml_pipelines.data.partition_format import Partition
from azml_pipelines.data.table import Table, stamp_of


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
        b'[0,0,["a.csv",8,12]]', [TableInput(str(tmp_path), Table())]
    )

    assert list(frame.columns) == ["x", "y"]
    assert frame.to_dict("list") == {"x": [3], "y": [4]}
    assert list(frame.index) == [0]


def test_a_file_that_is_gone(tmp_path):
    """The error is the system's own, with its path."""
    with pytest.raises(FileNotFoundError, match=r"gone\.csv"):
        load_mini_batch(b'[0,0,["gone.csv",0,9]]', [TableInput(str(tmp_path), Table())])


def test_a_piece_that_is_no_table(tmp_path):
    """What pandas says comes out as a ValueError."""
    (tmp_path / "a.csv").write_text("x\n1\n2,3,4\n")

    with pytest.raises(ValueError, match="fields"):
        load_mini_batch(b'[0,0,["a.csv",2,10]]', [TableInput(str(tmp_path), Table())])


def test_a_table_that_has_changed(tmp_path):
    """Rows of another file than the one that was cut are never given out."""
    path = tmp_path / "a.csv"
    path.write_text("x\n1\n")
    line = json.dumps([0, 0, ["a.csv", 2, 4, stamp_of(str(path)), []]]).encode()
    reader = TableInput(str(tmp_path), Table())
    before = load_mini_batch(line, [reader])
    path.write_text("x\n12\n")

    assert before.to_dict("list") == {"x": [1]}
    with pytest.raises(ChangedFileError, match=r"a\.csv has changed") as caught:
        load_mini_batch(line, [reader])
    assert loading_reason(caught.value) == "changed_since_plan"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.write_text("longer"), "changed_since_plan"),
        (lambda path: os.utime(path, (5, 5)), "changed_since_plan"),
        (lambda path: path.unlink(), "missing"),
    ],
    ids=["another size", "another time", "gone"],
)
def test_files_that_have_changed(tmp_path, change, reason):
    """The mini-batch fails before a script sees another file than was listed."""
    path = tmp_path / "a"
    path.write_text("first")
    line = json.dumps([0, 1, ["a"]]).encode()
    reader = FileInput(str(tmp_path), found_at=path.stat().st_ctime_ns)
    before = load_mini_batch(line, [reader])
    time.sleep(0.02)  # the clock of files ticks that slowly
    change(path)

    assert before == [str(path)]
    with pytest.raises((ChangedFileError, FileNotFoundError)) as caught:
        load_mini_batch(line, [reader])
    assert loading_reason(caught.value) == reason


def test_a_list_of_earlier_asks_when_files_were_written(tmp_path):
    """Moving a file or its rights since then does not make it another one."""
    path = tmp_path / "a"
    path.write_text("first")
    line = json.dumps([0, 1, ["a"]]).encode()
    listed = path.stat().st_mtime_ns
    path.chmod(0o600)
    reader = FileInput(str(tmp_path), None, time.time_ns(), listed)
    before = load_mini_batch(line, [reader])
    os.utime(path, ns=(listed + 1, listed + 1))
    resumed = FileInput(str(tmp_path), None, time.time_ns() + 10**9, listed)

    assert before == [str(path)]
    with pytest.raises(ChangedFileError, match="has changed since it was listed"):
        load_mini_batch(line, [resumed])


def test_files_are_looked_at_where_that_costs_little(tmp_path):
    """A script that is done in less than 10 us per file has opened none of them."""
    reader = FileInput(str(tmp_path), found_at=1)
    line = json.dumps([0, 3, ["a", "b", "c"]]).encode()

    with pytest.raises(FileNotFoundError):
        load_mini_batch(line, [reader])
    reader._last = float("inf")
    assert len(load_mini_batch(line, [reader])) == 3


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "no"), "unreadable"),
        (OSError(5, "Input/output error"), "unreadable"),
        (ValueError("ragged"), "bad data"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), "bad data"),
        (KeyError("other"), "exception"),
    ],
)
def test_reasons(error, reason):
    """Each way in which data is bad has its word."""
    assert reason == loading_reason(error)


def test_partition_values_and_subset(tmp_path):
    """The values of the given keys, and a dataset of just these files."""
    for name in ("u/1.txt", "u/2.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    source = DataSource(url=tmp_path.as_uri(), path="")
    definition = DatasetDefinition(kind="file", sources=(source,))
    facts = InputFacts(
        definition.model_dump_json(), Partition("/{user}/{n}.txt"), ("user",)
    )
    inputs = [FileInput(str(tmp_path), facts)]
    line = b'[0,2,["u/1.txt","u/2.txt"]]'

    assert {"user": "u"} == partition_values(line, inputs)
    assert ["/u/1.txt", "/u/2.txt"] == [
        f"/u{path}" if not path.startswith("/u") else path
        for path in subset(line, inputs).to_path()
    ]


def test_the_rows_of_a_piece_are_a_dataset_too(tmp_path):
    """Of just these rows, as the mini-batch has them; the next one takes its place."""
    (tmp_path / "a.csv").write_text("x,y\n1,a\n3,b\n5,c\n")
    inputs = [TableInput(str(tmp_path), Table())]
    found = [
        subset(line, inputs).to_pandas_dataframe().to_dict("list")
        for line in (b'[0,0,["a.csv",4,12]]', b'[0,0,["a.csv",12,16]]')
    ]

    assert [{"x": [1, 3], "y": ["a", "b"]}, {"x": [5], "y": ["c"]}] == found
