"""Notes of scripts survive kills, and are put together as version 1 does it."""

from __future__ import annotations

import math
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml_pipelines.store import run_records
from azml_pipelines.store.run_records import (
    Record,
    RecordFile,
    fold_metrics,
    fold_texts,
    read_records,
)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([("scalar", 1)], 1, id="one value"),
        pytest.param([("scalar", 1), ("scalar", 2)], [1, 2], id="several values"),
        pytest.param([("list", [1, 2]), ("list", [3])], [1, 2, 3], id="longer lists"),
        pytest.param([("row", {"x": 1})], {"x": 1}, id="one row"),
        pytest.param(
            [("row", {"x": 1}), ("row", {"x": 2, "y": 3})],
            {"x": [1, 2], "y": [None, 3]},
            id="rows become columns",
        ),
        pytest.param([("table", {"a": [1]})], {"a": [1]}, id="a table"),
        pytest.param([("image", "curve.png")], "curve.png", id="an image"),
    ],
)
def test_metrics_are_folded(records, expected):
    """By name, from all notes of that name."""
    assert fold_metrics([Record(kind, "m", value) for kind, value in records]) == {
        "m": expected
    }


def test_tags_are_no_metrics():
    """The last value of a tag counts, and None takes it away."""
    records = [
        Record("tag", "a", "1"),
        Record("tag", "a", "2"),
        Record("tag", "b", "1"),
        Record("tag", "b", None),
        Record("property", "p", "x"),
    ]

    assert fold_metrics(records) == {}
    assert fold_texts(records, "tag") == {"a": "2"}
    assert fold_texts(records, "property") == {"p": "x"}


def test_a_line_that_has_not_ended_is_not_read(tmp_path):
    """Its process was killed while it wrote; what stands before it counts."""
    file = RecordFile(tmp_path / "process000.jsonl")
    file.append(Record("scalar", "a", 1))
    with (tmp_path / "process000.jsonl").open("a") as stream:
        stream.write('{"kind": "scalar", "name": "a", "va')

    assert fold_metrics(read_records(tmp_path)) == {"a": 1}


def test_the_last_try_of_a_script_counts(tmp_path):
    """Notes of other processes are kept beside it."""
    for name, value in (("try001", 1), ("try002", 2), ("node000.process000", 3)):
        RecordFile(tmp_path / f"{name}.jsonl").append(Record("scalar", name, value))

    assert fold_metrics(read_records(tmp_path)) == {
        "try002": 2,
        "node000.process000": 3,
    }


def test_nothing_is_read_where_nothing_was_noted(tmp_path):
    """A folder that does not exist holds no notes."""
    assert read_records(tmp_path / "missing") == []


def test_one_process_may_not_fill_the_disk(tmp_path, monkeypatch):
    """The message says how much there is."""
    monkeypatch.setattr(run_records, "MAX_BYTES", 100)
    file = RecordFile(tmp_path / "a.jsonl")
    file.append(Record("scalar", "a", 1))

    with pytest.raises(OSError, match="holds 100 bytes already; log less"):
        file.append(Record("scalar", "a", "x" * 100))
    assert fold_metrics(read_records(tmp_path)) == {"a": 1}


def test_secrets_are_not_written_down(tmp_path, monkeypatch):
    """A value that looks like one of this process is masked."""
    monkeypatch.setenv("API_TOKEN", "hunter2hunter2")
    RecordFile(tmp_path / "a.jsonl").append(Record("scalar", "a", "hunter2hunter2"))

    assert "hunter2" not in (tmp_path / "a.jsonl").read_text()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(number=st.floats(), text=st.text())
def test_every_number_and_text_comes_back(tmp_path, number, text):
    """Not-a-number, infinities and lone surrogates too."""
    folder = tmp_path / str(uuid4())
    RecordFile(folder / "a.jsonl").append(Record("list", "a", [number, text]))
    found, same = fold_metrics(read_records(folder))["a"]

    assert found == number or (math.isnan(found) and math.isnan(number))
    assert same == text
