"""What ``run()`` returned becomes rows by version 1's rules (v1-surface 24)."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.data.output_action import (
    AppendRow,
    Rows,
    SummaryOnly,
    WrongReturnError,
    output_actions,
)
from azml_pipelines.errors import UserErrorException

FRAME = pd.DataFrame({"name": ["a b", "c"], "score": [0.1, 2.0]})


@pytest.mark.parametrize(
    ("result", "count", "text"),
    [
        pytest.param(["a", "b"], 2, b"a\nb\n", id="list"),
        pytest.param(("a", 1, None), 3, b"a\n1\nNone\n", id="tuple"),
        pytest.param(np.array(["a", "b"]), 2, b"a\nb\n", id="array of text"),
        pytest.param(np.array([1.5, 2]), 2, b"1.5\n2.0\n", id="array of numbers"),
        pytest.param(np.array([[1, 2], [3, 4]]), 2, b"[1 2]\n[3 4]\n", id="matrix"),
        pytest.param(pd.Series([1, 2], index=[7, 9]), 2, b"1\n2\n", id="series"),
        pytest.param(["é🧀"], 1, "é🧀\n".encode(), id="UTF-8"),
        pytest.param(["\udcff.txt"], 1, b"\xff.txt\n", id="a name that is not UTF-8"),
        pytest.param(['say "x", y'], 1, b'say "x", y\n', id="nothing is quoted"),
        pytest.param(["two\nlines"], 1, b"two\nlines\n", id="an embedded newline"),
        pytest.param([[1, 2], {"a": 1}], 2, b"[1, 2]\n{'a': 1}\n", id="str() of each"),
        pytest.param([], 0, b"", id="empty list"),
        pytest.param(np.array([]), 0, b"", id="empty array"),
        pytest.param([""], 1, b"\n", id="an empty line"),
    ],
)
def test_one_line_per_element(result, count, text):
    """``str()`` of each and a newline; nothing for an empty result."""
    assert AppendRow().rows(result) == Rows(count, text)


WRONG = [
    pytest.param(None, "NoneType", id="nothing"),
    pytest.param("text", "str", id="text"),
    pytest.param(b"bytes", "bytes", id="bytes"),
    pytest.param(5, "int", id="a number"),
    pytest.param({"a": 1}, "dict", id="dictionary"),
    pytest.param({"a"}, "set", id="set"),
    pytest.param((n for n in "ab"), "generator", id="generator"),
    pytest.param(np.array(5), "ndarray", id="an array without dimensions"),
    pytest.param(np.float64(5), "float64", id="a numpy number"),
]


@pytest.mark.parametrize("action", [AppendRow(), SummaryOnly()])
@pytest.mark.parametrize(("result", "name"), WRONG)
def test_other_types_are_refused(action, result, name):
    """The message names what came and what is accepted."""
    with pytest.raises(WrongReturnError, match=f"returned {name}; expected a list"):
        action.rows(result)


@given(elements=st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_text_is_written_as_it_is(elements):
    """Encoded as UTF-8, with one newline more per element."""
    rows = AppendRow().rows(elements)

    assert "".join(f"{element}\n" for element in elements) == rows.text.decode()
    assert len(elements) == rows.count


def test_text_that_nothing_can_write():
    """Half a surrogate pair that stands for no byte is an error of its mini-batch."""
    with pytest.raises(UnicodeEncodeError):
        AppendRow().rows(["\ud800"])


def test_a_failing_str_comes_out():
    """It is user code, and the caller reports it."""

    class Evil:
        def __str__(self):
            raise RuntimeError("no text for you")

    with pytest.raises(RuntimeError, match="no text"):
        AppendRow().rows([Evil()])


def test_a_table_is_written_with_spaces():
    """No header, no index; values that hold a space are quoted."""
    assert AppendRow().rows(FRAME) == Rows(2, b'"a b" 0.1\nc 2.0\n')


def test_an_empty_table():
    """It counts nothing and writes nothing."""
    assert AppendRow().rows(FRAME.iloc[:0]) == Rows(0)
    assert AppendRow().rows(pd.DataFrame()).count == 0


def test_a_header_travels_beside_the_rows():
    """So that the commit can write it once, above all rows."""
    rows = AppendRow(header=True).rows(FRAME)

    assert rows.header == b"name score\n"
    assert rows.text == b'"a b" 0.1\nc 2.0\n'


def test_an_empty_table_has_no_header():
    """Its columns may not be those of the others."""
    assert AppendRow(header=True).rows(pd.DataFrame()).header == b""
    assert AppendRow(header=True).rows(FRAME.iloc[:0]).header == b""


def test_lists_have_no_header():
    """Whatever was asked for."""
    assert AppendRow(header=True).rows(["a"]) == Rows(1, b"a\n")


@pytest.mark.parametrize(
    ("options", "text", "header"),
    [
        pytest.param({"sep": ","}, b"a b,0.1\nc,2.0\n", b"", id="separator"),
        pytest.param({"index": True}, b'0 "a b" 0.1\n1 c 2.0\n', b"", id="index"),
        pytest.param(
            {"header": True}, b'"a b" 0.1\nc 2.0\n', b"name score\n", id="header"
        ),
        pytest.param({"header": False}, b'"a b" 0.1\nc 2.0\n', b"", id="no header"),
        pytest.param(
            {"header": ["x", "y"]}, b'"a b" 0.1\nc 2.0\n', b"x y\n", id="other names"
        ),
        pytest.param(
            {"sep": ",", "index": True, "header": True},
            b"0,a b,0.1\n1,c,2.0\n",
            b",name,score\n",
            id="all of them",
        ),
        pytest.param({"columns": ["score"]}, b"0.1\n2.0\n", b"", id="columns"),
        pytest.param({"float_format": "%.2f"}, b'"a b" 0.10\nc 2.00\n', b"", id="%"),
    ],
)
def test_the_settings_file_is_obeyed(options, text, header):
    """Every option of ``to_csv`` that says how rows look."""
    assert AppendRow(to_csv_options=options).rows(FRAME) == Rows(2, text, header)


def test_rows_of_a_table_are_utf_8():
    """Names that are not UTF-8 keep their bytes."""
    rows = AppendRow().rows(pd.DataFrame({"x": ["é", "\udcff"]}, dtype=object))

    assert rows.text == b"\xc3\xa9\n\xff\n"


@pytest.mark.parametrize(
    ("result", "count"),
    [
        pytest.param(["a", object()], 2, id="list"),
        pytest.param((), 0, id="empty tuple"),
        pytest.param(np.zeros((3, 2)), 3, id="matrix"),
        pytest.param(pd.Series([1, 2]), 2, id="series"),
        pytest.param(FRAME, 2, id="table"),
        pytest.param(["\ud800"], 1, id="text that nothing can write"),
    ],
)
def test_summary_only_counts(result, count):
    """Nothing is written, so nothing is formatted."""
    assert SummaryOnly().rows(result) == Rows(count)


def test_both_actions_have_names():
    """Those of version 1; another name lists them."""
    assert output_actions.get("append_row") is AppendRow
    assert output_actions.get("summary_only") is SummaryOnly
    with pytest.raises(UserErrorException, match="append_row, summary_only"):
        output_actions.get("append_rows")


def test_lists_need_neither_pandas_nor_numpy():
    """A worker whose script uses neither never loads them."""
    program = (
        "import sys\n"
        "from azml_pipelines.data.output_action import AppendRow\n"
        "AppendRow().rows(['a'])\n"
        "print({'numpy', 'pandas', 'pydantic', 'dask'} & set(sys.modules))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert finished.stdout == "set()\n"
