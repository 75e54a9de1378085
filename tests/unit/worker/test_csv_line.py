"""Cells that stay on one line, and are read as what they were."""

from __future__ import annotations

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.worker.csv_line import csv_cell, one_line


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("1.5", "1.5"),
        ("a b", "a b"),
        ("a,b", '"a,b"'),
        ('say "a"', '"say ""a"""'),
        ("two\nlines", '"""two\\nlines"""'),
        ("", ""),
    ],
    ids=["number", "words", "comma", "quotes", "line end", "nothing"],
)
def test_a_cell(text, cell):
    """Quoted only where it has to be; a line end is written as JSON has it."""
    assert cell == csv_cell(text)


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_a_line_is_one_row(texts):
    """Whatever the cells hold, a reader of CSV finds them, and nothing more."""
    line = ",".join(csv_cell(text) for text in texts)

    [row] = csv.reader([line])
    assert not {"\n", "\r"} & set(line)
    assert texts == [
        json.loads(cell) if one_line(text) != text else cell
        for text, cell in zip(texts, row, strict=True)
    ]
