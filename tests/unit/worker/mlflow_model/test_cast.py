"""Tables get the types of a signature, whatever a reader made of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.worker.mlflow_model.cast import BadInputError, cast_table
from azml_pipelines.worker.mlflow_model.signature import Column, Signature

DTYPES = {
    "integer": "int32", "long": "int64", "float": "float32", "double": "float64",
    "boolean": "bool", "datetime": "datetime64[ns]",
}  # fmt: skip


def cast(values: object, kind: str, *, required: bool = True):
    """Cast one column; None where it is not delivered."""
    signature = Signature((Column("x", kind, required),))
    made = cast_table(pd.DataFrame({"x": values}), signature)
    return made.get("x")


@pytest.mark.parametrize("source", ["int8", "uint8", "int32", "int64", "uint32"])
@pytest.mark.parametrize("kind", ["integer", "long", "float", "double"])
def test_whole_numbers_of_any_width_become_any_kind_of_number(source, kind):
    """Also those that MLflow takes only when all of them are 0 or 1."""
    made = cast(pd.Series([2, 7, 100], dtype=source), kind)

    assert DTYPES[kind] == str(made.dtype)
    assert [2, 7, 100] == made.tolist()


@pytest.mark.parametrize(
    ("values", "kind", "wanted"),
    [
        pytest.param(["true", "FALSE"], "boolean", [True, False], id="words"),
        pytest.param([1, 0], "boolean", [True, False], id="0 and 1"),
        pytest.param([1.0, 2.0], "long", [1, 2], id="floats that are whole"),
        pytest.param(["1", " 2"], "integer", [1, 2], id="text"),
        pytest.param([None, 1.5], "double", [None, 1.5], id="nothing is a number"),
        pytest.param(["007", None], "string", ["007", None], id="texts stay texts"),
        pytest.param(["aGk=", b"ho"], "binary", [b"hi", b"ho"], id="base64"),
    ],
)
def test_what_is_taken(values, kind, wanted):
    """And comes out as what the signature says."""
    made = cast(values, kind)
    found = [None if isinstance(v, float) and np.isnan(v) else v for v in made]

    assert wanted == found
    assert DTYPES.get(kind, "object") == str(made.dtype)


def test_dates_become_nanoseconds_without_a_zone():
    """From text and from any unit; a zone would be lost, so it is refused."""
    text = cast(["2024-05-06", "2024-05-06T07:08:09"], "datetime")
    seconds = pd.Series(["2024-05-06"], dtype="datetime64[s]")

    assert "datetime64[ns]" == str(text.dtype) == str(cast(seconds, "datetime").dtype)
    with pytest.raises(BadInputError, match="time zone"):
        cast(seconds.dt.tz_localize("UTC"), "datetime")
    with pytest.raises(BadInputError, match="datetime without a zone"):
        cast(["2024-05-06T07:08:09Z"], "datetime")


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        pytest.param([1, 1 << 40], "integer", "'1099511627776' in row 1", id="width"),
        pytest.param([1.5], "long", "'1.5' in row 0", id="fraction"),
        pytest.param([1.0, None], "long", "is empty in row 1", id="nothing"),
        pytest.param(["x"], "double", "'x' in row 0", id="word"),
        pytest.param([True], "double", "'True' in row 0", id="truth"),
        pytest.param([5], "string", "'5' in row 0", id="number"),
        pytest.param(["?"], "binary", "'\\?' in row 0", id="no base64"),
        pytest.param([3], "datetime", "'3' in row 0", id="number as date"),
        pytest.param(["soon"], "datetime", "'soon' in row 0", id="word as date"),
        pytest.param([2], "boolean", "'2' in row 0", id="no truth"),
    ],
)
def test_what_is_not_taken_is_named(values, kind, said):
    """By column, row and cell, and never by the whole table."""
    with pytest.raises(BadInputError, match=f"column 'x'.*{said}"):
        cast(values, kind)


def test_an_optional_column_without_values_is_left_out():
    """MLflow refuses it, as whole numbers cannot be nothing."""
    assert cast([None, None], "long", required=False) is None


def test_columns_are_taken_by_name_in_the_order_of_the_model():
    """What is too much is left out."""
    signature = Signature((Column("b", "long"), Column("a", "string")))
    frame = pd.DataFrame({"a": ["x"], "more": [1], "b": [2]})

    assert ["b", "a"] == list(cast_table(frame, signature).columns)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        pytest.param(["a"], "no column 'b'; it has a", id="missing"),
        pytest.param(["a", "b", "a"], "two columns 'a'", id="twice"),
    ],
)
def test_columns_that_are_missing_or_there_twice(columns, said):
    """MLflow says neither in words that help."""
    signature = Signature((Column("a", "long"), Column("b", "long")))
    frame = pd.DataFrame([range(len(columns))], columns=columns)

    with pytest.raises(BadInputError, match=said):
        cast_table(frame, signature)


def test_without_names_the_number_of_columns_has_to_be_right():
    """MLflow would cut off a third column without a word."""
    signature = Signature((Column(None, "double"), Column(None, "double")))

    made = cast_table(pd.DataFrame({"p": [1], "q": [2]}), signature)

    assert ["float64", "float64"] == [str(dtype) for dtype in made.dtypes]
    with pytest.raises(BadInputError, match="there are 3 columns"):
        cast_table(pd.DataFrame([[1, 2, 3]]), signature)


@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=1, max_size=30))
def test_a_number_is_the_same_in_every_company(numbers):
    """Types do not depend on what else is in a file."""
    alone = [cast([number], "double").iloc[0] for number in numbers]

    assert alone == cast(numbers, "double").tolist()
    assert numbers == cast([str(number) for number in numbers], "integer").tolist()
