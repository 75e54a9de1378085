"""Batch deployments: a document becomes what an invocation runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from azml_pipelines.azure_v2.deployment_sections import (
    CodeConfiguration,
    DeploymentSettings,
    LegacyDeploymentSection,
    ModelDeploymentSection,
    PipelineDeploymentSection,
)
from azml_pipelines.azure_v2.document import read_document
from azml_pipelines.azure_v2.job_sections import RetrySettings
from azml_pipelines.azure_v2.section import parse
from azml_pipelines.azure_v2.surroundings import node_count
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from azml_pipelines.azure_v2.document import Document, Place

__all__ = [
    "BatchDeployment",
    "ModelSettings",
    "checked_name",
    "load_batch_deployment",
    "read_deployment",
]

_NAME = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")
_SHORTEST, _LONGEST = 3, 32
_LEVELS = ("debug", "info", "warning")
_SETTINGS = frozenset(DeploymentSettings.model_fields)


@dataclass(frozen=True)
class ModelSettings:
    """The settings of a model deployment, with Azure's defaults."""

    mini_batch_size: int = 10
    max_concurrency_per_instance: int = 1
    instance_count: int = 1
    error_threshold: int = -1
    output_action: Literal["append_row", "summary_only"] = "append_row"
    output_file_name: str = "predictions.csv"
    max_retries: int = 3
    timeout: float = 30
    logging_level: str = "info"
    environment_variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchDeployment:
    """A batch deployment as its document says."""

    name: str
    endpoint: str | None
    kind: Literal["model", "pipeline"]
    place: Place
    """Of the whole document; paths in it are relative to its folder."""
    content: dict[str, Any]
    settings: ModelSettings = ModelSettings()
    """Of a model deployment."""
    code: CodeConfiguration | None = None
    """The scoring script of a model deployment; None for an MLflow model."""


def load_batch_deployment(
    file: str | Path, assignments: Iterable[tuple[str, str]] = ()
) -> BatchDeployment:
    """Read a batch deployment of any of the three forms.

    Args:
        file: The document.
        assignments: Dotted path and YAML text of values in place of the document's.

    Raises:
        BadYamlError: It cannot be read.
        BadDocumentError: One line for each thing that is not accepted.
    """
    return read_deployment(read_document(file).with_values(assignments))


def read_deployment(document: Document) -> BatchDeployment:
    """Return the deployment that a document describes."""
    top, content = document.top, document.content
    kind = content.get("type")
    written = None if kind is None else str(kind).lower()
    if written == "pipeline":
        declared = parse(PipelineDeploymentSection, content, top)
        if (declared.component is None) == (declared.job_definition is None):
            text = "needs either a component or a job_definition."
            raise top.problem(text)
        name = checked_name(declared.name, top / "name")
        return BatchDeployment(name, declared.endpoint_name, "pipeline", top, content)
    if written == "model" or (written is None and "settings" in content):
        scoring = parse(ModelDeploymentSection, content, top)
        settings = parse(DeploymentSettings, scoring.settings, top / "settings")
        if scoring.compute is None:
            (top / "compute").warn("is missing, and needed in Azure")
        return _model(scoring, settings, top / "settings", top)
    if written is not None:
        text = f"is {shown(kind)}; give model or pipeline."
        raise (top / "type").problem(text)
    legacy = parse(LegacyDeploymentSection, content, top)
    at_top = {key: content[key] for key in content if key in _SETTINGS}
    return _model(legacy, parse(DeploymentSettings, at_top, top), top, top)


def _model(
    scoring: ModelDeploymentSection | LegacyDeploymentSection,
    settings: DeploymentSettings,
    place: Place,
    top: Place,
) -> BatchDeployment:
    code = None
    if scoring.code_configuration is not None:
        where = top / "code_configuration"
        code = parse(CodeConfiguration, scoring.code_configuration, where)
    given: dict[str, Any] = {
        "error_threshold": scoring.error_threshold,
        "instance_count": _instances(scoring.resources, settings, top),
    }
    given |= {
        key: value
        for key, value in settings.model_dump(exclude={"retry_settings"}).items()
        if value is not None
    }
    given["environment_variables"] = variables(
        {
            **(scoring.environment_variables or {}),
            **given.pop("environment_variables", {}),
        },
        place / "environment_variables",
    )
    retry = parse(RetrySettings, settings.retry_settings, place / "retry_settings")
    given |= retry.model_dump(exclude_none=True)
    return BatchDeployment(
        checked_name(scoring.name, top / "name"),
        scoring.endpoint_name,
        "model",
        top,
        top.document.content,
        checked_settings(given, place),
        code,
    )


def _instances(given: object, settings: DeploymentSettings, top: Place) -> int | None:
    if given is None:
        return None
    count = node_count(given, top / "resources")
    if settings.instance_count is not None and "instance_count" in dict(given):  # type: ignore[call-overload]
        text = "has an instance_count, and settings has one. Leave one of them out."
        raise (top / "resources").problem(text)
    return count


def checked_settings(given: dict[str, Any], place: Place) -> ModelSettings:
    """Return settings of a model deployment, each in its one form.

    Raises:
        BadDocumentError: One is not accepted.
    """
    given = {key: value for key, value in given.items() if value is not None}
    if "output_action" in given:
        action = str(given["output_action"]).lower()
        if action not in {"append_row", "summary_only"}:
            text = (
                f"is {shown(given['output_action'])}; give append_row or summary_only."
            )
            raise (place / "output_action").problem(text)
        given["output_action"] = action
        if action == "summary_only" and "output_file_name" in given:
            text = "has no effect with output_action: summary_only. Leave it out."
            raise (place / "output_file_name").problem(text)
    if "logging_level" in given:
        level = str(given["logging_level"]).lower()
        if level not in _LEVELS:
            text = (
                f"is {shown(given['logging_level'])}; give one of {', '.join(_LEVELS)}."
            )
            raise (place / "logging_level").problem(text)
        given["logging_level"] = level
    return ModelSettings(**given)


def variables(given: dict[str, Any], place: Place) -> dict[str, str]:
    """Return environment variables as text.

    Raises:
        BadDocumentError: One is no text and no number.
    """
    for name, value in given.items():
        if not isinstance(value, (str, int, float, bool)):
            text = f"is {shown(value)}; a variable is text."
            raise (place / name).problem(text)
    return {name: str(value) for name, value in given.items()}


def checked_name(name: str, place: Place) -> str:
    """Return the name of an endpoint or a deployment.

    Raises:
        BadDocumentError: It has other signs, or is too short or too long.
    """
    if not _NAME.fullmatch(name) or not _SHORTEST <= len(name) <= _LONGEST:
        text = (
            f"is {shown(name)}; use 3 to 32 letters, digits and hyphens, a letter "
            "first, no hyphen last."
        )
        raise place.problem(text)
    return name
