"""What we make of a table, MLflow takes: its own enforcement says so, type by type."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from azml_pipelines.worker.mlflow_model.cast import BadInputError, cast_table
from azml_pipelines.worker.mlflow_model.signature import Signature
from azml_pipelines.worker.mlflow_model.tensors import image_input, tensors_of_table

mlflow = pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")
DAY = pd.Timestamp("2024-05-06")
INCOMING = {
    "int8": pd.Series([2, 7], dtype="int8"),
    "uint8": pd.Series([2, 7], dtype="uint8"),
    "int32": pd.Series([2, 7], dtype="int32"),
    "uint32": pd.Series([2, 7], dtype="uint32"),
    "int64": pd.Series([2, 7], dtype="int64"),
    "int64 of arrow": pd.Series([2, 7], dtype="int64[pyarrow]"),
    "Int64 with nothing": pd.Series([2, None], dtype="Int64"),
    "0 and 1": pd.Series([0, 1], dtype="int64"),
    "float32": pd.Series([0.5, 7], dtype="float32"),
    "float64": pd.Series([0.5, 7], dtype="float64"),
    "whole float64 with nothing": pd.Series([2.0, np.nan]),
    "bool": pd.Series([True, False]),
    "text": pd.Series(["one", None]),
    "text of numbers": pd.Series(["2", "7"]),
    "bytes": pd.Series([b"a", b"b"]),
    "only None": pd.Series([None, None], dtype="object"),
    "category": pd.Series(["a", "b"], dtype="category"),
    "date": pd.Series([DAY, DAY], dtype="datetime64[s]"),
    "date with a zone": pd.Series([DAY, DAY]).dt.tz_localize("UTC"),
    "text of dates": pd.Series(["2024-05-06", "2024-05-07T01:02:03"]),
}
NUMBERS = {"integer", "long", "float", "double"}
DECIMAL = {"float", "double"}
OURS = {
    **dict.fromkeys(
        ["int8", "uint8", "int32", "uint32", "int64", "int64 of arrow"], NUMBERS
    ),
    "Int64 with nothing": DECIMAL,
    "0 and 1": NUMBERS | {"boolean"},
    "float32": DECIMAL,
    "float64": DECIMAL,
    "whole float64 with nothing": DECIMAL,
    "bool": {"boolean"},
    "text": {"string"},
    "text of numbers": NUMBERS | {"string"},
    "bytes": {"binary"},
    "only None": DECIMAL | {"string", "binary", "datetime"},
    "category": {"string"},
    "date": {"datetime"},
    "date with a zone": set(),
    "text of dates": {"string", "datetime"},
}
"""What is taken for which declared type. Alone, MLflow takes fewer of them."""
DTYPES = {
    "integer": "int32", "long": "int64", "float": "float32", "double": "float64",
    "boolean": "bool", "datetime": "datetime64[ns]", "string": "object",
    "binary": "object",
}  # fmt: skip


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    """Save and load a model with this input schema; once for each."""
    from mlflow.models import ModelSignature

    loaded = {}
    with warnings.catch_warnings():
        # Of type hints, which its signature takes the place of.
        warnings.simplefilter("ignore")

        class Echo(mlflow.pyfunc.PythonModel):
            """Says of each row what type its cells came in."""

            def predict(self, context, model_input, params=None):  # noqa: ARG002 - MLflow's
                if isinstance(model_input, pd.DataFrame):
                    return [str(model_input.iloc[:, 0].dtype)] * len(model_input)
                return [f"{model_input.dtype} {model_input.shape}"]

    def make(name: str, schema: object):
        if name not in loaded:
            place = tmp_path_factory.mktemp("echo") / "model"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                mlflow.pyfunc.save_model(
                    place,
                    python_model=Echo(),
                    signature=ModelSignature(schema),
                    pip_requirements=["pandas"],
                )
                model = mlflow.pyfunc.load_model(str(place), suppress_warnings=True)
            text = model.metadata.signature.to_dict()["inputs"]
            loaded[name] = model, Signature.parse(text)
        return loaded[name]

    return make


@pytest.fixture
def column(echo):
    """Return a model of one column of this type, and its signature."""
    from mlflow.types import ColSpec, Schema

    return lambda kind: echo(kind, Schema([ColSpec(kind, "x")]))


@pytest.fixture
def array(echo):
    """Return a model of one tensor, and its signature."""
    from mlflow.types import Schema, TensorSpec

    def make(dtype: str, shape: tuple[int, ...]):
        return echo(f"{dtype} {shape}", Schema([TensorSpec(np.dtype(dtype), shape)]))

    return make


@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("incoming", INCOMING)
def test_a_column_of_each_type_for_each_declared_type(incoming, kind, column):
    """What we take arrives as declared; what we do not, MLflow does not see."""
    model, signature = column(kind)
    frame = pd.DataFrame({"x": INCOMING[incoming]})

    if kind not in OURS[incoming]:
        with pytest.raises(BadInputError):
            cast_table(frame, signature)
        return
    assert [DTYPES[kind]] * 2 == model.predict(cast_table(frame, signature))


def test_the_trap_is_there(column):
    """MLflow alone refuses whole numbers for a double, unless all are 0 or 1."""
    model, _ = column("double")

    with pytest.raises(mlflow.exceptions.MlflowException):
        model.predict(pd.DataFrame({"x": [2, 7]}))
    assert ["float64"] * 2 == model.predict(pd.DataFrame({"x": [0, 1]}))


@pytest.mark.parametrize(
    ("values", "dtype", "shape", "wanted"),
    [
        pytest.param([[1, 2]], "float32", (-1, 2), "float32 (1, 2)", id="whole"),
        pytest.param([[1.5, 2]], "float32", (-1, 2), "float32 (1, 2)", id="wide"),
        pytest.param([[1.0, 2.0]], "int64", (-1, 2), "int64 (1, 2)", id="narrow"),
        pytest.param([[1, 2, 3, 4]], "uint8", (-1, 2, 2), "uint8 (1, 2, 2)", id="cut"),
        pytest.param([[[1, 2]]], "float64", (-1, 2), "float64 (1, 2)", id="lists"),
    ],
)
def test_rows_for_a_tensor(values, dtype, shape, wanted, array):
    """MLflow compares dtype and axes exactly; ours are exactly that."""
    model, signature = array(dtype, shape)

    made = tensors_of_table(pd.DataFrame(values), signature)

    assert [wanted] == model.predict(made)
    with pytest.raises(mlflow.exceptions.MlflowException):
        model.predict(np.asarray(made).astype("float16"))


def test_an_image_for_a_tensor(array, tmp_path):
    """MLflow refuses a picture without the axis of rows, or as bytes for floats."""
    image_module = pytest.importorskip("PIL.Image")
    path = tmp_path / "a.png"
    image_module.new("RGB", (4, 3)).save(path)
    model, signature = array("float32", (-1, 3, 4, 3))

    assert ["float32 (1, 3, 4, 3)"] == model.predict(image_input(str(path), signature))
    with pytest.raises(mlflow.exceptions.MlflowException):
        model.predict(np.zeros((3, 4, 3), "float32"))


def test_params_are_given_as_the_model_takes_them(echo):
    """What we let pass, MLflow takes; what it would drop silently, we refuse."""
    signature = Signature.parse(
        None, None, '[{"name": "p", "type": "double", "default": 1.0, "shape": null}]'
    )

    assert {"p": 2.0} == signature.checked_params({"p": 2})
    with pytest.raises(ValueError, match="no param 'q'"):
        signature.checked_params({"q": 2})
