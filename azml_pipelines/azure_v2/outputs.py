"""Where the outputs of a job go, and as what they are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.asset import local_path, on_datastore
from azml_pipelines.azure_v2.expression import single
from azml_pipelines.azure_v2.ports import OutputSection, check_mode
from azml_pipelines.azure_v2.section import parse
from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.datastore_home import DatastoreSettings
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.output_registration import registration
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.azure_v2.level import Job, Level
    from azml_pipelines.pipeline.pipeline_data import PipelineData
    from azml_pipelines.run.workspace import Workspace

__all__ = ["place_output", "place_outputs", "place_promoted"]

_RUN = "{run-id}"
_OUTPUT = "{output-name}"


def place_outputs(level: Level, job: Job, workspace: Workspace) -> None:
    """Say of each output of a job where it goes.

    Raises:
        BadDocumentError: Something of an output is not accepted.
    """
    _check_names(job)
    for name, data in job.outputs.items():
        if data.is_directory is None or _has_type(job, name):
            data.is_directory = not _is_file(job, name)
        for content, place in _declared(job, name):
            section = parse(OutputSection, content, place)
            check_mode(section.mode, section.type, place, end="output")
            if single(section.path) is None:
                place_output(data, section, workspace, place)
        target = _target(job, name)
        if target is not None and target not in level.outputs:
            text = (
                f"the pipeline has no output {shown(target)}; it has "
                f"{listed(level.outputs)}."
            )
            raise (job.place / "outputs" / name).problem(text)


def place_promoted(
    outputs: dict[str, Any],
    promoted: dict[str, PipelineData],
    workspace: Workspace,
    place: Place,
) -> None:
    """Say of each output of the pipeline where it goes.

    Raises:
        BadDocumentError: Something of an output is not accepted.
    """
    for name, content in outputs.items():
        where = place / name
        if name not in promoted:
            where.warn(f"no job writes it: no output is ${{{{parent.outputs.{name}}}}}")
            continue
        if content is not None and not isinstance(content, dict):
            text = f"is {shown(content)}; an output has keys such as type and path."
            raise where.problem(text)
        if content is not None:
            section = parse(OutputSection, content, where)
            check_mode(section.mode, section.type, where, end="output")
            place_output(promoted[name], section, workspace, where)
            if section.type is not None:
                promoted[name].is_directory = section.type != "uri_file"
        promoted[name].pipeline_output_name = name


def _check_names(job: Job) -> None:
    """Refuse outputs of a pipeline component that no job in it writes."""
    own = job.content.get("outputs")
    if job.inner is None or not isinstance(own, dict):
        return
    for name in own:
        if name not in job.outputs:
            text = (
                f"the component writes no such output; it has {listed(job.outputs)}."
                f"{did_you_mean(name, job.outputs)}"
            )
            raise (job.place / "outputs" / name).problem(text)


def _has_type(job: Job, name: str) -> bool:
    return any(
        isinstance(content, dict) and content.get("type") is not None
        for content, _ in _declared(job, name)
    )


def _is_file(job: Job, name: str) -> bool:
    return any(
        isinstance(content, dict) and content.get("type") == "uri_file"
        for content, _ in _declared(job, name)
    )


def place_output(
    data: PipelineData, section: OutputSection, workspace: Workspace, place: Place
) -> None:
    """Put an output where ``path`` says, and have it registered under ``name``.

    Raises:
        BadDocumentError: The path is none that can be written to.
    """
    if section.name is not None:
        data.registrations.append(registration(section.name, section.description, None))
    if section.path is None:
        return
    default = workspace.get_datastore(None).name
    path = (
        section.path.replace("${{name}}", _RUN)
        .replace("${{output_name}}", _OUTPUT)
        .replace("${{default_datastore}}", default)
    )
    where = place / "path"
    stored = on_datastore(path, workspace, where)
    if stored is not None:
        data.datastore, data.path_template = stored[0], stored[1].strip("/")
        return
    local = local_path(path, place.document.folder)
    if local is None or "${{" in path:
        text = f"is {shown(section.path)}; give azureml://datastores/NAME/paths/PATH."
        raise where.problem(text)
    data.datastore = _folder_datastore(local.absolute().parent, workspace)
    data.path_template = local.name


def _folder_datastore(folder: Path, workspace: Workspace) -> AbstractDatastore:
    """Return a folder of this machine as a datastore without a registration."""
    settings = DatastoreSettings(
        name="local", datastore_type="LocalFolder", url=folder_url(str(folder))
    )
    return AbstractDatastore(workspace, settings)


def _declared(job: Job, name: str) -> list[tuple[object, Place]]:
    """Return what component and job say about an output, the job last."""
    found: list[tuple[object, Place]] = []
    component = job.component
    own = job.content.get("outputs")
    for given, place in (
        (component.mapping("outputs"), component.place),
        (own if isinstance(own, dict) else {}, job.place),
    ):
        content = given.get(name)
        if isinstance(content, dict):
            found.append((content, place / "outputs" / name))
        elif content is not None and single(content) is None:
            text = f"is {shown(content)}; an output has keys such as type and path."
            raise (place / "outputs" / name).problem(text)
    return found


def _target(job: Job, name: str) -> str | None:
    own = job.content.get("outputs")
    content = own.get(name) if isinstance(own, dict) else None
    text = content.get("path") if isinstance(content, dict) else content
    expression = single(text)
    if expression is None:
        return None
    target = expression.after("parent.outputs.") or expression.after("outputs.")
    if target is None:
        text = f"is {shown(str(expression))}; write ${{{{parent.outputs.NAME}}}}."
        raise (job.place / "outputs" / name).problem(text)
    return target
