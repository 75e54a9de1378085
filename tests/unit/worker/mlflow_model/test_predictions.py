"""Predictions are laid beside rows, in the shapes of MLflow's own server."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from azml_pipelines.worker.mlflow_model.predictions import (
    BadPredictionError,
    prediction_columns,
    prediction_values,
)


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        pytest.param(np.array([1.5, np.nan]), [1.5, None], id="array"),
        pytest.param(np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]], id="two axes"),
        pytest.param(
            pd.Series([True, False], index=[7, 8]), [True, False], id="series"
        ),
        pytest.param(
            pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
            [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
            id="table",
        ),
        pytest.param(
            {"a": np.array([1, 2])}, [{"a": 1}, {"a": 2}], id="dictionary of arrays"
        ),
        pytest.param(["x", b"\x00"], ["x", "AA=="], id="texts and bytes"),
    ],
)
def test_a_value_for_each_row(result, wanted):
    """Of kinds that JSON has."""
    assert wanted == prediction_values(result, 2)


@pytest.mark.parametrize(
    "result",
    [np.array([1]), [1, 2, 3], "text", 5, {"a": [1, 2], "b": [1]}],
    ids=["short", "long", "text", "number", "ragged"],
)
def test_another_number_of_predictions_is_refused(result):
    """Which belongs to which row is never guessed."""
    with pytest.raises(BadPredictionError, match="2 rows were given"):
        prediction_values(result, 2)


@pytest.mark.parametrize(
    ("result", "names", "wanted"),
    [
        pytest.param([1, 2], (), ["prediction"], id="one value"),
        pytest.param([1, 2], ("class",), ["class"], id="one output with a name"),
        pytest.param([[1, 2], [3, 4]], ("a", "b"), ["a", "b"], id="names fit"),
        pytest.param(
            [[1, 2], [3, 4]], ("a",), ["prediction_0", "prediction_1"], id="they do not"
        ),
        pytest.param([{"p": 1}, {"p": 2}], ("x",), ["p"], id="their own"),
    ],
)
def test_columns_are_called_as_the_model_says(result, names, wanted):
    """Else by their number."""
    assert wanted == list(prediction_columns(result, 2, names).columns)
