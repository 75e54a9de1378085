"""The ``MLmodel`` file of a model, read strictly: plain data, no path leads out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from azml_pipelines import strict_yaml
from azml_pipelines.errors import BadYamlError, DeclarationError
from azml_pipelines.wording import listed, shown
from azml_pipelines.worker.mlflow_model.signature import BadSignatureError, Signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["MLMODEL", "MlModel", "read_mlmodel"]

MLMODEL = "MLmodel"
PYFUNC = "python_function"
_PATHS = frozenset({
    "artifact_path", "code", "conda", "data", "env", "model_binary", "model_code_path",
    "model_data", "model_path", "path", "pickled_model", "python_model",
    "serving_input_path", "virtualenv",
})  # fmt: skip
"""Keys whose values are joined to the model's folder by those who load it."""
_DESCRIBES = frozenset({"uri"})
"""Keys that say where something came from, and are not followed."""


@dataclass(frozen=True)
class MlModel:
    """What a model says of itself."""

    folder: Path
    loader_module: str
    """The module that loads it."""
    pyfunc: Mapping[str, Any]
    """The flavor ``python_function``."""
    flavors: Mapping[str, Mapping[str, Any]]
    """All flavors by name."""
    signature: Signature
    inputs: str | None = None
    """Of the signature, as the JSON that it is."""
    outputs: str | None = None
    params: str | None = None
    mlflow_version: str | None = None
    """That wrote the model."""


def read_mlmodel(what: str, folder: Path) -> MlModel:
    """Read the ``MLmodel`` of a folder.

    Args:
        what: Names the model in messages.
        folder: Of the model.

    Raises:
        DeclarationError: There is none, it is not of a known form, it has nothing that
            scores, or names a file outside of its folder.
    """
    if not os.path.isfile(folder / MLMODEL):  # noqa: PTH113 - no to what no system can have
        msg = (
            f"{what}: there is no {MLMODEL} file in {shown(str(folder))}. Give the "
            "folder that mlflow.<flavor>.save_model() wrote."
        )
        raise DeclarationError(msg)
    try:
        content = strict_yaml.load_file(folder / MLMODEL)
    except BadYamlError as error:
        msg = f"{what}: {error}"
        raise DeclarationError(msg) from error
    flavors = _flavors(what, content)
    pyfunc = flavors[PYFUNC]
    loader = pyfunc.get("loader_module")
    if not isinstance(loader, str) or not loader:
        msg = f"{what}: {MLMODEL} names no loader_module for {PYFUNC}."
        raise DeclarationError(msg)
    _check_paths(what, folder, content)
    texts = _signature_texts(what, content.get("signature"))
    try:
        signature = Signature.parse(*texts)
    except BadSignatureError as error:
        msg = f"{what}: {error}. Log the model again with a signature."
        raise DeclarationError(msg) from error
    version = content.get("mlflow_version")
    return MlModel(
        folder,
        loader,
        pyfunc,
        flavors,
        signature,
        *texts,
        mlflow_version=None if version is None else str(version),
    )


def _flavors(what: str, content: object) -> dict[str, dict[str, Any]]:
    flavors = content.get("flavors") if isinstance(content, dict) else None
    if not isinstance(flavors, dict) or not all(
        isinstance(one, dict) for one in flavors.values()
    ):
        msg = f"{what}: {MLMODEL} has no flavors, as mlflow writes them."
        raise DeclarationError(msg)
    if PYFUNC not in flavors:
        msg = (
            f"{what}: only models with the flavor {PYFUNC} can be scored without a "
            f"script; this one has {listed(flavors)}. Write an entry script for it."
        )
        raise DeclarationError(msg)
    return flavors


def _signature_texts(
    what: str, signature: object
) -> tuple[str | None, str | None, str | None]:
    if signature is None:
        return None, None, None
    if not isinstance(signature, dict):
        msg = f"{what}: the signature in {MLMODEL} is no mapping."
        raise DeclarationError(msg)
    texts = []
    for key in ("inputs", "outputs", "params"):
        text = signature.get(key)
        if text is not None and not isinstance(text, str):
            msg = f"{what}: signature.{key} in {MLMODEL} is no JSON text."
            raise DeclarationError(msg)
        texts.append(text)
    return texts[0], texts[1], texts[2]


def _check_paths(what: str, folder: Path, content: Mapping[str, Any]) -> None:
    """Refuse files outside of the model, wherever the file names them."""
    examined = {
        "flavors": content["flavors"],
        "saved_input_example_info": content.get("saved_input_example_info"),
    }
    real = folder.resolve()
    for key, text in _texts("", examined):
        path = PurePosixPath(text.replace("\\", "/"))
        leads_out = ".." in path.parts
        if key in _PATHS and not leads_out:
            leads_out = (
                path.is_absolute()
                or "\0" in text
                or "://" in text
                or not (folder / text).resolve().is_relative_to(real)
            )
        if leads_out:
            msg = (
                f"{what}: {MLMODEL} names {key}: {shown(text)}, which leads out of "
                "the model's folder. It is not loaded."
            )
            raise DeclarationError(msg)


def _texts(key: str, content: object) -> Iterator[tuple[str, str]]:
    """Yield all texts below, each with the nearest key above it."""
    if isinstance(content, str):
        yield key, content
    elif isinstance(content, dict):
        for name, value in content.items():
            if name not in _DESCRIBES:
                yield from _texts(name, value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(key, value)
