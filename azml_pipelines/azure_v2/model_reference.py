"""The model of a deployment, as a registered version of the workspace."""

from __future__ import annotations

import hashlib
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.azure_v2.asset import asset_name, found_data, local_place
from azml_pipelines.azure_v2.bound import Stored
from azml_pipelines.azure_v2.deployment_sections import ModelSection
from azml_pipelines.azure_v2.section import parse
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.errors import AzmlError
from azml_pipelines.run.model import Model
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.run.workspace import Workspace

__all__ = ["deployed_model", "is_mlflow", "model_path"]

_DIGEST = "azml.sha256"


def deployed_model(
    given: object, name: str, workspace: Workspace, place: Place
) -> Model | None:
    """Return the model that a deployment names, registered if it was not.

    A model that is written out is registered once: the same files give the version
    that there is.

    Args:
        given: A reference, or a mapping with a path; None for no model.
        name: For one that has none.
        workspace: Where it is registered.
        place: Where it stands.

    Raises:
        BadDocumentError: It is neither, or there is no such model.
    """
    if given is None:
        return None
    if isinstance(given, str):
        reference = asset_name(given)
        if reference is None:
            given = {"path": given}
        else:
            number = reference.version
            try:
                version = int(number) if number else None
                return Model(workspace, reference.name, version=version)
            except (AzmlError, ValueError) as error:
                text = f"{shown(given)} is not registered here. {error}"
                raise place.problem(text) from error
    section = parse(ModelSection, given, place)
    where = place / "path"
    source = Stored(section.path, place.document.folder)
    found = found_data(source, None, workspace, where)
    path = local_place(found) if isinstance(found, FileDataset) else None
    if path is None or not path.exists():
        text = f"is {shown(section.path)}; a model has to be on this machine."
        raise where.problem(text)
    return _registered(workspace, section.name or name, path, section)


def model_path(model: Model) -> Path:
    """Return what was registered: a file or a folder, alone in its own folder."""
    return Path(
        Model.get_model_path(model.name, model.version, _workspace=model.workspace)
    )


def is_mlflow(model: Model) -> bool:
    """Whether the model says itself how it is scored."""
    return (model_path(model) / "MLmodel").is_file()


def _registered(
    workspace: Workspace, name: str, path: Path, section: ModelSection
) -> Model:
    name = re.sub(r"[^\w.-]", "-", name)
    digest = _digest(path)
    for known in Model.list(workspace, name, properties=[[_DIGEST, digest]]):
        return known
    with redirect_stdout(sys.stderr):  # it prints, as in version 1
        return Model.register(
            workspace,
            path,
            name,
            tags=section.tags,
            properties={_DIGEST: digest},
            description=section.description,
        )


def _digest(path: Path) -> str:
    """Return a checksum of a file, or of all files of a folder and their names."""
    digest = hashlib.sha256(path.name.encode())
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in files:
        if file.is_file():
            digest.update(str(file.relative_to(path.parent)).encode() + b"\0")
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
