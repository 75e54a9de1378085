"""Results become bodies that any client can read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from azml_pipelines.data.output_action import WrongReturnError
from azml_pipelines.serving.media_type import CSV, JSON, JSON_LINES
from azml_pipelines.serving.response_body import chosen_type, write_body

FRAME = pd.DataFrame({"name": ["a", 'b, "c"'], "p": [0.5, float("nan")]})


@pytest.mark.parametrize(
    ("result", "predictions"),
    [
        pytest.param(["x", 1, 2.5, None, True], ["x", 1, 2.5, None, True], id="list"),
        pytest.param((1, 2), [1, 2], id="tuple"),
        pytest.param(np.array([1, 2]), [1, 2], id="array"),
        pytest.param(np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]], id="two axes"),
        pytest.param(pd.Series([1.5, 2.5]), [1.5, 2.5], id="series"),
        pytest.param([np.float32(0.5), np.int64(3)], [0.5, 3], id="numpy scalars"),
        pytest.param([float("inf"), float("nan")], [None, None], id="no numbers"),
        pytest.param([b"ab"], ["YWI="], id="bytes as base64"),
        pytest.param(
            [pd.Timestamp("2026-01-02"), pd.NaT],
            ["2026-01-02T00:00:00", None],
            id="times",
        ),
        pytest.param([{"k": np.array([1])}], [{"k": [1]}], id="nested"),
        pytest.param(
            FRAME, [{"name": "a", "p": 0.5}, {"name": 'b, "c"', "p": None}], id="frame"
        ),
        pytest.param([], [], id="nothing"),
    ],
)
def test_json_is_strict(result, predictions):
    """Every type becomes what a strict parser takes."""
    body = write_body(result, JSON)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert {"predictions": predictions} == json.loads(body, parse_constant=refuse)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        pytest.param(["a", 'b, "c"'], 'a\n"b, ""c"""\n', id="text is quoted"),
        pytest.param([[1, 2.5], [3, None]], "1,2.5\n3,\n", id="a list is a line"),
        pytest.param(FRAME, 'a,0.5\n"b, ""c""",\n', id="a row is a line"),
        pytest.param([[1, [2, 3]]], '1,"[2,3]"\n', id="what is nested is JSON"),
    ],
)
def test_csv_has_a_line_per_result(result, text):
    """Without a header."""
    assert text == write_body(result, CSV).decode()


def test_json_lines_have_a_line_per_result():
    """Also for text with line ends in it."""
    assert b'{"a":1}\n"x\\ny"\n' == write_body([{"a": 1}, "x\ny"], JSON_LINES)


@pytest.mark.parametrize("result", [None, "text", 3, {"a": 1}, np.float64(1)])
def test_what_has_no_length_is_refused(result):
    """As in a batch."""
    with pytest.raises(WrongReturnError, match="expected a list"):
        write_body(result, JSON)


def test_nothing_asked_for_means_json():
    """The default, and None for what we do not have."""
    assert JSON == chosen_type("")
    assert chosen_type("image/png") is None
