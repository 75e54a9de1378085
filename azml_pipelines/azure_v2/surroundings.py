"""What a job runs in: its compute target, its code, its environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from azml_pipelines.azure_v2.asset import asset_name, local_path
from azml_pipelines.azure_v2.job_sections import Resources
from azml_pipelines.azure_v2.section import (
    Described,
    Refused,
    Schema,
    Section,
    Unused,
    parse,
)
from azml_pipelines.errors import AzmlError
from azml_pipelines.pipeline.conda_dependencies import CondaDependencies
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.run.workspace import Workspace

__all__ = [
    "EnvironmentSection",
    "code_folder",
    "compute_of",
    "environment_of",
    "node_count",
]

_LOCAL = frozenset({"local", "serverless"})
_SERVED = "has no effect: nothing is deployed into a container"


class EnvironmentSection(Section):
    """An environment that is written out."""

    schema_: Schema
    name: Described = None
    version: Any = None
    description: Described = None
    tags: dict[str, Any] | None = None
    image: str | None = None
    build: Annotated[
        Any, Unused("has no effect: no image is built; name the packages in conda_file")
    ] = None
    conda_file: Any = None
    os_type: Annotated[Any, Unused("has no effect: steps run on this system")] = None
    inference_config: Annotated[Any, Unused(_SERVED)] = None
    channels: Annotated[Any, Refused("belongs into conda_file")] = None
    dependencies: Annotated[Any, Refused("belongs into conda_file")] = None


def environment_of(
    given: object,
    name: str,
    workspace: Workspace,
    place: Place,
    build: str | None = None,
) -> Environment:
    """Return an environment that is written out, or referred to.

    Args:
        given: A mapping or a reference; nothing means the current interpreter.
        name: For one that has none.
        workspace: Where references are looked up; those that are not registered are
            taken for their name, with a warning.
        place: Where it stands.
        build: How its conda file is really built: ``venv`` or ``conda``; None leaves
            the current interpreter.

    Raises:
        BadDocumentError: It is neither, or its conda file cannot be read.
    """
    if given is None:
        return Environment(name)
    if isinstance(given, str):
        return _referred(given, workspace, place)
    section = parse(EnvironmentSection, given, place)
    made = Environment(section.name or name)
    made.docker.base_image = section.image
    if section.conda_file is not None:
        where = place / "conda_file"
        made.python.conda_dependencies = _packages(section.conda_file, where)
        made.python.build = build
    return made


def _referred(text: str, workspace: Workspace, place: Place) -> Environment:
    found = asset_name(text)
    if found is not None:
        try:
            return Environment.get(workspace, found.name, found.version)
        except AzmlError:
            pass
    name = found.name if found else text.partition("/environments/")[2].split("/")[0]
    if not name:
        text = f"is {shown(text)}; write azureml:NAME:VERSION, or write it out."
        raise place.problem(text)
    place.warn(
        f"the environment {shown(name)} is not registered here; the packages of the "
        "current interpreter are used"
    )
    return Environment(name)


def _packages(given: object, place: Place) -> CondaDependencies:
    try:
        if isinstance(given, dict):
            return CondaDependencies.from_dict(given)
        file = local_path(str(given), place.document.folder)
        if file is None or not file.is_file():
            text = f"is {shown(given)}; there is no such file."
            raise place.problem(text)
        return CondaDependencies(str(file))
    except AzmlError as error:
        raise place.problem(str(error)) from error


def compute_of(given: str | None, workspace: Workspace, place: Place) -> str:
    """Return the compute target that a document names, or this machine.

    Names that are not known here are those of clusters in Azure: a warning says so.
    """
    name = (given or "local").removeprefix("azureml:").rpartition("/")[2]
    if name in _LOCAL:
        return "local"
    if name in workspace.compute_targets:
        return name
    place.warn(
        f"the compute target {shown(name)} is not known here; this machine is used"
    )
    return "local"


def node_count(given: object, place: Place) -> int:
    """Return ``resources.instance_count``, 1 if there is none.

    Raises:
        BadDocumentError: It is no number of machines.
    """
    resources = parse(Resources, given, place)
    count = resources.instance_count
    if count == -1:
        (place / "instance_count").warn("-1 means one machine here")
        return 1
    if count == 0:
        text = "is 0; give at least 1."
        raise (place / "instance_count").problem(text)
    return count or 1


def code_folder(given: str | None, workspace: Workspace, place: Place) -> str:
    """Return the folder with the code of a job; an empty one if there is none.

    Raises:
        BadDocumentError: It does not exist, or is not on this machine.
    """
    if given is None:
        workspace.prepare_storage()
        empty = Path(workspace.folder.storage, "no-code")
        empty.mkdir(mode=0o700, exist_ok=True)
        return str(empty)
    folder = local_path(given, place.document.folder)
    if folder is None:
        text = f"is {shown(given)}; code has to be in a folder on this machine."
        raise place.problem(text)
    # Unlike pathlib, os.path says no to a path that no system can have.
    if not os.path.isdir(folder):  # noqa: PTH112
        text = f"is {shown(given)}; there is no such folder."
        raise place.problem(text)
    return str(folder)
