"""What ``azml serve --deployment`` serves: a batch deployment of version 2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.deployment import BatchDeployment

__all__ = ["read_served_deployment"]


def read_served_deployment(file: Path, scratch: Path) -> dict[str, Any]:
    """Return the options of ``azml serve`` that a deployment stands for.

    Args:
        file: The document of a model deployment, with a scoring script or an MLflow
            model. Models that are only named have to be registered in the workspace.
        scratch: An empty folder. What AZUREML_MODEL_DIR names has the model alone in
            it, as in a batch.

    Returns:
        ``script`` or ``model``, ``model_dir``, ``variables`` (``NAME=VALUE`` each),
        ``timeout`` and ``items``: scoring scripts of batch deployments get files.

    Raises:
        DeclarationError: It is another kind of deployment, or what it names is not on
            this machine.
    """
    from azml_pipelines.azure_v2.deployment import load_batch_deployment  # noqa: PLC0415 - slow to load

    deployment = load_batch_deployment(file)
    if deployment.kind != "model":
        msg = (
            f"{file}: a deployment of type {deployment.kind} cannot be served: it runs "
            "steps. Serve one of type model."
        )
        raise DeclarationError(msg)
    model = _model(deployment)
    settings = deployment.settings
    options: dict[str, Any] = {
        "model_dir": None if model is None else _alone(model, scratch),
        "timeout": settings.timeout,
        "variables": tuple(
            f"{name}={value}" for name, value in settings.environment_variables.items()
        ),
    }
    code = deployment.code
    if code is not None:
        folder = Path(deployment.place.document.folder, code.code)
        script = folder / code.scoring_script
        if not script.is_file():
            msg = (
                f"{file}: code_configuration: there is no {shown(str(script))} on this "
                "machine."
            )
            raise DeclarationError(msg)
        return {**options, "script": script, "items": "file"}
    if model is None or not (model / "MLmodel").is_file():
        msg = f"{file}: needs a code_configuration: only MLflow models can do without."
        raise DeclarationError(msg)
    return {**options, "model": model}


def _alone(model: Path, scratch: Path) -> Path:
    (scratch / model.name).symlink_to(model)
    return scratch


def _model(deployment: BatchDeployment) -> Path | None:
    """Return the file or folder of the model; None when there is none.

    What is written out is taken where it lies: a server registers nothing.
    """
    given = deployment.content.get("model")
    if given is None:
        return None
    path = given.get("path") if isinstance(given, dict) else given
    if isinstance(path, str):
        found = Path(deployment.place.document.folder, path)
        if found.exists():
            return found.resolve()
    from azml_pipelines.azure_v2.model_reference import (  # noqa: PLC0415 - slow to load
        deployed_model,
        model_path,
    )
    from azml_pipelines.cli.registered import workspace  # noqa: PLC0415 - the same

    place = deployment.place / "model"
    model = deployed_model(given, deployment.name, workspace(), place)
    return None if model is None else model_path(model)
