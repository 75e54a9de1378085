"""The entry itself, with models that MLflow loads: tables, images, params, columns."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from azml_pipelines.data.model_folder import folder_sha256
from azml_pipelines.data.output_format import FormattedRows, OutputForm
from azml_pipelines.worker.entry import EntryError, MiniBatchContext
from azml_pipelines.worker.messages import NodeStart, WorkerInput
from azml_pipelines.worker.mlflow_model.entry import MlflowEntry, ModelInputError
from azml_pipelines.worker.mlflow_model.options import MlflowOptions

if TYPE_CHECKING:
    from pathlib import Path

mlflow = pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")
CONTEXT = MiniBatchContext(0)


def save(place: Path, predict, signature: object = None) -> Path:
    """Save a model that predicts as a function does."""
    with warnings.catch_warnings():
        # Of type hints and signatures that some of these have not.
        warnings.simplefilter("ignore")

        class Model(mlflow.pyfunc.PythonModel):
            """Asks the function."""

            def predict(self, context, model_input, params=None):  # noqa: ARG002 - MLflow's
                return predict(model_input, params or {})

        mlflow.pyfunc.save_model(
            place, python_model=Model(), signature=signature, pip_requirements=["numpy"]
        )
    return place


@pytest.fixture
def entry(tmp_path):
    """Load a model as a worker process does."""

    def make(model: Path, *, form: str | None = None, **options: object) -> MlflowEntry:
        texts = mlflow.models.Model.load(str(model)).signature
        given = texts.to_dict() if texts is not None else {}
        told = MlflowOptions(
            str(model),
            folder_sha256(str(model)),
            inputs=given.get("inputs"),
            outputs=given.get("outputs"),
            params_schema=given.get("params"),
            data_only=False,
            **options,
        )
        start = NodeStart(
            node="node000",
            entry_kind="mlflow",
            source_directory=str(tmp_path / "empty"),
            entry_script="",
            inputs=[WorkerInput("files", "file", str(tmp_path / "in"))],
            output_action="append_row",
            output_directory=str(tmp_path),
            parts="",
            logs="",
            entry_options=told.encode(),
            output_form=None if form is None else OutputForm(form),
        )
        made = MlflowEntry(start)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.init()
        return made

    return make


def schema(*columns: tuple[str, str]):
    """Return a signature of these columns."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    return ModelSignature(Schema([ColSpec(kind, name) for kind, name in columns]))


def test_a_table_gives_its_predictions_alone(entry, linear_model):
    """Whole numbers of a tabular dataset become the doubles of the signature."""
    found = entry(linear_model).run(pd.DataFrame({"b": [2, 4], "a": [1, 3]}), CONTEXT)

    assert 2 == found.items
    assert [5.0, 11.0] == [round(float(line), 6) for line in found.rows]


def test_a_table_that_does_not_fit_is_named(entry, linear_model):
    """By column and row."""
    with pytest.raises(ModelInputError, match="rows: there is no column 'b'"):
        entry(linear_model).run(pd.DataFrame({"a": [1]}), CONTEXT)


def test_images_give_one_row_each(entry, files, tmp_path):
    """Prediction and name, whether the model has seen bytes or pixels."""
    image_module = pytest.importorskip("PIL.Image")
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    folder = files({})
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    for name, shade in (("a.png", 10), ("b.jpg", 30)):
        image_module.new("L", (4, 3), shade).save(folder / name)
    paths = [str(folder / name) for name in ("a.png", "b.jpg")]
    pixels = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 3, 4))]))
    bright = save(tmp_path / "m1", lambda x, _: x.mean(axis=(1, 2)).round(), pixels)
    sizes = save(
        tmp_path / "m2", lambda x, _: [len(one) for one in x["file"]],
        schema(("binary", "file")),
    )  # fmt: skip

    assert ["10.0,a.png", "30.0,b.jpg"] == entry(bright).run(paths, CONTEXT).rows
    lengths = [line.split(",") for line in entry(sizes).run(paths, CONTEXT).rows]
    assert [
        [str((folder / name).stat().st_size), name] for name in ("a.png", "b.jpg")
    ] == lengths


def test_params_reach_the_model(entry, files, tmp_path):
    """Those of the declaration, in each predict()."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    signature = ModelSignature(
        Schema([ColSpec("double", "a")]),
        params=ParamSchema([ParamSpec("times", "double", 1.0)]),
    )
    model = save(tmp_path / "m", lambda x, p: x["a"] * p["times"], signature)
    path = files({"a.csv": "a\n1\n2\n"}) / "a.csv"

    found = entry(model, params={"times": 10.0}).run([str(path)], CONTEXT)

    assert ["0,10.0,a.csv", "1,20.0,a.csv"] == found.rows


def test_columns_of_their_own(entry, files, tmp_path):
    """A model whose outputs are called as ours keeps both."""
    model = save(
        tmp_path / "m",
        lambda x, _: pd.DataFrame({"row": x["a"] * 2, "label": ["x"] * len(x)}),
        schema(("double", "a")),
    )
    path = files({"a.csv": "a\n1\n2\n", "b.csv": "a\n"}) / "a.csv"
    scored = entry(model, form="csv")

    found = scored.run([str(path), str(path.with_name("b.csv"))], CONTEXT)

    assert ["row", "prediction_row", "label", "file"] == list(found.rows.columns)
    rows = FormattedRows(OutputForm("csv")).rows(found)
    assert (2, b"0,2.0,x,a.csv\n1,4.0,x,a.csv\n") == (rows.count, rows.text)
    empty = scored.run([str(path.with_name("b.csv"))], CONTEXT)
    assert 1 == FormattedRows(OutputForm("csv")).rows(empty).count


def test_the_only_value_of_a_row_stands_alone(entry, files, tmp_path):
    """Several are an object, as MLflow's server has it."""
    one = save(tmp_path / "m1", lambda x, _: pd.DataFrame({"p": x["a"]}))
    two = save(tmp_path / "m2", lambda x, _: pd.DataFrame({"p": x["a"], "q": x["a"]}))
    path = str(files({"a.csv": "a\n7\n"}) / "a.csv")

    assert ["0,7,a.csv"] == entry(one).run([path], CONTEXT).rows
    expected = '0,"{""p"": 7, ""q"": 7}",a.csv'
    assert [expected] == entry(two).run([path], CONTEXT).rows


def test_another_number_of_predictions_fails_the_file(entry, files, tmp_path):
    """Which is whose, is never guessed."""
    model = save(tmp_path / "m", lambda _x, _p: [1])
    path = str(files({"a.csv": "a\n1\n2\n"}) / "a.csv")

    with pytest.raises(ModelInputError, match=r"a\.csv: 2 rows were given"):
        entry(model).run([path], CONTEXT)


def test_what_mlflow_itself_refuses_shows_no_rows(entry, files, tmp_path):
    """Its message has the data in it; ours has the file and the code of the error."""

    def refuse(data, _):
        msg = f"bad rows: {data}"
        raise mlflow.exceptions.MlflowException(msg)

    model = save(tmp_path / "m", refuse)
    path = str(files({"a.csv": "a\n4711\n"}) / "a.csv")

    with pytest.raises(ModelInputError) as caught:
        entry(model).run([path], CONTEXT)

    assert "a.csv: MLflow refused the input (INTERNAL_ERROR)" == str(caught.value)
    assert caught.value.__cause__ is not None
    assert caught.value.__cause__.__context__ is None


def test_a_model_that_has_changed_is_not_loaded(entry, tmp_path, linear_model):
    """Its digest is compared in every worker process."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(linear_model, copy)
    loaded = entry(copy)
    (copy / "more.txt").write_text("x")

    with pytest.raises(EntryError, match="has changed since it was submitted"):
        loaded.init()


def test_without_mlflow_it_is_said_what_to_install(entry, linear_model, monkeypatch):
    """In one line, with the name of the extra."""
    made = entry(linear_model)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(EntryError, match="pip install 'azml-pipelines\\[mlflow\\]'"):
        made.init()
