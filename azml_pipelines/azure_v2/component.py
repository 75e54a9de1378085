"""Components: what a job runs, written in the job itself or in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.document import read_document
from azml_pipelines.errors import BadDocumentError
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.document import Place

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


def component_of(job: dict[str, Any], place: Place) -> Component:
    """Return what a job runs.

    Raises:
        BadDocumentError: It is of a kind that is not available, or cannot be read.
    """
    given = job.get("component")
    if given is None:
        kind = job.get("type", "command" if "command" in job else None)
        return Component(_checked_kind(kind, place), {}, place, apart=False)
    return read_component(given, place / "component", job.get("type"))


def read_component(given: object, place: Place, kind: object = None) -> Component:
    """Return a component that stands inline or in a file.

    Args:
        given: A mapping, or a path relative to the document.
        place: Where that stands.
        kind: What the job says it is, if it does.

    Raises:
        BadDocumentError: It is neither, or the kinds differ.
    """
    if isinstance(given, dict):
        content, where = given, place
    elif isinstance(given, str) and not given.startswith(("azureml:", "git+")):
        file = place.document.folder / given.removeprefix("file:")
        if not file.is_file():
            msg = f"is {shown(given)}; there is no such file."
            raise place.problem(msg)
        document = read_document(file)
        content, where = document.content, document.top
    else:
        text = (
            f"is {shown(given)}; components are not registered in a workspace here. "
            "Name the file of the component, or write it inline."
        )
        raise place.problem(text)
    found = content.get("type") or kind
    if found is None:
        found = "pipeline" if "jobs" in content else "command"
    if kind not in {None, found}:
        text = f"has the type {shown(found)}, and the job says {shown(kind)}."
        raise place.problem(text)
    return Component(_checked_kind(found, where), content, where, apart=True)


def _checked_kind(kind: object, place: Place) -> str:
    if kind in _KINDS:
        return str(kind)
    why = _ELSEWHERE.get(str(kind))
    text = f"{place / 'type'}: is {shown(kind)}; available are {listed(_KINDS)}."
    raise BadDocumentError([text if why is None else f"{text[:-1]}: {why}."])
