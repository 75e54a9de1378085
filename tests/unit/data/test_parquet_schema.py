"""What becomes of files whose columns are not those of the first one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from azml_pipelines.data.parquet_schema import as_declared, declared_types

NOON = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 - files have such times
CASES = [
    pytest.param(pa.array([1, 2], "int16"), "int64", [1, 2], id="narrower numbers"),
    pytest.param(pa.array([1, 2]), "double", [1.0, 2.0], id="whole ones for others"),
    pytest.param(pa.array([1.0, 2.0]), "int64", [1, 2], id="others that are whole"),
    pytest.param(pa.array([1.5]), "int64", None, id="others that are not"),
    pytest.param(pa.array([1 << 60]), "int32", None, id="too large"),
    pytest.param(pa.array([1]), "string", None, id="numbers for text"),
    pytest.param(pa.array(["1"]), "int64", None, id="text for numbers"),
    pytest.param(pa.array([True]), "int64", None, id="truth for numbers"),
    pytest.param(pa.array(["a"], "large_string"), "string", ["a"], id="long text"),
    pytest.param(pa.nulls(2), "int64", [None, None], id="nothing but nulls"),
    pytest.param(
        pa.array(["a", "b"]).dictionary_encode(), "string", ["a", "b"], id="categories"
    ),
    pytest.param(
        pa.array([Decimal("1.5")], pa.decimal128(4, 1)),
        "decimal128(10, 2)",
        [Decimal("1.50")],
        id="longer decimals",
    ),
    pytest.param(
        pa.array([Decimal("1.55")], pa.decimal128(4, 2)),
        "decimal128(10, 1)",
        None,
        id="decimals that would be cut",
    ),
    pytest.param(
        pa.array([NOON], pa.timestamp("ms")), "timestamp[ns]", [NOON], id="time units"
    ),
    pytest.param(
        pa.array([NOON], pa.timestamp("us", "UTC")),
        "timestamp[us]",
        None,
        id="a time zone where there was none",
    ),
    pytest.param(
        pa.array([NOON], pa.timestamp("us", "UTC")),
        "timestamp[us, tz=Europe/Berlin]",
        None,
        id="another time zone",
    ),
    pytest.param(pa.array([[1]]), "list<element: string>", None, id="lists"),
]


@pytest.mark.parametrize(("column", "wanted", "rows"), CASES)
def test_values_stay_what_they_are(column, wanted, rows):
    """In the first file's type, or an error that names the column and both types."""
    table = pa.table({"other": pa.nulls(len(column)), "c": column})

    if rows is None:
        with pytest.raises(ValueError, match=r"column .c. is .* in the first"):
            as_declared(table, {"c": wanted})
        return
    found = as_declared(table, {"c": wanted})

    # pandas gives times of nanoseconds back; they compare equal.
    assert rows == found.column("c").to_pylist()
    assert wanted == str(found.schema.field("c").type)
    assert ["other", "c"] == found.column_names


def test_categories_are_made_where_the_first_file_has_them():
    """Plain text in a later file is the same text."""
    first = pa.table({"c": pa.array(["a"]).dictionary_encode()})
    found = as_declared(pa.table({"c": ["b", "a"]}), declared_types(first.schema))

    assert pa.types.is_dictionary(found.schema.field("c").type)
    assert ["b", "a"] == found.column("c").to_pylist()


def test_the_index_of_pandas_is_no_column():
    """It has no name of its own."""
    schema = pa.schema({"a": pa.int64(), "__index_level_0__": pa.int64()})

    assert {"a": "int64"} == declared_types(schema)
