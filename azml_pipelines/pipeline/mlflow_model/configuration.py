"""The arguments of a ``ParallelRunConfig`` that scores an MLflow model."""

from __future__ import annotations

from typing import Any

from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.pipeline.mlflow_model.declaration import (
    MlflowModel,
    make_mlflow_model,
)

__all__ = ["mlflow_arguments"]

_FILE = "predictions"
_DEFAULTS: dict[str, Any] = {
    "error_threshold": 0,
    "output_action": "append_row",
    "compute_target": "local",
    "node_count": 1,
    "run_invocation_timeout": 300,
    "on_failed_mini_batch": "bisect",
}
"""Azure's for a deployment without code, and bisecting: it names the bad file."""


def mlflow_arguments(model: object, given: dict[str, Any]) -> dict[str, Any]:
    """Return all arguments of a configuration.

    Args:
        model: Which one.
        given: The other arguments, of ``MlflowModel`` and of the configuration.

    Raises:
        DeclarationError: One of those of ``MlflowModel`` is not allowed.
    """
    own = [name for name in MlflowModel.model_fields if name in given]
    made = make_mlflow_model(model=model, **{name: given[name] for name in own})
    rest = {name: value for name, value in given.items() if name not in own}
    defaults = {**_DEFAULTS, "environment": Environment("mlflow-model")}
    if str(rest.get("output_action", "append_row")).lower() == "append_row":
        suffix = rest.get("output_format") or "csv"
        defaults["append_row_file_name"] = f"{_FILE}.{suffix}"
    return {**defaults, **rest, "entry_script": "", "mlflow_model": made}
