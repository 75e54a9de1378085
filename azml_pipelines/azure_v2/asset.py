"""Where data and models of a document are: paths, URIs, and names in the workspace."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from azml_pipelines.data.dataset import Dataset
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.errors import AzmlError
from azml_pipelines.run.model import Model
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.bound import Stored
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.data.abstract_datastore import AbstractDatastore
    from azml_pipelines.data.file_dataset import FileDataset
    from azml_pipelines.data.tabular_dataset import TabularDataset
    from azml_pipelines.run.workspace import Workspace

__all__ = [
    "AssetName",
    "asset_name",
    "found_data",
    "local_path",
    "local_place",
    "on_datastore",
    "with_absolute_paths",
]

_ON_DATASTORE = re.compile(r"azureml://(?:subscriptions/.*/)?datastores/([^/]+)/paths/")
_NAME = re.compile(r"azureml:([^:/@]+)(?:[:@]([^:/@]+))?")
_LONG = re.compile(
    r"(?:azureml:)?/subscriptions/.*/(?:data|models|environments|computes)/([^/]+)"
    r"(?:/versions/([^/]+))?"
)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_REGISTRY = "azureml://registries/"


@dataclass(frozen=True)
class AssetName:
    """``azureml:name:version``; the version is None for the latest one."""

    name: str
    version: str | None


def asset_name(text: str) -> AssetName | None:
    """Return the name that a reference holds; None if it is no reference."""
    match = _NAME.fullmatch(text) or _LONG.fullmatch(text)
    if match is None:
        return None
    version = match[2]
    return AssetName(match[1], None if version in {None, "latest"} else version)


def on_datastore(
    text: str, workspace: Workspace, place: Place
) -> tuple[AbstractDatastore, str] | None:
    """Return what ``azureml://datastores/NAME/paths/PATH`` names; None if it is none.

    Raises:
        BadDocumentError: The workspace has no such datastore.
    """
    match = _ON_DATASTORE.match(text)
    if match is None:
        return None
    try:
        return workspace.get_datastore(match[1]), text[match.end() :]
    except AzmlError as error:
        text = f"is {shown(text)}. {error}"
        raise place.problem(text) from error


def local_path(text: str, folder: Path) -> Path | None:
    """Return a local path; None for what is no path on this machine."""
    if text.startswith("file:"):
        return Path(folder, unquote(urlsplit(text).path))
    if _SCHEME.match(text) or _LONG.fullmatch(text):
        return None
    return Path(folder, text).expanduser()


def with_absolute_paths(ports: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return inputs or outputs whose local paths do not depend on a folder."""
    found: dict[str, Any] = {}
    for name, port in ports.items():
        found[name] = port
        text = port.get("path") if isinstance(port, dict) else None
        if isinstance(text, str) and "${{" not in text and not asset_name(text):
            path = local_path(text, folder)
            if path is not None:
                found[name] = {**port, "path": str(path.absolute())}
    return found


def found_data(
    source: Stored, kind: str | None, workspace: Workspace, place: Place
) -> FileDataset | TabularDataset:
    """Return the dataset that a path or a reference means, as files unless registered.

    Args:
        source: As it was written.
        kind: ``uri_file``, ``uri_folder``, ``mltable`` or one of the model types.
        workspace: Where names are looked up.
        place: Where it stands.

    Raises:
        BadDocumentError: It does not exist, or is of another kind.
    """
    text = source.text
    if text.startswith(_REGISTRY):
        why = "is in a registry of Azure, which cannot be read from here. Copy it."
        msg = f"{shown(text)} {why}"
        raise place.problem(msg)
    name = asset_name(text)
    if name is not None:
        return _registered(name, kind, workspace, place)
    stored = on_datastore(text, workspace, place)
    local = local_path(text, source.folder)
    if local is not None:
        _check_local(local, text, kind, place)
    try:
        given = stored or (text if local is None else str(local))
        return Dataset.File.from_files(given, validate=False)
    except AzmlError as error:
        raise place.problem(str(error)) from error


def local_place(dataset: FileDataset | TabularDataset) -> Path | None:
    """Return the one local file or folder that a dataset is; None if it is more."""
    sources = dataset.definition.sources
    if len(sources) != 1 or not sources[0].url.startswith("file:"):
        return None
    return Path(local_folder(sources[0].url), sources[0].path)


def _registered(
    name: AssetName, kind: str | None, workspace: Workspace, place: Place
) -> FileDataset | TabularDataset:
    try:
        if kind in {"custom_model", "mlflow_model", "triton_model"}:
            number = int(name.version) if name.version else None
            path = Model.get_model_path(name.name, number, _workspace=workspace)
            return Dataset.File.from_files(path, validate=False)
        return Dataset.get_by_name(workspace, name.name, name.version or "latest")
    except (AzmlError, ValueError) as error:
        text = f"{shown(name.name)} is not registered here. {error}"
        raise place.problem(text) from error


def _check_local(local: Path, text: str, kind: str | None, place: Place) -> None:
    if any(sign in text for sign in "*?["):
        return
    # Unlike pathlib, os.path says no to a path that no system can have.
    if not os.path.exists(local):  # noqa: PTH110
        msg = f"{shown(text)} does not exist; looked for {shown(str(local))}."
        raise place.problem(msg)
    if kind == "uri_file" and local.is_dir():
        msg = f"{shown(text)} is a folder; its type is uri_folder."
        raise place.problem(msg)
