"""Models made to do harm: nothing of theirs runs before it is trusted.

Each writes a marker file when any of its code runs. All of them are declared, and those
that can be declared are submitted and run to their end.
"""

from __future__ import annotations

import json
import pickle
import warnings
from typing import TYPE_CHECKING

import pytest

from azml_pipelines import ParallelRunConfig, Workspace
from azml_pipelines.errors import DeclarationError

pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")

if TYPE_CHECKING:
    from pathlib import Path

LOADER = """
import pathlib
pathlib.Path({marker!r}).touch()
def _load_pyfunc(path, model_config=None):
    class Model:
        def predict(self, data, params=None): return [0] * len(data)
    return Model()
"""
OWN = "loader_module: evil_loader"
SKLEARN = "loader_module: mlflow.sklearn, model_path: model.pkl"
XGBOOST = "loader_module: mlflow.xgboost, data: model.ubj"
# Name to the flavor python_function, and to the other flavors.
MODELS = {
    "loader in code": (f"{OWN}, code: code", ""),
    "loader beside": (OWN, ""),
    "loader in a package": ("loader_module: package.evil_loader, code: .", ""),
    "loader of the standard library": ("loader_module: subprocess", ""),
    "code with a harmless loader": (f"{XGBOOST}, code: code", "xgboost: {}"),
    "pickle": (SKLEARN, "sklearn: {pickled_model: model.pkl}"),
    "joblib": (SKLEARN, "sklearn: {serialization_format: joblib}"),
    "skops with its own types": (
        SKLEARN,
        "sklearn: {serialization_format: skops, skops_trusted_types: [os.system]}",
    ),
    "python_model": (
        "loader_module: mlflow.pyfunc.model, python_model: model.pkl",
        "",
    ),
    "model from code": (
        "loader_module: mlflow.pyfunc.model, model_code_path: code/evil_loader.py",
        "",
    ),
    "torch": ("loader_module: mlflow.pytorch, data: data", "pytorch: {}"),
    "keras lambda": ("loader_module: mlflow.keras, data: model.pkl", "keras: {}"),
    "transformers": ("loader_module: mlflow.transformers", "transformers: {}"),
    "class of xgboost": (XGBOOST, "xgboost: {model_class: evil_loader.Model}"),
    "class as a list": (XGBOOST, "xgboost: {model_class: [evil_loader.Model]}"),
    "pickled lightgbm": (
        "loader_module: mlflow.lightgbm, data: model.pkl",
        "lightgbm: {model_class: lightgbm.sklearn.LGBMClassifier}",
    ),
    "session options of onnx": (
        "loader_module: mlflow.onnx, data: model.onnx",
        "onnx: {onnx_session_options: {extra_session_config: {a: b}}}",
    ),
    "data outside": (
        f"{XGBOOST.replace('model.ubj', '../outside.ubj')}",
        "xgboost: {}",
    ),
    "absolute data": (f"{XGBOOST.replace('model.ubj', '/etc/passwd')}", "xgboost: {}"),
    "linked code": (f"{XGBOOST}, code: linked", "xgboost: {}"),
    "a tag": ("loader_module: !!python/object/apply:os.getcwd []", ""),
    "another function": (f"{XGBOOST}, predict_fn: __class__", "xgboost: {}"),
    "a setting": (f"{XGBOOST}, config: {{a: b}}", "xgboost: {}"),
}


@pytest.fixture
def marker(tmp_path):
    """Where it is seen that something has run."""
    return tmp_path / "it-ran"


class _Touch:
    """Unpickled, it touches a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        code = f"import pathlib; pathlib.Path({str(self.path)!r}).touch()"
        return exec, (code,)


@pytest.fixture
def make_model(tmp_path, marker):
    """Make the folder of a model that does harm wherever it can."""

    def make(pyfunc: str, flavors: str = "") -> Path:
        folder = tmp_path / "model"
        loader = LOADER.format(marker=str(marker))
        for place in ("", "code", "package", "../code-outside"):
            (folder / place).mkdir(parents=True, exist_ok=True)
            (folder / place / "evil_loader.py").write_text(loader)
        # Any of these would be found instead of the real one, if the folder were
        # searched for modules.
        for name in ("mlflow", "numpy", "pandas", "sklearn", "xgboost", "onnxruntime"):
            (folder / f"{name}.py").write_text(loader)
        harmful = pickle.dumps(_Touch(marker))
        for name in ("model.pkl", "model.ubj", "model.onnx", "../outside.ubj"):
            (folder / name).write_bytes(harmful)
        (folder / "linked").symlink_to(tmp_path / "code-outside")
        (folder / "requirements.txt").write_text(
            f"mlflow\n$(touch {marker})\n-e git+file://{tmp_path}#egg=x\n"
            f"evil @ file://{tmp_path}/package\n"
        )
        conda = {
            "dependencies": [{"pip": [f"evil @ file://{tmp_path}; touch {marker}"]}]
        }
        (folder / "conda.yaml").write_text(json.dumps(conda))
        text = f"flavors:\n  python_function: {{{pyfunc}}}\n"
        (folder / "MLmodel").write_text(text + (f"  {flavors}\n" if flavors else ""))
        return folder

    return make


@pytest.mark.parametrize("name", MODELS)
def test_nothing_of_an_untrusted_model_runs(name, make_model, marker):
    """It is refused where it is declared, in one line that lists what would run."""
    folder = make_model(*MODELS[name])

    with pytest.raises(DeclarationError) as caught:
        ParallelRunConfig.from_mlflow_model(folder)

    assert "\n" not in str(caught.value)
    assert not marker.exists()


def test_the_markers_work(make_model, marker):
    """The same model, trusted, does what it was made for: the tests can fail."""
    import mlflow.pyfunc

    folder = make_model(*MODELS["loader in code"])
    (folder / "linked").unlink()
    mlflow.pyfunc.load_model(str(folder), suppress_warnings=True)

    assert marker.exists()


def test_a_model_of_data_finds_no_module_of_its_own(make_model, marker, score, files):
    """It is loaded, and fails as what it is not; files beside it are no modules."""
    folder = make_model("loader_module: mlflow.onnx, data: model.onnx", "onnx: {}")
    (folder / "linked").unlink()
    files({"one.csv": "a\n1\n"})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = score(folder, trust="data-only")

    assert "Failed" == done.status
    assert not marker.exists()


def test_a_link_out_of_the_model_is_not_followed(make_model, workspace: Workspace):
    """What it means could be any file of this machine."""
    folder = make_model(XGBOOST, "xgboost: {}")
    config = ParallelRunConfig.from_mlflow_model(folder)

    assert config.mlflow_model is not None
    with pytest.raises(DeclarationError, match="'linked' is a link"):
        config.mlflow_model.options("score", workspace)


def test_requirements_are_compared_and_not_installed(make_model, marker, workspace):
    """What cannot be compared is said to be so."""
    folder = make_model("loader_module: mlflow.onnx, data: model.onnx", "onnx: {}")
    (folder / "linked").unlink()
    config = ParallelRunConfig.from_mlflow_model(folder, requirements="fail")

    assert config.mlflow_model is not None
    with pytest.raises(DeclarationError, match="not compared"):
        config.mlflow_model.options("score", workspace)
    assert not marker.exists()
