"""Invocations: one deployment, its input, and what is changed for this one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.asset import with_absolute_paths
from azml_pipelines.azure_v2.document import Document, Place
from azml_pipelines.azure_v2.model_job import model_pipeline
from azml_pipelines.azure_v2.model_reference import deployed_model
from azml_pipelines.azure_v2.pipeline_job import PipelineJob, pipeline_job
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.deployment import BatchDeployment
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.workspace import Workspace

__all__ = ["DEPLOYMENT_TAG", "ENDPOINT_TAG", "Invocation", "invoke"]

ENDPOINT_TAG = "azml.batch_endpoint"
DEPLOYMENT_TAG = "azml.batch_deployment"


@dataclass(frozen=True)
class Invocation:
    """What is asked of a deployment."""

    input_path: str | None = None
    """The data of a model deployment: a path or a URI."""
    input_type: str | None = None
    output_path: str | None = None
    """The folder for the rows; one of the default datastore if None."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """Of a pipeline deployment, as documents bind them."""
    outputs: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    """Settings of a model deployment for this run."""
    experiment: str | None = None
    """That of the endpoint if None."""
    job_name: str | None = None
    """Kept as a tag of the run."""
    trust: str | None = None
    """See ``MlflowModel.trust``."""
    build: str | None = None
    """How environments are built; see ``environment_of``."""
    folder: Path = field(default_factory=Path.cwd)
    """Where relative paths start."""

    @property
    def place(self) -> Place:
        """How messages call it."""
        content = {"inputs": self.inputs, "outputs": self.outputs}
        return Place(Document(self.folder / "invocation", content))


def invoke(
    workspace: Workspace, deployment: BatchDeployment, wanted: Invocation
) -> PipelineRun:
    """Run a deployment once; return at once.

    Args:
        workspace: Where it runs.
        deployment: What runs.
        wanted: Input, output and changes.

    Raises:
        BadDocumentError: One line for each thing that is not accepted.
        DeclarationError: It cannot run.
    """
    tags = {DEPLOYMENT_TAG: deployment.name}
    if deployment.endpoint is not None:
        tags[ENDPOINT_TAG] = deployment.endpoint
    if wanted.job_name is not None:
        tags["name"] = wanted.job_name
    experiment = deployment.endpoint or deployment.name
    if deployment.content.get("job_definition") is not None:
        run = _defining_run(workspace, deployment, wanted)
        return run.resubmit(experiment_name=wanted.experiment or experiment, tags=tags)
    if deployment.kind == "pipeline":
        document = _document(deployment, wanted)
        found = pipeline_job(workspace, document, wanted.build)
        job = PipelineJob(
            found.pipeline,
            experiment,
            {**found.tags, **tags},
            found.continue_on_step_failure,
            found.force_rerun,
        )
    else:
        job = _model_job(workspace, deployment, wanted, tags)
    return job.submit(wanted.experiment)


def _model_job(
    workspace: Workspace,
    deployment: BatchDeployment,
    wanted: Invocation,
    tags: dict[str, str],
) -> PipelineJob:
    if wanted.inputs or wanted.outputs:
        text = (
            "a model deployment has one input and one output, without names. Give "
            "--input and --output-path."
        )
        raise wanted.place.problem(text)
    content = deployment.content
    where = deployment.place / "model"
    name = f"{deployment.name}-model"
    model = deployed_model(content.get("model"), name, workspace, where)
    own = {key: str(text) for key, text in (content.get("tags") or {}).items()}
    pipeline = model_pipeline(deployment, model, wanted, workspace)
    return PipelineJob(
        pipeline, deployment.endpoint or deployment.name, {**own, **tags}
    )


def _document(deployment: BatchDeployment, wanted: Invocation) -> Document:
    """Return the pipeline job that runs the component of a deployment.

    Raises:
        BadDocumentError: The invocation is that of a model deployment.
    """
    content, place = deployment.content, deployment.place
    if wanted.input_path is not None or wanted.output_path is not None:
        text = "the inputs and outputs of a pipeline have names: --set inputs.x.path=…"
        raise wanted.place.problem(text)
    for key in wanted.overrides:
        text = f"has no setting {shown(key)}; a pipeline has inputs and outputs."
        raise wanted.place.problem(text)
    job = {
        "type": "pipeline",
        "component": content["component"],
        "settings": content.get("settings"),
        "inputs": with_absolute_paths(wanted.inputs, wanted.folder),
        "outputs": with_absolute_paths(wanted.outputs, wanted.folder),
        "description": content.get("description"),
        "tags": content.get("tags"),
    }
    return Document(place.document.file, job, place.document.lines)


def _defining_run(
    workspace: Workspace, deployment: BatchDeployment, wanted: Invocation
) -> PipelineRun:
    """Return the run that a deployment repeats, by its id or the name of its job.

    Raises:
        BadDocumentError: There is none, or the invocation wants something else of it.
    """
    if wanted != Invocation(
        experiment=wanted.experiment,
        job_name=wanted.job_name,
        trust=wanted.trust,
        build=wanted.build,
        folder=wanted.folder,
    ):
        text = "a job_definition runs as it was: inputs, outputs, settings stay."
        raise wanted.place.problem(text)
    name = str(deployment.content["job_definition"]).removeprefix("azureml:")
    for record in workspace.catalog.runs.newest_first():
        if name in {record.run_id, record.tags.get("name")}:
            from azml_pipelines.run.pipeline_run import PipelineRun  # noqa: PLC0415 - slow to load

            return PipelineRun.get(workspace, record.run_id)
    text = f"is {shown(name)}; no run has this id or was given this name."
    raise (deployment.place / "job_definition").problem(text)
