"""What of a document becomes what, and what differs: one row for each key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2 import deployment_sections as deployments
from azml_pipelines.azure_v2 import job_sections as jobs
from azml_pipelines.azure_v2 import schedule_document as schedules
from azml_pipelines.azure_v2.asset import asset_name
from azml_pipelines.azure_v2.component import component_of, read_component
from azml_pipelines.azure_v2.counterparts import counterpart
from azml_pipelines.azure_v2.pipeline_job import (
    PipelineJobSection,
    PipelineSettings,
    around_command,
)
from azml_pipelines.azure_v2.ports import InputSection, OutputSection
from azml_pipelines.azure_v2.section import Refused, Unused, fates
from azml_pipelines.azure_v2.surroundings import EnvironmentSection
from azml_pipelines.wording import did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.azure_v2.component import Component
    from azml_pipelines.azure_v2.document import Document, Place
    from azml_pipelines.azure_v2.section import Section

__all__ = ["ConversionRow", "document_rows"]

_JOBS: dict[str, tuple[type[Section], type[Section]]] = {
    "command": (jobs.CommandJob, jobs.CommandComponent),
    "parallel": (jobs.ParallelJob, jobs.ParallelComponent),
    "pipeline": (jobs.InnerPipelineJob, jobs.PipelineComponent),
}
_INNER: dict[str, type[Section]] = {
    "task": jobs.ParallelTask,
    "retry_settings": jobs.RetrySettings,
    "resources": jobs.Resources,
    "limits": jobs.CommandLimits,
    "environment": EnvironmentSection,
    "code_configuration": deployments.CodeConfiguration,
    "model": deployments.ModelSection,
    "defaults": deployments.EndpointDefaults,
    "trigger": schedules.TriggerSection,
    "schedule": schedules.PatternSection,
    "pattern": schedules.PatternSection,
}
_PORTS: dict[str, type[Section]] = {"inputs": InputSection, "outputs": OutputSection}
_SETTINGS: dict[type[Section], type[Section]] = {
    PipelineJobSection: PipelineSettings,
    deployments.PipelineDeploymentSection: PipelineSettings,
    deployments.ModelDeploymentSection: deployments.DeploymentSettings,
}
_OR_A_NAME = frozenset({"environment", "model"})
_LONGEST_VALUE = 40
_A_JOBS = frozenset({"compute", "experiment_name"})
"""What a component does not have."""


@dataclass(frozen=True)
class ConversionRow:
    """One key or setting, and its counterpart."""

    source: str
    """Where it stands."""
    value: str
    target: str
    """What it becomes."""
    note: str = ""
    """What differs."""


def document_rows(document: Document) -> list[ConversionRow]:
    """Return a row for each key of a document and of the components that it names.

    Raises:
        BadDocumentError: A component cannot be read, or has an unknown type.
    """
    if document.content.get("type") == "command" and _A_JOBS & set(document.content):
        document = around_command(document)
    content, top = document.content, document.top
    kind = _kind(content)
    if kind is None:
        component = read_component(content, top)
        return list(_component_rows(component))
    return list(_rows(kind, content, top))


def _kind(content: dict[str, Any]) -> type[Section] | None:
    """Return what a document is; None for a component."""
    written = str(content.get("type", "")).lower()
    if "trigger" in content:
        return schedules.ScheduleSection
    if written == "model" or (not written and "settings" in content):
        return deployments.ModelDeploymentSection
    if written == "pipeline" and "endpoint_name" in content:
        return deployments.PipelineDeploymentSection
    if written in {"command", "parallel"}:
        return None
    if written == "pipeline" or "jobs" in content:
        return PipelineJobSection
    older = {"endpoint_name", "code_configuration"} & set(content)
    return deployments.LegacyDeploymentSection if older else deployments.EndpointSection


def _rows(
    kind: type[Section], content: dict[str, Any], place: Place
) -> Iterator[ConversionRow]:
    known = dict(fates(kind))
    for key, value in content.items():
        where = place / key
        if key in known and not _can_be(kind, key, value):
            text = f"is {shown(value)}; it has keys."
            raise where.problem(text)
        yield _row(kind, known, key, value, where)
        if key == "jobs" and isinstance(value, dict):
            for name, job in value.items():
                yield from _job_rows(job, where / name)
        elif key in _PORTS and isinstance(value, dict):
            yield from _port_rows(_PORTS[key], value, where)
        elif key == "settings" and kind in _SETTINGS and isinstance(value, dict):
            yield from _rows(_SETTINGS[kind], value, where)
        elif key == "component" and key in known and not _is_reference(value):
            yield from _component_rows(read_component(value, where, "pipeline"))
        elif key in _INNER and isinstance(value, dict):
            yield from _rows(_INNER[key], value, where)


def _can_be(kind: type[Section], key: str, value: object) -> bool:
    """Whether a key that has keys of its own has them, or an expression or a name."""
    nested = key == "jobs" or key in _PORTS or key in _INNER
    if not nested and not (key == "settings" and kind in _SETTINGS):
        return True
    if isinstance(value, str):
        return key in _OR_A_NAME or "${{" in value
    return value is None or isinstance(value, dict)


def _job_rows(content: object, place: Place) -> Iterator[ConversionRow]:
    if not isinstance(content, dict):
        msg = f"is {shown(content)}; a job has keys."
        raise place.problem(msg)
    if _is_reference(content.get("component")):
        kind, _ = _JOBS.get(str(content.get("type")), _JOBS["command"])
        yield from _rows(kind, content, place)
        return
    component = component_of(content, place)
    kind, _ = _JOBS[component.kind]
    own = {key: value for key, value in content.items() if key != "component"}
    yield from _rows(kind, own, place)
    if component.apart:
        target, note = counterpart(kind, "component") or ("", "")
        value = shown(content["component"], _LONGEST_VALUE)
        yield ConversionRow(str(place / "component"), value, target, note)
        yield from _component_rows(component)


def _is_reference(component: object) -> bool:
    return isinstance(component, str) and asset_name(component) is not None


def _component_rows(component: Component) -> Iterator[ConversionRow]:
    _, kind = _JOBS[component.kind]
    yield from _rows(kind, component.content, component.place)


def _port_rows(
    kind: type[Section], ports: dict[str, Any], place: Place
) -> Iterator[ConversionRow]:
    for name, port in ports.items():
        if isinstance(port, dict):
            yield from _rows(kind, port, place / name)


def _row(
    kind: type[Section],
    known: dict[str, Unused | Refused | None],
    key: str,
    value: object,
    place: Place,
) -> ConversionRow:
    text = "…" if isinstance(value, (dict, list)) else shown(value, _LONGEST_VALUE)
    if key not in known:
        return ConversionRow(
            str(place), text, "refused", f"unknown key.{did_you_mean(key, known)}"
        )
    fate = known[key]
    if isinstance(fate, Refused):
        return ConversionRow(str(place), text, "refused", fate.why)
    if isinstance(fate, Unused):
        return ConversionRow(str(place), text, "nothing", fate.why)
    target, note = counterpart(kind, key) or ("", "")
    return ConversionRow(str(place), text, target, note)
