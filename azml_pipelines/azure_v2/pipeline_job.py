"""Pipeline jobs: a document becomes a Pipeline that can be submitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from azml_pipelines.azure_v2.command_step import command_step
from azml_pipelines.azure_v2.component import read_component
from azml_pipelines.azure_v2.document import Document, read_document
from azml_pipelines.azure_v2.job_fields import Home, fields_of
from azml_pipelines.azure_v2.job_sections import InnerPipelineJob, PipelineComponent
from azml_pipelines.azure_v2.level import Level, declared_ports
from azml_pipelines.azure_v2.outputs import place_outputs, place_promoted
from azml_pipelines.azure_v2.parallel_step import parallel_step
from azml_pipelines.azure_v2.section import (
    Described,
    Refused,
    Schema,
    Section,
    Unused,
    parse,
)
from azml_pipelines.errors import AzmlError, BadDocumentError
from azml_pipelines.pipeline.pipeline import Pipeline
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.azure_v2.level import Job
    from azml_pipelines.pipeline.step import PipelineStep
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.workspace import Workspace

__all__ = [
    "PipelineJob",
    "PipelineJobSection",
    "PipelineSettings",
    "around_command",
    "load_pipeline_job",
    "pipeline_job",
]

_OF_THE_RUN = ("experiment_name", "name", "display_name", "description", "tags")
_ONLY_JOB = "command"
_PRIVATE = "is not available: it is a private preview in Azure"


class PipelineSettings(Section):
    """``settings`` of a pipeline job."""

    default_datastore: str | None = None
    default_compute: str | None = None
    continue_on_step_failure: bool = False
    force_rerun: bool = False
    on_init: Annotated[Any, Refused(_PRIVATE)] = None
    on_finalize: Annotated[Any, Refused(_PRIVATE)] = None


class PipelineJobSection(Section):
    """A document of ``type: pipeline``."""

    schema_: Schema
    type: str | None = None
    name: Described = None
    version: Any = None
    display_name: Described = None
    experiment_name: str | None = None
    description: Described = None
    tags: dict[str, Any] | None = None
    properties: Annotated[
        Any, Unused("has no effect: only Azure's services read them")
    ] = None
    compute: str | None = None
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    jobs: dict[str, Any] | None = None
    component: Any = None
    settings: Any = None
    identity: Annotated[
        Any, Unused("has no effect: a run has the rights of whoever starts it")
    ] = None
    services: Annotated[
        Any, Refused("is not available: nobody can connect to a step")
    ] = None


@dataclass(frozen=True)
class PipelineJob:
    """A pipeline job that can be submitted."""

    pipeline: Pipeline
    experiment: str
    tags: dict[str, str] = field(default_factory=dict)
    continue_on_step_failure: bool = False
    force_rerun: bool = False

    def submit(self, experiment: str | None = None) -> PipelineRun:
        """Start a run and return at once.

        Args:
            experiment: In place of the document's.

        Raises:
            DeclarationError: The pipeline cannot run.
        """
        from azml_pipelines.run.experiment import Experiment  # noqa: PLC0415 - slow to load

        workspace: Any = self.pipeline.workspace
        return Experiment(workspace, experiment or self.experiment).submit(
            self.pipeline,
            tags=self.tags,
            continue_on_step_failure=self.continue_on_step_failure,
            regenerate_outputs=self.force_rerun,
        )


def load_pipeline_job(
    workspace: Workspace,
    file: str | Path,
    assignments: Iterable[tuple[str, str]] = (),
    *,
    build: str | None = None,
) -> PipelineJob:
    """Read a document of ``type: pipeline``.

    Args:
        workspace: Where names are looked up, and where it will run.
        file: The document.
        assignments: Dotted path and YAML text of values in place of the document's.
        build: How environments with a conda file are built: ``venv`` or ``conda``;
            None runs everything in the current interpreter.

    Raises:
        BadYamlError: It cannot be read.
        BadDocumentError: One line for each thing that is not accepted.
        DeclarationError: The steps cannot run together; they may wait in a circle.

    Warns:
        UserWarning: For each thing that has no effect here.
    """
    document = read_document(file).with_values(assignments)
    return pipeline_job(workspace, document, build)


def pipeline_job(
    workspace: Workspace, document: Document, build: str | None = None
) -> PipelineJob:
    """Return the job that a document describes; see ``load_pipeline_job``."""
    if document.content.get("type") == "command":
        document = around_command(document)
    top = document.top
    kind = document.content.get("type", "pipeline")
    if kind != "pipeline":
        text = (
            f"is {shown(kind)}; a job of its own is a pipeline or a command here. Make "
            "it a job below jobs."
        )
        raise (top / "type").problem(text)
    declared = parse(PipelineJobSection, document.content, top)
    settings = parse(PipelineSettings, declared.settings, top / "settings")
    level = _level(declared, top, workspace)
    home = Home(workspace, declared.compute or settings.default_compute, build)
    place_promoted(level.outputs, level.promoted(), workspace, level.place / "outputs")
    if declared.component is not None:
        place_promoted(
            declared.outputs or {}, level.promoted(), workspace, top / "outputs"
        )
    steps = _steps(level, home)  # what is said further out is said already
    datastore = _datastore(settings, workspace, top)
    pipeline = Pipeline(
        workspace, steps, description=declared.description, default_datastore=datastore
    )
    pipeline.graph.in_order()  # circles are refused now, not at submission
    return PipelineJob(
        pipeline,
        declared.experiment_name or _experiment(document),
        _tags(declared),
        settings.continue_on_step_failure,
        settings.force_rerun,
    )


def around_command(document: Document) -> Document:
    """Return the pipeline whose only job is the command of a document."""
    job = dict(document.content)
    outer = {key: job.pop(key) for key in _OF_THE_RUN if key in job}
    content = {"type": "pipeline", **outer, "jobs": {_ONLY_JOB: job}}
    lines = {
        path if path[0] in outer else ("jobs", _ONLY_JOB, *path): line
        for path, line in document.lines.items()
    }
    return Document(document.file, content, lines)


def _level(declared: PipelineJobSection, top: Place, workspace: Workspace) -> Level:
    """Return the outermost pipeline with its inputs bound."""
    if declared.component is not None and declared.jobs is not None:
        text = "has a component and jobs. Leave one of them out."
        raise top.problem(text)
    if declared.component is None:
        if not declared.jobs:
            text = "there are no jobs. Add one."
            raise (top / "jobs").problem(text)
        level = Level(top, declared.jobs, declared.outputs or {}, workspace)
        level.bind(declared.inputs or {}, {}, top / "inputs")
        return level
    component = read_component(
        declared.component, top / "component", "pipeline", workspace
    )
    parse(PipelineComponent, component.content, component.place)
    level = Level(
        component.place,
        component.mapping("jobs"),
        component.mapping("outputs"),
        workspace,
    )
    level.bind(declared.inputs or {}, declared_ports(component), top / "inputs")
    return level


def _steps(level: Level, home: Home) -> list[PipelineStep]:
    """Return the steps of all jobs; the problems of all of them come together."""
    steps: list[PipelineStep] = []
    problems: list[str] = []
    for inner, job in level.walk():
        try:
            if job.inner is None:
                steps.append(_step(inner, job, home))
            else:
                fields_of(inner, job, InnerPipelineJob, PipelineComponent)
                place_outputs(inner, job, home.workspace)
        except BadDocumentError as error:
            problems += error.problems
    if problems:
        raise BadDocumentError(list(dict.fromkeys(problems)))
    return steps


def _step(level: Level, job: Job, home: Home) -> PipelineStep:
    if job.component.kind == "parallel":
        return parallel_step(level, job, home)
    return command_step(level, job, home)


def _datastore(
    settings: PipelineSettings, workspace: Workspace, top: Place
) -> str | None:
    given = settings.default_datastore
    if given is None:
        return None
    name = given.removeprefix("azureml:").rpartition("/")[2]
    try:
        return workspace.get_datastore(name).name
    except AzmlError:
        (top / "settings" / "default_datastore").warn(
            f"the datastore {shown(name)} is not known here; the workspace's default "
            "one is used"
        )
        return None


def _tags(declared: PipelineJobSection) -> dict[str, str]:
    named = {"name": declared.name, "display_name": declared.display_name}
    tags = {key: text for key, text in named.items() if text is not None}
    return {**{key: str(text) for key, text in (declared.tags or {}).items()}, **tags}


def _experiment(document: Document) -> str:
    """Return the name of the folder, as in version 2."""
    name = "".join(
        sign if sign.isalnum() or sign in "-_" else "-"
        for sign in document.folder.absolute().name
    )
    return name.strip("-_") or "pipeline"
