"""What is read from a model before anything of it is loaded."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines import ParallelRunConfig, strict_yaml
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.mlflow_model.mlmodel import read_mlmodel
from azml_pipelines.pipeline.mlflow_model.trust import what_would_run

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = """
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
    env: conda.yaml
  sklearn: {pickled_model: model.pkl}
signature:
  inputs: '[{"type": "double", "name": "a"}]'
  outputs: null
  params: '[{"name": "top", "type": "long", "default": 1, "shape": null}]'
"""


@pytest.fixture
def model(tmp_path):
    """Make the folder of a model with this MLmodel file."""

    def make(text: str = PLAIN) -> Path:
        (tmp_path / "MLmodel").write_text(text)
        (tmp_path / "model.pkl").write_bytes(b"")
        return tmp_path

    return make


def test_what_a_model_says_of_itself(model):
    """Older files have `env` as one text; both are taken."""
    found = read_mlmodel("model", model())

    assert "mlflow.sklearn" == found.loader_module
    assert ["a"] == [column.name for column in found.signature.columns]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("flavors: {sklearn: {}}", "this one has sklearn", id="no pyfunc"),
        pytest.param("flavors: [x]", "has no flavors", id="no mapping"),
        pytest.param("a: &x 1\nb: *x", "anchor", id="anchor"),
        pytest.param("!!python/object/apply:os.system [id]", "tag", id="tag"),
        pytest.param(
            "flavors: {python_function: {loader_module: [a]}}", "no loader_module",
            id="loader is a list",
        ),
        pytest.param(
            PLAIN.replace("'[{\"type\": \"double\"", "'[{\"type\": \"money\""),
            "'money' is unknown", id="signature",
        ),
    ],
)  # fmt: skip
def test_files_that_are_refused(model, text, said):
    """In one line that says which model and why."""
    with pytest.raises(DeclarationError, match=said) as caught:
        read_mlmodel("model 'm'", model(text))

    assert str(caught.value).startswith("model 'm': ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "model_path: ../model.pkl",
        "data: /etc",
        "code: sub/../../x",
        "model_path: file:///etc/passwd",
        "python_model: '..\\x'",
        "artifacts: {a: {path: /etc/passwd, uri: /home/me/a}}",
        "env: {conda: ../conda.yaml}",
        "config: {place: a/../../b}",
    ],
)
def test_paths_that_lead_out_are_refused(model, line):
    """Wherever they stand; where something came from may be anything."""
    text = PLAIN.replace("    model_path: model.pkl\n", f"    {line}\n")
    text = text.replace("    env: conda.yaml\n", "") if "env" in line else text

    with pytest.raises(DeclarationError, match="leads out of the model's folder"):
        read_mlmodel("model", model(text))


def test_a_link_that_leads_out_is_refused(model, tmp_path):
    """A name inside of the folder may still be a file outside."""
    folder = model(PLAIN.replace("model.pkl\n    predict", "linked\n    predict"))
    (folder / "linked").symlink_to("/etc/passwd")

    with pytest.raises(DeclarationError, match="leads out"):
        read_mlmodel("model", folder)


def test_a_folder_without_a_model(tmp_path):
    """It is said where the configuration is written."""
    with pytest.raises(DeclarationError, match="there is no MLmodel file in"):
        ParallelRunConfig.from_mlflow_model(tmp_path)


def test_what_would_run_has_to_be_trusted(model):
    """The message lists it; a digest is trust in so many words."""
    folder = model()
    with pytest.raises(DeclarationError) as caught:
        ParallelRunConfig.from_mlflow_model(folder)

    assert "mlflow.sklearn" in str(caught.value)
    assert "pickled_model: 'model.pkl'" in str(caught.value)
    ParallelRunConfig.from_mlflow_model(folder, trust="code")
    ParallelRunConfig.from_mlflow_model(folder, sha256="0" * 64)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param({"params": {"tops": 1}}, "no param 'tops'; it takes top", id="p"),
        pytest.param({"trust": "yes"}, "trust='yes'", id="trust"),
        pytest.param({"max_rows_per_predict": 0}, "max_rows_per_predict=0", id="rows"),
        pytest.param({"unsupported_files": "drop"}, "unsupported_files=", id="files"),
        pytest.param({"sha256": "abc"}, "sha256='abc'", id="digest"),
        pytest.param({"max_rows": 5}, "max_rows", id="unknown"),
    ],
)
def test_arguments_are_checked_where_they_are_written(model, arguments, said):
    """In one line."""
    with pytest.raises((DeclarationError, TypeError), match=said) as caught:
        ParallelRunConfig.from_mlflow_model(model(), **{"trust": "code", **arguments})

    assert "\n" not in str(caught.value)


def test_the_defaults_are_those_of_a_deployment_without_code(model):
    """Azure's job fails at the first file that cannot be scored."""
    config = ParallelRunConfig.from_mlflow_model(model(), trust="code")

    assert ("append_row", "predictions.csv", 0, 300) == (
        config.output_action,
        config.append_row_file_name,
        config.error_threshold,
        config.run_invocation_timeout,
    )
    assert not config.needs_script


def test_declaring_a_model_loads_no_mlflow(model):
    """It is read as the text that it is, in the process of the user."""
    code = (
        "import sys; from azml_pipelines import ParallelRunConfig as P; "
        f"P.from_mlflow_model({str(model())!r}, trust='code'); "
        "sys.exit('mlflow' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=20),
    st.sampled_from(
        ["mlflow.onnx", "mlflow.xgboost", "model.onnx", "../x", "/x", "\\"]
    ),
)
_KEYS = st.sampled_from([
    "loader_module", "data", "code", "config", "model_class", "onnx", "xgboost", "env",
    "python_model", "predict_fn", "providers", "artifacts", "path", "inputs", "params",
])  # fmt: skip
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(
    flavors=st.dictionaries(_KEYS, _VALUES, max_size=4),
    pyfunc=st.dictionaries(_KEYS, _VALUES, max_size=6),
    signature=_VALUES,
)
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory, flavors, pyfunc, signature
):
    """In one line; nothing else ever comes out, and what is read has been judged."""
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    content = {
        "flavors": {**flavors, "python_function": pyfunc},
        "signature": signature,
    }
    (folder / "MLmodel").write_text(strict_yaml.dump(content))

    said = ""
    try:
        found = read_mlmodel("model", folder)
    except DeclarationError as error:
        said = str(error)
    assert "\n" not in said
    if said:
        return
    would_run = what_would_run(found)
    loader = found.loader_module
    assert would_run or loader in {"mlflow.onnx", "mlflow.xgboost"}
    assert all("\n" not in line for line in would_run)
