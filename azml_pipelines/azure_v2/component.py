"""Components: what a job runs, written in the job itself or in a file of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.asset import asset_name
from azml_pipelines.azure_v2.document import read_document
from azml_pipelines.errors import BadDocumentError
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.azure_v2.asset import AssetName
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.run.workspace import Workspace

__all__ = ["Component", "component_of", "read_component"]

_KINDS = ("command", "parallel", "pipeline")
_ELSEWHERE = {
    "sweep": "write one job for each set of values",
    "automl": "AutoML needs Azure",
    "spark": "Spark needs a cluster of Azure",
    "import": "copy the data with a command job",
    "data_transfer": "copy the data with a command job",
    "promptflow_parallel": "use a parallel job with a script",
    "do_while": "loops are not available",
    "if_else": "declare the pipeline in Python and use when=",
    "parallel_for": "use a parallel job",
}


@dataclass(frozen=True)
class Component:
    """What a job runs."""

    kind: str
    """``command``, ``parallel`` or ``pipeline``."""
    content: dict[str, Any]
    place: Place
    apart: bool
    """Whether it is a component with ports of its own, and not the job itself."""

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a mapping in it, empty when it is not there."""
        found = self.content.get(key)
        return found if isinstance(found, dict) else {}


def component_of(
    job: dict[str, Any], place: Place, workspace: Workspace | None = None
) -> Component:
    """Return what a job runs.

    Raises:
        BadDocumentError: It is of a kind that is not available, or cannot be read.
    """
    given = job.get("component")
    if given is None:
        kind = job.get("type", "command" if "command" in job else None)
        return Component(_checked_kind(kind, place), {}, place, apart=False)
    return read_component(given, place / "component", job.get("type"), workspace)


def read_component(
    given: object,
    place: Place,
    kind: object = None,
    workspace: Workspace | None = None,
) -> Component:
    """Return a component that stands inline, in a file, or is registered.

    Args:
        given: A mapping, a path relative to the document, or ``azureml:name:version``.
        place: Where that stands.
        kind: What the job says it is, if it does.
        workspace: Where references are looked up.

    Raises:
        BadDocumentError: It is none of these, or the kinds differ.
    """
    if isinstance(given, dict):
        content, where = given, place
    else:
        document = read_document(_file(given, place, workspace))
        content, where = document.content, document.top
    found = content.get("type") or kind
    if found is None:
        found = "pipeline" if "jobs" in content else "command"
    if kind is not None and kind != found:
        text = f"has the type {shown(found)}, and the job says {shown(kind)}."
        raise place.problem(text)
    return Component(_checked_kind(found, where), content, where, apart=True)


def _file(given: object, place: Place, workspace: Workspace | None) -> Path:
    """Return the file of a component."""
    reference = asset_name(given) if isinstance(given, str) else None
    if reference is not None:
        folder = None if workspace is None else workspace.folder.components
        file = None if folder is None else _registered(folder, reference)
        if file is not None:
            return file
        text = (
            f"is {shown(given)}, which is not registered here. Register it with azml "
            "component create -f FILE, or name its file."
        )
        raise place.problem(text)
    file = place.document.folder / str(given).removeprefix("file:")
    # Unlike pathlib, os.path says no to a path that no system can have.
    if not os.path.isfile(file):  # noqa: PTH113
        text = f"is {shown(given)}; there is no such file."
        raise place.problem(text)
    return file


def _registered(folder: Path, reference: AssetName) -> Path | None:
    """Return the version that is asked for, or the one that was registered last."""
    found = list((folder / reference.name).glob("*/component.yml"))
    if reference.version is not None:
        found = [one for one in found if one.parent.name == reference.version]
    return max(found, key=lambda file: file.stat().st_mtime_ns, default=None)


def _checked_kind(kind: object, place: Place) -> str:
    if kind in _KINDS:
        return str(kind)
    why = _ELSEWHERE.get(str(kind))
    text = f"{place / 'type'}: is {shown(kind)}; available are {listed(_KINDS)}."
    raise BadDocumentError([text if why is None else f"{text[:-1]}: {why}."])
