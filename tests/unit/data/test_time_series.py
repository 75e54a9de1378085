"""Rows of a span of time, by the column that says it."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from azml_pipelines import DataType, UserErrorException
from azml_pipelines.data.dataset import Dataset
from azml_pipelines.errors import DatasetTimestampMissingError

NOON = dt.datetime(2024, 1, 2, 12)  # noqa: DTZ001 - as the file has it
UTC_NOON = NOON.replace(tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def series(store, root):
    """Three rows around noon, in a folder named after the day."""
    folder = root / "s/2024/01/02"
    folder.mkdir(parents=True)
    lines = [f"{(NOON + n * HOUR).isoformat()},{n}" for n in (-1, 0, 1)]
    (folder / "a.csv").write_text("at,n\n" + "\n".join(lines) + "\n")
    return Dataset.Tabular.from_delimited_files(
        (store, "s/**/*.csv"), partition_format="s/{day:yyyy/MM/dd}/*.csv"
    ).with_timestamp_columns("at", "day", validate=True)


def numbers(dataset) -> list[int]:
    """The column ``n`` of all rows."""
    return dataset.to_pandas_dataframe()["n"].tolist()


@pytest.mark.parametrize(
    ("choose", "expected"),
    [
        pytest.param(lambda s: s.time_before(NOON), [-1, 0], id="before"),
        pytest.param(
            lambda s: s.time_before(NOON, include_boundary=False), [-1],
            id="before and not at",
        ),
        pytest.param(lambda s: s.time_after(NOON), [0, 1], id="after"),
        pytest.param(
            lambda s: s.time_after(NOON, include_boundary=False), [1],
            id="after and not at",
        ),
        pytest.param(
            lambda s: s.time_between(NOON, NOON + HOUR), [0, 1], id="between"
        ),
        pytest.param(
            lambda s: s.time_between(NOON - HOUR, NOON + HOUR, False), [0],
            id="between and not at",
        ),
        pytest.param(lambda s: s.time_after(UTC_NOON), [0, 1], id="none means UTC"),
        pytest.param(lambda s: s.time_recent(HOUR), [], id="recent"),
        pytest.param(
            lambda s: s.time_recent(dt.timedelta(days=36500)), [-1, 0, 1],
            id="recent in a wide sense",
        ),
        pytest.param(
            lambda s: s.with_timestamp_columns(None, "day").time_before(NOON),
            [-1, 0, 1], id="by the day in the path",
        ),
    ],
)  # fmt: skip
def test_spans(series, choose, expected):
    """The boundary belongs to them unless it is left out."""
    assert expected == numbers(choose(series))


def test_columns_with_a_time_zone(tmp_path):
    """A time without one is taken for UTC."""
    at = pd.to_datetime(["2024-01-02T11:00Z", "2024-01-02T12:00Z"])
    frame = pd.DataFrame({"at": at.tz_convert("Europe/Vienna"), "n": [0, 1]})
    frame.to_parquet(tmp_path / "a.parquet")
    dataset = Dataset.Tabular.from_parquet_files(
        str(tmp_path / "a.parquet")
    ).with_timestamp_columns("at")

    assert [1] == numbers(dataset.time_after(NOON))
    assert [0] == numbers(dataset.time_before(UTC_NOON, include_boundary=False))


def test_the_columns_are_remembered(series, home):
    """In what is made of the dataset and in its registration, while they are there."""
    registered = series.register(home, "series")

    assert Dataset.get_by_name(home, "series").timestamp_columns == ("at", "day")
    assert registered.take(1).timestamp_columns == ("at", "day")
    assert series.drop_columns("at").timestamp_columns == (None, "day")
    assert series.keep_columns(["n", "at"]).timestamp_columns == ("at", None)
    assert series.with_timestamp_columns().timestamp_columns == (None, None)
    assert registered.with_timestamp_columns("at").name is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("n",), "'n' holds no dates: its type is int64", id="numbers"),
        pytest.param(("nope",), "no column 'nope'. There are at, n, day", id="unknown"),
        pytest.param(("at", "at"), "two different columns", id="twice"),
        pytest.param((5,), "timestamp=5", id="no text"),
    ],
)
def test_columns_that_are_none(series, arguments, says):
    """They are refused where they are named, when that is asked for."""
    with pytest.raises(UserErrorException, match=says):
        series.with_timestamp_columns(*arguments, validate=True)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s: s.time_after("2024-01-02"), "start_time='2024-01-02'"),
        (lambda s: s.time_before(None), "end_time=None"),
        (lambda s: s.time_recent(5), "time_delta=5"),
    ],
)
def test_times_that_are_none(series, call, says):
    """One line with the value, and what is accepted."""
    with pytest.raises(UserErrorException, match=rf"{says}.*datetime"):
        call(series)


def test_nothing_says_the_time(series):
    """Version 1's exception."""
    with pytest.raises(DatasetTimestampMissingError, match="with_timestamp_columns"):
        series.with_timestamp_columns().time_after(NOON)


def test_text_is_no_time(tmp_path):
    """Without validation the filter says it, in one line, when rows are read."""
    (tmp_path / "a.csv").write_text("at,n\nyesterday,1\n")
    dataset = Dataset.Tabular.from_delimited_files(
        str(tmp_path / "a.csv"), set_column_types={"at": DataType.to_string()}
    ).with_timestamp_columns("at")

    with pytest.raises(UserErrorException, match="'at' holds no dates"):
        dataset.time_after(NOON)
    with pytest.raises(UserErrorException, match=r"'>=' between the column 'at'"):
        numbers(dataset.time_after(NOON, validate=False))
