"""Requests for an MLflow model: the bodies that MLflow's own server takes.

Runs in model processes. Types are those of the model's signature, as for files.
"""

from __future__ import annotations

import io
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from azml_pipelines.serving.media_type import CSV, JSON, JSON_LINES, PARQUET, MediaType
from azml_pipelines.serving.request_body import (
    JSON_FORMS,
    BadBodyError,
    UnknownMediaTypeError,
)
from azml_pipelines.serving.response_body import write_rows
from azml_pipelines.worker.json_values import plain
from azml_pipelines.worker.mlflow_model.cast import BadInputError
from azml_pipelines.worker.mlflow_model.signature import BadParamsError
from azml_pipelines.worker.mlflow_model.tables import (
    TABLE_READERS,
    frame_of_lines,
    read_csv,
)
from azml_pipelines.worker.mlflow_model.tensors import tensor_of_values

if TYPE_CHECKING:
    import pandas as pd

    from azml_pipelines.serving.messages import Invocation, Setup
    from azml_pipelines.worker.mlflow_model.entry import MlflowEntry

__all__ = ["MlflowDialog"]

_ACCEPTED = (CSV, JSON, JSON_LINES, PARQUET)
_PARAMS = "params"


class MlflowDialog:
    """Reads requests, has the model predict, and writes what it said.

    Args:
        entry: With the model.
        setup: Names of columns, for CSV without a header line.
    """

    def __init__(self, entry: MlflowEntry, setup: Setup) -> None:
        self._entry = entry
        self._signature = entry.signature
        self._setup = setup

    def ask(self, invocation: Invocation) -> Any:  # noqa: ANN401 - the model's
        """Return what the model says of a request.

        Raises:
            BadBodyError: The body is not what its content type says, or not what the
                model takes.
            UnknownMediaTypeError: Bodies of this type are not read.
        """
        media_type = MediaType.parse(invocation.content_type)
        params: dict[str, Any] = {}
        try:
            if media_type.name == JSON:
                text = invocation.body.decode(media_type.charset)
                given, params = self._of_json(json.loads(text))
            else:
                frame = self._table(invocation.body, media_type)
                given = self._entry.given_of_table(frame)
            return self._entry.predict(given, params)
        except (BadInputError, BadParamsError) as error:
            raise BadBodyError(str(error)) from error
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            msg = f"the body is not {media_type.name}: {type(error).__name__}: {error}"
            raise BadBodyError(msg) from error

    def write(self, result: Any, content_type: str) -> bytes:  # noqa: ANN401 - the model's
        """Write what the model said, in the shapes of MLflow's server."""
        shaped = _shaped(result)
        if content_type == JSON:
            return write_rows(shaped, JSON)
        return write_rows(
            shaped if isinstance(shaped, list) else [shaped], content_type
        )

    def _table(self, body: bytes, media_type: MediaType) -> pd.DataFrame:
        if media_type.name not in _ACCEPTED:
            msg = (
                f"Content-Type {media_type.name!r} is not read; accepted are "
                f"{', '.join(_ACCEPTED)}"
            )
            raise UnknownMediaTypeError(msg)
        if media_type.name == JSON_LINES:
            text = body.decode(media_type.charset)
            frame = frame_of_lines(text.splitlines())
        elif media_type.name == PARQUET:
            [frame] = TABLE_READERS[".parquet"](io.BytesIO(body), self._signature, None)
        else:
            if self._setup.columns:
                header = ",".join(self._setup.columns) + "\n"
                body = header.encode(media_type.charset) + body
            source = io.BytesIO(body)
            encoding = "utf-8-sig" if media_type.charset == "utf-8" else None
            encoding = encoding or media_type.charset
            [frame] = read_csv(source, self._signature, encoding=encoding)
        if not len(frame):
            msg = "the body has no rows"
            raise BadBodyError(msg)
        return frame

    def _of_json(self, content: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401 - any JSON
        """Return what ``predict()`` gets, and its params."""
        forms = JSON_FORMS if isinstance(content, dict) else ()
        found = [form for form in forms if form in content]
        if len(found) != 1:
            msg = f"expected a JSON object with exactly one of {', '.join(JSON_FORMS)}"
            raise BadBodyError(msg)
        params = content.get(_PARAMS) or {}
        if not isinstance(params, dict):
            msg = f"{_PARAMS} is no JSON object"
            raise BadBodyError(msg)
        checked = self._signature.checked_params(params)
        [form] = found
        try:
            given = self._of_form(form, content[form])
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            if isinstance(error, BadInputError):
                raise
            msg = f"{form} is not of its form: {type(error).__name__}: {error}"
            raise BadBodyError(msg) from error
        return given, checked

    def _of_form(self, form: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
        pandas = import_module("pandas")
        entry = self._entry
        if form == "dataframe_split":
            frame = pandas.DataFrame(
                value["data"], columns=value.get("columns"), index=value.get("index")
            )
            return entry.given_of_table(frame.reset_index(drop=True))
        if form == "dataframe_records":
            return entry.given_of_table(pandas.DataFrame(value))
        if self._signature.columns:
            is_one = isinstance(value, dict) and not any(
                isinstance(cells, list) for cells in value.values()
            )
            return entry.given_of_table(pandas.DataFrame([value] if is_one else value))
        return self._arrays(value)

    def _arrays(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return JSON lists as arrays: of the signature's types, or of numpy's."""
        numpy = import_module("numpy")
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = {name: [one[name] for one in value] for name in value[0]}
        tensors = self._signature.tensors
        if not tensors:
            if isinstance(value, dict):
                return {name: numpy.asarray(cells) for name, cells in value.items()}
            return numpy.asarray(value)
        if tensors[0].name is None:
            return tensor_of_values(value, tensors[0])
        missing = [str(one.name) for one in tensors if one.name not in value]
        if missing:
            msg = f"there is no tensor {', '.join(map(repr, missing))}"
            raise BadInputError(msg)
        return {one.name: tensor_of_values(value[one.name], one) for one in tensors}


def _shaped(result: Any) -> Any:  # noqa: ANN401 - the model's
    if hasattr(result, "to_frame") and not hasattr(result, "columns"):
        result = result.to_frame()
    if hasattr(result, "to_dict") and hasattr(result, "columns"):
        result = result.to_dict("records")
    return plain(result)
