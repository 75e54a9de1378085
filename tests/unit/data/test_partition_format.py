"""Values in paths: what a format means, and which texts are none."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.partition_format import (
    Partition,
    PartitionFormatError,
    folder_of,
    partition_names,
)


def moment(*numbers):
    """Return a date as paths have them: without a time zone."""
    return dt.datetime(*numbers)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("form", "path", "values"),
    [
        ("t/{user}/{genre}.wav", "x/t/u1/rock.wav", {"user": "u1", "genre": "rock"}),
        ("{Store}/{Brand}/*.parquet", "p/guid/1/b/p.parquet",
         {"Store": "1", "Brand": "b"}),
        ("/{who}/{day:yyyy/MM/dd}/x.csv", "who1/2024/02/03/x.csv",
         {"who": "who1", "day": moment(2024, 2, 3)}),
        ("/{day:yyyy-MM}/{who}.csv", "2024-05/me.csv",
         {"who": "me", "day": moment(2024, 5, 1)}),
        ("/{a}/*/{b}.txt", "1/what/ever/2.txt", {"a": "1", "b": "2"}),
        ("/{a}/{a}.txt", "1/1.txt", {"a": "1"}),
        ("/{{x}}/{a}.txt", "{x}/1.txt", {"a": "1"}),
        ("/x(y)+/{a}.txt", "x(y)+/1.txt", {"a": "1"}),
        ("/{a}/", "1/data.csv", {"a": "1"}),
    ],
)  # fmt: skip
def test_values(form, path, values):
    """Keys in order of appearance, the one with dates last."""
    partition = Partition(form)

    assert values == partition.values(path)
    assert list(values) == list(partition.names)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("", "names no column"), ("/a/*.csv", "names no column"), ("{}", "cannot name"),
        ("{a", "not closed"), ("a}", "not closed or opened"), ("{a}{b", "not closed"),
        ("{d:MM/dd}", "without a year"), ("{d:yyyy/dd}", "leaves out"),
        ("{d:yyyy}{e:yyyy}", "several dates"), ("{d:yyyy/yyyy}", "twice"),
        ("{Path}", "reserved"), ("{d}/{d:yyyy}", "twice"), (5, "no text"),
    ],
)  # fmt: skip
def test_what_is_no_format(form, says):
    """A ValueError that says what is wrong with it."""
    with pytest.raises(PartitionFormatError, match=says) as caught:
        partition_names(form)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("path", ["x.csv", "1/2/x.txt", "a.b/x.csv"])
def test_a_path_that_does_not_match(path):
    """The error names the path and the format."""
    with pytest.raises(ValueError, match=r"does not match partition_format='/\{a\}"):
        Partition("/{a}/{b}.csv").values(path)


def test_a_date_that_does_not_exist():
    """It is bad data, not a crash."""
    with pytest.raises(ValueError, match="date that does not exist"):
        Partition("/{d:yyyy/MM/dd}.csv").values("2024/02/31.csv")


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


@given(value=st.none() | TEXT | st.sampled_from(["%null", "%empty", "..", ".", "a/b"]))
def test_any_text_comes_back(value):
    """Slashes, dots, percent signs, nothing at all: one folder each, and back."""
    folder = folder_of(value)
    partition = Partition("/{k}/*.parquet", encoded=True)

    assert "/" not in folder
    assert folder not in {"", ".", ".."}
    assert {"k": value} == partition.values(f"{folder}/part.parquet")


@pytest.mark.parametrize(
    ("kind", "value"),
    [("integer", -5), ("float", 1.5), ("boolean", False), ("boolean", True),
     ("datetime", moment(2024, 1, 2, 3, 4, 5)), ("float", None)],
)  # fmt: skip
def test_types_come_back(kind, value):
    """A value has the type of its column again."""
    partition = Partition("/{k}/x", encoded=True, types={"k": ColumnType(kind)})

    assert {"k": value} == partition.values(f"{folder_of(value)}/x")


def test_values_of_other_nulls():
    """NaN and NaT are null, too; the text nan is text."""
    assert {"%null"} == {folder_of(float("nan")), folder_of(None)}
    assert folder_of("nan") == "nan"
