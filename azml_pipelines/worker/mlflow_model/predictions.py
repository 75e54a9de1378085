"""What a model returned, laid beside the rows it was asked about."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from azml_pipelines.worker.json_values import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["BadPredictionError", "prediction_columns", "prediction_values"]

PREDICTION = "prediction"


class BadPredictionError(Exception):
    """There are not as many predictions as rows; which is whose, is never guessed."""


def prediction_values(result: Any, rows: int) -> list[Any]:  # noqa: ANN401 - the model's
    """Return one value per row, of kinds that JSON has: those of MLflow's own server.

    A list of arrays with two axes, an object of a table or of a dictionary of arrays.

    Raises:
        BadPredictionError: There are not as many as rows.
    """
    values = _values(result)
    if len(values) != rows:
        msg = f"{rows} rows were given to predict(), {len(values)} predictions came"
        raise BadPredictionError(msg)
    return [plain(value) for value in values]


def _values(result: Any) -> list[Any]:  # noqa: ANN401 - the model's
    if hasattr(result, "to_dict") and hasattr(result, "columns"):
        records: list[Any] = result.to_dict("records")
        return records
    if isinstance(result, dict):
        columns = {str(name): list(column) for name, column in result.items()}
        if len({len(column) for column in columns.values()}) > 1:
            return []
        return [dict(zip(columns, row)) for row in zip(*columns.values())]
    if hasattr(result, "tolist") and getattr(result, "ndim", 1) > 0:
        result = result.tolist()
    if isinstance(result, (list, tuple)):
        return list(result)
    return [result]


def prediction_columns(
    result: Any,  # noqa: ANN401 - the model's
    rows: int,
    names: Sequence[str],
) -> pd.DataFrame:
    """Return predictions as a table with a column for each thing that is predicted.

    Args:
        result: What the model returned.
        rows: How many it was given.
        names: Of its outputs, as the signature has them; empty for none.

    Raises:
        BadPredictionError: There are not as many as rows.
    """
    pandas = import_module("pandas")
    values = prediction_values(result, rows)
    if values and all(isinstance(value, dict) for value in values):
        return pandas.DataFrame(values)  # type: ignore[no-any-return]
    if values and all(isinstance(value, list) for value in values):
        width = len(values[0])
        if width and all(len(value) == width for value in values):
            given = list(names) if len(names) == width else None
            own = given or [f"{PREDICTION}_{number}" for number in range(width)]
            return pandas.DataFrame(values, columns=own)  # type: ignore[no-any-return]
    own = list(names) if len(names) == 1 else [PREDICTION]
    return pandas.DataFrame({own[0]: values})  # type: ignore[no-any-return]
