"""The entry ``mlflow``: loads a model and has it predict files and tables."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.data.model_folder import folder_sha256
from azml_pipelines.data.output_action import ItemResults
from azml_pipelines.worker.csv_line import csv_cell, one_line
from azml_pipelines.worker.entry import EntryError
from azml_pipelines.worker.inference_server.results import text_of
from azml_pipelines.worker.json_values import plain
from azml_pipelines.worker.mlflow_model.cast import BadInputError, cast_table
from azml_pipelines.worker.mlflow_model.options import MlflowOptions
from azml_pipelines.worker.mlflow_model.predictions import (
    BadPredictionError,
    prediction_columns,
    prediction_values,
)
from azml_pipelines.worker.mlflow_model.tables import TABLE_READERS, read_table
from azml_pipelines.worker.mlflow_model.tensors import (
    IMAGES,
    image_input,
    tensors_of_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from azml_pipelines.worker.entry import MiniBatchContext
    from azml_pipelines.worker.messages import NodeStart
    from azml_pipelines.worker.mlflow_model.signature import Signature

__all__ = ["MlflowEntry", "ModelInputError"]

ROW, FILE = "row", "file"
_NUMBERS = (int, float)
"""JSON writes them as Python does, and they are most of all predictions."""
_OUR_OWN = "prediction_"
"""Stands before a column of the model that is called as one of ours."""


class ModelInputError(Exception):
    """A file cannot be scored; says which, where and why, without its rows."""


class MlflowEntry:
    """Has a model score files or tables.

    A file of rows gives the number of each row, its prediction and the file's name, as
    comma-separated values; an image gives its prediction and name. A table gives the
    predictions alone. With an ``output_format``, each thing that is predicted has a
    column of its own.
    """

    def __init__(self, start: NodeStart) -> None:
        self._options = MlflowOptions.decode(start.entry_options)
        self._signature = self._options.signature
        self._roots = [os.path.join(item.root, "") for item in start.inputs]
        self._source_directory = start.source_directory
        self._has_columns = start.output_form is not None
        self._model: Optional[Any] = None  # noqa: UP045 - Python 3.9

    def init(self) -> None:
        """Load the model.

        Raises:
            EntryError: MLflow is not installed, or the model is not the one that was
                submitted.
            BaseException: Whatever loading it raises.
        """
        options = self._options
        if importlib.util.find_spec("mlflow") is None:
            msg = (
                "scoring an MLflow model needs mlflow-skinny, which is not installed "
                f"for {sys.executable}: pip install 'azml-pipelines[mlflow]'"
            )
            raise EntryError(msg)
        if folder_sha256(options.model) != options.sha256:
            msg = f"the model in {options.model} has changed since it was submitted"
            raise EntryError(msg)
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        if options.data_only:
            os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
        # Nothing that lies there is a module of a model's.
        while self._source_directory in sys.path:
            sys.path.remove(self._source_directory)
        pyfunc = import_module("mlflow.pyfunc")
        self._model = pyfunc.load_model(options.model, suppress_warnings=True)

    def run(self, mini_batch: Any, _: MiniBatchContext) -> ItemResults:  # noqa: ANN401 - paths or a table
        """Score the files or the rows of a mini-batch.

        Raises:
            ModelInputError: A file or a row cannot be scored.
        """
        if isinstance(mini_batch, list):
            scored = [part for path in mini_batch for part in self._file(path)]
        else:
            scored = [self._table(mini_batch)]
        rows: Any = [line for lines in scored for line in lines]
        if self._has_columns:
            pandas = import_module("pandas")
            rows = pandas.concat(scored, ignore_index=True) if scored else []
        return ItemResults(rows, len(mini_batch))

    def shutdown(self) -> None:
        """Do nothing: what the model holds ends with its process."""

    @property
    def signature(self) -> Signature:
        """What the model takes."""
        return self._signature

    def given_of_table(self, frame: pd.DataFrame) -> Any:  # noqa: ANN401 - a table or arrays
        """Return rows as what the model takes.

        Raises:
            BadInputError: They are not that.
        """
        signature = self._signature
        if signature.columns:
            return cast_table(frame, signature)
        if signature.tensors:
            return tensors_of_table(frame, signature)
        return frame

    def predict(
        self,
        given: Any,  # noqa: ANN401 - a table or arrays
        params: Optional[dict[str, Any]] = None,  # noqa: UP045 - Python 3.9
    ) -> Any:  # noqa: ANN401 - the model's
        """Return what the model says of its input, in whatever shape it says it.

        Args:
            given: What it takes.
            params: Beside those that the step was declared with; these win.

        Raises:
            BadInputError: MLflow refuses it all the same. Its message shows rows, so
                it is left out.
        """
        if self._model is None:
            msg = "run() was called before init()"
            raise EntryError(msg)
        every = {**self._options.params, **(params or {})}
        try:
            return self._model.predict(given, params=every or None)
        except Exception as error:
            refused = import_module("mlflow.exceptions").MlflowException
            if not isinstance(error, refused):
                raise
            code = getattr(error, "error_code", "")
            msg = f"MLflow refused the input ({code})"
        raise BadInputError(msg)

    def _file(self, path: str) -> Iterator[Any]:
        """Yield lines or tables: what each ``predict()`` said of a part of a file."""
        name = self._name(path)
        suffix = os.path.splitext(path)[1].lower()
        try:
            if suffix in TABLE_READERS:
                rows = self._options.max_rows_per_predict
                for first, frame in read_table(path, suffix, self._signature, rows):
                    given: Any = frame
                    if self._signature.tensors:
                        given = tensors_of_table(frame, self._signature)
                    result = self.predict(given)
                    yield self._rows_of_file(result, len(frame), first, name)
            elif suffix in IMAGES:
                result = self.predict(image_input(path, self._signature))
                yield self._row_of_image(result, name)
            elif self._options.unsupported_files != "skip":
                _refuse_type(suffix)
        except (BadInputError, BadPredictionError) as error:
            msg = f"{name}: {error}"
            raise ModelInputError(msg) from error

    def _table(self, frame: pd.DataFrame) -> Any:  # noqa: ANN401 - lines or a table
        try:
            result = self.predict(self.given_of_table(frame))
            if self._has_columns:
                return prediction_columns(result, len(frame), self._signature.outputs)
            values = prediction_values(result, len(frame))
            return [one_line(_cell(value)) for value in values]
        except (BadInputError, BadPredictionError) as error:
            msg = f"rows: {error}"
            raise ModelInputError(msg) from error

    def _rows_of_file(self, result: Any, count: int, first: int, name: str) -> Any:  # noqa: ANN401
        if self._has_columns:
            made = prediction_columns(result, count, self._signature.outputs)
            return _beside(made, {ROW: range(first, first + count)}, name)
        values = prediction_values(result, count)
        end = csv_cell(name)
        cells = [
            repr(value) if type(value) in _NUMBERS else csv_cell(_cell(value))
            for value in values
        ]
        return [f"{row},{cell},{end}" for row, cell in enumerate(cells, first)]

    def _row_of_image(self, result: Any, name: str) -> Any:  # noqa: ANN401
        """Return the one row of an image: the only prediction, or all there is."""
        try:
            [value] = prediction_values(result, 1)
        except BadPredictionError:
            value = plain(result)
        if self._has_columns:
            made = prediction_columns([value], 1, self._signature.outputs)
            return _beside(made, {}, name)
        return [f"{csv_cell(_cell(value))},{csv_cell(name)}"]

    def _name(self, path: str) -> str:
        if self._options.file_names == "base":
            return os.path.basename(path)
        found = (path[len(root) :] for root in self._roots if path.startswith(root))
        return next(found, os.path.basename(path))


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a prediction as one cell; an object of one value is that value."""
    if isinstance(value, dict) and len(value) == 1:
        [value] = value.values()
    return text_of(value)


def _refuse_type(suffix: str) -> None:
    known = ", ".join([*TABLE_READERS, *sorted(IMAGES)])
    kind = repr(suffix) if suffix else "without an extension"
    msg = f"file type {kind} is not supported; supported are {known}"
    raise BadInputError(msg)


def _beside(made: pd.DataFrame, ours: dict[str, Any], name: str) -> pd.DataFrame:
    taken = {own: f"{_OUR_OWN}{own}" for own in (*ours, FILE) if own in made.columns}
    made = made.rename(columns=taken)
    for place, (own, values) in enumerate(ours.items()):
        made.insert(place, own, values)
    made[FILE] = name
    return made
