"""Rows of DataFrames have the bytes that ``DataFrame.to_csv`` writes, however."""

from __future__ import annotations

import enum
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.data.frame_text import _by_arrow, frame_text

PLAIN = {"sep": " ", "index": False, "header": False, "lineterminator": "\n"}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.text(
    ' ,;\t|"\n\r\\ab', max_size=4
)
FLOATS = (
    st.floats()
    | st.floats(-1e12, 1e12)
    | st.floats(-1, 1)
    | st.integers(-(10**17), 10**17).map(float)
    | st.builds(lambda n, e: n * 10.0**e, st.integers(-999, 999), st.integers(-9, 17))
)
CELLS = {
    "float64": FLOATS,
    "float32": st.floats(width=32) | st.floats(-(2.0**30), 2.0**30, width=32),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "int8": st.integers(-128, 127),
    "bool": st.booleans(),
    "Int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "UInt8": st.none() | st.integers(0, 255),
    "boolean": st.none() | st.booleans(),
    "Float64": st.none() | st.floats(allow_nan=False),
    "str": st.none() | TEXT,
    "string": st.none() | TEXT,
    "string[pyarrow]": st.none() | TEXT,
    "int64[pyarrow]": st.none() | st.integers(-5, 5),
    "object": st.none() | TEXT | st.just(math.nan) | st.integers() | st.booleans(),
    "complex128": st.complex_numbers(),
    "category": st.none() | TEXT,
    "datetime64[ns]": st.none() | st.integers(-(2**62), 2**62),
}
FAST = [
    kind
    for kind in CELLS
    if kind.lower()
    in {
        "float64",
        "float32",
        "int64",
        "uint64",
        "int8",
        "uint8",
        "bool",
        "boolean",
        "str",
        "string",
        "string[pyarrow]",
    }
    and kind != "Float64"
]


@st.composite
def frames(draw, kinds=tuple(CELLS)):
    """Tables of any types; few rows of many columns and the other way round."""
    rows = draw(st.integers(0, 6))
    chosen = draw(st.lists(st.sampled_from(kinds), max_size=5))
    columns = [
        pd.Series(draw(st.lists(CELLS[kind], min_size=rows, max_size=rows)), dtype=kind)
        for kind in chosen
    ]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(rows))
    # Names may be there twice, and rows may have any index.
    frame.columns = draw(
        st.lists(st.sampled_from("ab "), min_size=len(chosen), max_size=len(chosen))
    )
    return frame.set_axis(range(rows, 0, -1))


@settings(max_examples=400)
@given(frame=frames(), separator=st.sampled_from(" ,;\t|.-"))
def test_bytes_are_those_of_pandas(frame, separator):
    """Whatever is in the table: numbers, null, quotes, line ends, no column at all."""
    options = {**PLAIN, "sep": separator}

    assert frame.to_csv(**options).encode() == frame_text(frame, options)


@settings(max_examples=400)
@given(frame=frames(kinds=tuple(FAST)), separator=st.sampled_from(" ,;\t|"))
def test_the_quick_way_is_taken_and_right(frame, separator):
    """Tables of numbers and text are not left to pandas, unless a cell has a return."""
    options = {**PLAIN, "sep": separator}
    wanted = frame.to_csv(**options).encode()
    found = _by_arrow(frame, separator)

    assert found in {wanted, None}
    assert found is not None or not frame.size or b"\r" in wanted


@given(numbers=st.lists(FLOATS, min_size=1, max_size=50))
def test_every_number_is_written_as_python_writes_it(numbers):
    """The shortest digits that are read as the same number, and nothing for nan."""
    found = frame_text(pd.DataFrame({"a": numbers, "b": 1}), PLAIN)
    wanted = ["" if math.isnan(number) else repr(number) for number in numbers]

    assert [f"{text} 1" for text in wanted] == found.decode().splitlines()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="none"),
        pytest.param({**PLAIN, "index": True}, id="an index"),
        pytest.param({**PLAIN, "header": True}, id="a header"),
        pytest.param({**PLAIN, "float_format": "%.1f"}, id="a format for numbers"),
        pytest.param({**PLAIN, "na_rep": "NA"}, id="a word for null"),
        pytest.param({**PLAIN, "quoting": 1}, id="quotes everywhere"),
        pytest.param({**PLAIN, "quotechar": "'"}, id="another quote"),
        pytest.param({**PLAIN, "decimal": ","}, id="a comma for a point"),
        pytest.param({**PLAIN, "lineterminator": "\r\n"}, id="two signs at the end"),
        pytest.param({**PLAIN, "columns": ["b"]}, id="some of the columns"),
        pytest.param({"index": False, "header": False}, id="fewer options"),
    ],
)
def test_options_count(options):
    """Settings of ``parallel_run_step.settings.json`` are those of pandas."""
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x y", "'"], "c": [True, False]})

    assert frame.to_csv(**options).encode() == frame_text(frame, options)


class Colour(enum.StrEnum):
    """A text that is written by another name."""

    RED = "r"


def test_what_prints_itself_is_left_to_pandas():
    """Subclasses of text, of DataFrame, and cells of several classes."""

    class Frame(pd.DataFrame):
        def to_csv(self, target, **_):
            target.write("own\n")

    strange = pd.DataFrame({"a": pd.Series([Colour.RED, "b"], dtype=object)})

    assert strange.to_csv(**PLAIN).encode() == frame_text(strange, PLAIN)
    assert frame_text(Frame({"a": [1]}), PLAIN) == b"own\n"


def test_large_tables_are_written_in_slices():
    """The slices follow each other without a gap."""
    rows = (1 << 16) * 2 + 3
    frame = pd.DataFrame({"a": np.arange(rows), "b": np.arange(rows) / 8, "c": "x"})

    assert frame.to_csv(**PLAIN).encode() == frame_text(frame, PLAIN)


def test_names_that_are_not_utf_8():
    """They become their own bytes where that is asked for, and an error elsewhere."""
    frame = pd.DataFrame({"a": pd.Series(["\udcff.txt"], dtype=object)})

    assert frame_text(frame, PLAIN, "surrogateescape") == b"\xff.txt\n"
    with pytest.raises(UnicodeEncodeError):
        frame_text(frame, PLAIN)


def test_a_sliced_table_has_only_its_own_rows():
    """Text of Arrow keeps its neighbours in the same buffer."""
    frame = pd.DataFrame({"a": ["x", "y", "z"], "b": [1, 2, 3]})

    assert frame_text(frame.iloc[1:2], PLAIN) == b"y 2\n"
