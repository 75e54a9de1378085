"""Files whose columns differ: the first one declares, and no value is changed by it."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from azml_pipelines import Dataset, UserErrorException

FAILS = "fails"
"""In the place of values: an error that names the column and the file."""
NOON = dt.datetime(2024, 1, 2, 12)  # noqa: DTZ001 - without one
UTC = NOON.replace(tzinfo=dt.UTC)
VIENNA = NOON.replace(tzinfo=dt.timezone(dt.timedelta(hours=1)))
FORMATS = {
    "csv": Dataset.Tabular.from_delimited_files,
    "jsonl": Dataset.Tabular.from_json_lines_files,
    "parquet": Dataset.Tabular.from_parquet_files,
}
SAME_TIME = pd.Timestamp("2024-01-02T11:00Z")
# First file, second file, and what both are by format: CSV, JSON lines, parquet.
CASES = {
    "integers, then a number": ([1], [1.5], FAILS, FAILS, FAILS),
    "integers, then text": ([1], ["x"], FAILS, FAILS, FAILS),
    "integers, then truth": ([1], [True], FAILS, FAILS, FAILS),
    "numbers, then truth": ([1.5], [True], FAILS, FAILS, FAILS),
    "numbers, then truth and null": ([1.5], [False, None], FAILS, FAILS, FAILS),
    "integers, then null": ([1], [None], [1, None], [1, None], [1, None]),
    "numbers, then an integer": ([1.5], [2], *[[1.5, 2.0]] * 3),
    "numbers, then text": ([1.5], ["x"], FAILS, FAILS, FAILS),
    "text, then an integer": (["a"], [7], ["a", "7"], ["a", "7"], FAILS),
    "truth, then an integer": ([True], [2], FAILS, FAILS, FAILS),
    "dates, then text": ([NOON], ["soon"], FAILS, FAILS, FAILS),
    "a time zone where there was none": ([NOON], [UTC], FAILS, FAILS, FAILS),
    "no time zone where there was one": ([UTC], [NOON], FAILS, FAILS, FAILS),
    "another time zone": ([UTC], [VIENNA], *[[UTC, SAME_TIME]] * 2, FAILS),
    "dates, then times": ([NOON.date()], [NOON], FAILS, FAILS, FAILS),
    "more decimals": (
        [Decimal("1.10")], [Decimal("1.123")], *[[1.1, 1.123]] * 2, FAILS,
    ),
    "fewer decimals": (
        [Decimal("1.10")], [Decimal("1.1")], *[[1.1, 1.1]] * 2,
        [Decimal("1.10"), Decimal("1.10")],
    ),
    "categories, then text": (
        pd.Categorical(["a"]), ["b"], *[["a", "b"]] * 3,
    ),
    "text, then categories": (
        ["b"], pd.Categorical(["a"]), *[["b", "a"]] * 3,
    ),
    "categories, then an integer": (
        pd.Categorical(["a"]), [7], *[["a", "7"]] * 2, FAILS,
    ),
}  # fmt: skip


def write(path, form, columns):
    """Write columns to a file."""
    if form == "parquet":
        pq.write_table(pa.table({n: pa.array(c) for n, c in columns.items()}), path)
        return
    rows = list(zip(*map(list, columns.values()), strict=True))
    if form == "csv":
        lines = [",".join(map(in_csv, row)) for row in [tuple(columns), *rows]]
    else:
        lines = [
            json.dumps(dict(zip(columns, map(in_json, row), strict=True)))
            for row in rows
        ]
    path.write_text("\n".join(lines) + "\n")


def in_json(cell):
    """Return a cell as JSON can hold it."""
    if isinstance(cell, Decimal):
        return float(cell)
    return cell.isoformat() if hasattr(cell, "isoformat") else cell


def in_csv(cell):
    """Return a cell as text."""
    return "" if cell is None else str(in_json(cell))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_types(tmp_path, case, form):
    """As declared where nothing is lost by it; else the error says which and where."""
    first, second, *expected = CASES[case]
    wanted = expected[list(FORMATS).index(form)]
    write(tmp_path / f"first.{form}", form, {"id": [0], "column": first})
    ids = list(range(len(second)))
    write(tmp_path / f"second.{form}", form, {"id": ids, "column": second})
    dataset = FORMATS[form](str(tmp_path))

    if wanted is FAILS:
        with pytest.raises(UserErrorException) as caught:
            dataset.to_pandas_dataframe(on_error="fail")
        assert f"second.{form}" in str(caught.value)
        assert "'column'" in str(caught.value)
        assert "\n" not in str(caught.value)
    else:
        found = dataset.to_pandas_dataframe(on_error="fail")["column"]
        cells = found.astype(object).where(found.notna(), None).tolist()
        assert cells == wanted


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("columns", "says"),
    [
        pytest.param({"id": [0]}, "has no column 'column'", id="one is missing"),
        pytest.param(
            {"id": [0], "column": [1], "more": [2]}, "has the column 'more'",
            id="one more",
        ),
        pytest.param({"column": [1], "id": [0]}, None, id="another order"),
    ],
)  # fmt: skip
def test_columns(tmp_path, columns, says, form):
    """Their order does not matter; in JSON lines, keys may lack and others are left."""
    write(tmp_path / f"first.{form}", form, {"id": [0], "column": [1]})
    write(tmp_path / f"second.{form}", form, columns)
    dataset = FORMATS[form](str(tmp_path))

    if says is None or form == "jsonl":
        frame = dataset.to_pandas_dataframe(on_error="fail")
        assert list(frame.columns) == ["id", "column"]
        assert frame["column"].tolist()[0] == 1
    else:
        with pytest.raises(UserErrorException, match=rf"second\.{form} {says}"):
            dataset.to_pandas_dataframe(on_error="fail")


@pytest.mark.parametrize("form", FORMATS)
def test_cells_that_do_not_fit_become_null_only_when_asked(tmp_path, form):
    """By default, as in version 1; a column of another type stays an error."""
    write(tmp_path / f"first.{form}", form, {"column": [1]})
    write(tmp_path / f"second.{form}", form, {"column": ["x"]})
    dataset = FORMATS[form](str(tmp_path))

    if form == "parquet":
        with pytest.raises(UserErrorException, match="'column' is string here"):
            dataset.to_pandas_dataframe()
    else:
        assert dataset.to_pandas_dataframe()["column"].isna().tolist() == [False, True]
