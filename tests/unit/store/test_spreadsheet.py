"""Cells that are no formulas."""

from __future__ import annotations

import pytest

from azml_pipelines.store.spreadsheet import for_spreadsheet


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\uff1d1"]
)
def test_formulas_are_quoted(text):
    """A file name cannot run anything in somebody's spreadsheet."""
    assert f"'{text}" == for_spreadsheet(text)


@pytest.mark.parametrize("text", ["", "a.png", "a=b", "5", " =1", "'=1", "ü"])
def test_everything_else_is_as_it_is(text):
    """Nothing is changed without a reason."""
    assert text == for_spreadsheet(text)
