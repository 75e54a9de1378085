"""Whether loading a model runs what its author wrote.

Most flavors unpickle, import or execute files of the model. What does not, is listed
here, and everything else has to be trusted in so many words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.pipeline.mlflow_model.mlmodel import MlModel

__all__ = ["what_would_run"]

_PYFUNC_KEYS = frozenset({
    "code", "config", "data", "env", "loader_module", "model_path", "predict_fn",
    "python_version", "streamable",
})  # fmt: skip


@dataclass(frozen=True)
class _DataFlavor:
    """A flavor whose files are data for its library, if nothing else is said."""

    suffixes: tuple[str, ...]
    """Of the file with the model."""
    choices: Mapping[str, frozenset[object]] = field(default_factory=dict)
    """Keys that name classes or formats, with those that load data only."""
    must_be_absent: tuple[str, ...] = ()


_XGBOOST_CLASSES = frozenset({
    "xgboost.core.Booster", "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor", "xgboost.sklearn.XGBRanker",
    "xgboost.sklearn.XGBRFClassifier", "xgboost.sklearn.XGBRFRegressor",
})  # fmt: skip
_DATA_FLAVORS = {
    "catboost": _DataFlavor(
        (".cb", ".cbm"),
        {
            "save_format": frozenset({"cbm"}),
            "model_type": frozenset(
                {"CatBoost", "CatBoostClassifier", "CatBoostRegressor"}
            ),
        },
    ),
    "lightgbm": _DataFlavor(
        (".lgb", ".txt"), {"model_class": frozenset({"lightgbm.basic.Booster"})}
    ),
    "onnx": _DataFlavor((".onnx",), {}, ("onnx_session_options", "provider_options")),
    "xgboost": _DataFlavor(
        (".ubj", ".json", ".xgb"), {"model_class": _XGBOOST_CLASSES}
    ),
}


def what_would_run(model: MlModel) -> list[str]:
    """Return what of the author's would be run to load a model; nothing for data."""
    found = []
    pyfunc = model.pyfunc
    name = model.loader_module.removeprefix("mlflow.")
    flavor = _DATA_FLAVORS.get(name)
    if model.loader_module != f"mlflow.{name}" or flavor is None:
        found.append(f"loader_module: {shown(model.loader_module)[1:-1]}")
    runs = ("code", "python_model", "model_code_path", "config")
    found += [f"{key}: {shown(pyfunc[key])}" for key in runs if pyfunc.get(key)]
    if pyfunc.get("predict_fn", "predict") != "predict":
        found.append(f"predict_fn: {shown(pyfunc['predict_fn'])}")
    more = sorted(pyfunc.keys() - _PYFUNC_KEYS - {"python_model", "model_code_path"})
    found += [f"{key}: {shown(pyfunc[key])}" for key in more if pyfunc[key]]
    own = model.flavors.get(name, {})
    pickled = [
        f"{key}: {shown(own[key])}"
        for key in ("pickled_model", "model_data")
        if own.get(key)
    ]
    found += pickled
    if flavor is not None:
        found += _beyond_data(flavor, pyfunc, own)
    return found


def _beyond_data(
    flavor: _DataFlavor, pyfunc: Mapping[str, Any], own: Mapping[str, Any]
) -> list[str]:
    found = [
        f"{key}: {shown(own[key])}" for key in (*flavor.must_be_absent, "code")
        if own.get(key)
    ]  # fmt: skip
    for key, harmless in flavor.choices.items():
        value = own.get(key)
        if value is not None and (not isinstance(value, str) or value not in harmless):
            found.append(f"{key}: {shown(value)}")
    files = [one["data"] for one in (pyfunc, own) if one.get("data")]
    if not files or not all(
        isinstance(file, str) and file.endswith(flavor.suffixes) for file in files
    ):
        found.append(f"data: {listed(map(str, files))}")
    providers = own.get("providers")
    if providers is not None and not (
        isinstance(providers, list) and all(isinstance(one, str) for one in providers)
    ):
        found.append(f"providers: {shown(providers)}")
    return found
