"""Model deployments: one parallel step ``batchscoring`` with the output ``score``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from azml_pipelines.azure_v2.asset import found_data, local_place
from azml_pipelines.azure_v2.bound import Stored
from azml_pipelines.azure_v2.deployment import checked_settings, variables
from azml_pipelines.azure_v2.deployment_sections import OverrideCompute, Overrides
from azml_pipelines.azure_v2.job_sections import RetrySettings
from azml_pipelines.azure_v2.model_reference import is_mlflow, model_path
from azml_pipelines.azure_v2.outputs import place_output
from azml_pipelines.azure_v2.ports import OutputSection
from azml_pipelines.azure_v2.section import parse
from azml_pipelines.azure_v2.surroundings import (
    code_folder,
    compute_of,
    environment_of,
)
from azml_pipelines.data.dataset import Dataset
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.errors import BadDocumentError, DeclarationError
from azml_pipelines.pipeline.parallel_run_config import ParallelRunConfig
from azml_pipelines.pipeline.parallel_run_step import ParallelRunStep
from azml_pipelines.pipeline.pipeline import Pipeline
from azml_pipelines.pipeline.pipeline_data import PipelineData
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.deployment import BatchDeployment, ModelSettings
    from azml_pipelines.azure_v2.deployment_sections import CodeConfiguration
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.azure_v2.invocation import Invocation
    from azml_pipelines.run.model import Model
    from azml_pipelines.run.workspace import Workspace

__all__ = ["model_pipeline", "overridden"]

_STEP, _OUTPUT = "batchscoring", "score"


def model_pipeline(
    deployment: BatchDeployment,
    model: Model | None,
    wanted: Invocation,
    workspace: Workspace,
) -> Pipeline:
    """Return the pipeline of one invocation of a model deployment.

    Raises:
        BadDocumentError: Something of the deployment or the invocation is not
            accepted.
        DeclarationError: The model cannot be scored, or not without a script.
    """
    top = deployment.place
    config = _config(deployment, model, wanted, workspace)
    config.compute_target = compute_of(
        deployment.content.get("compute"), workspace, top / "compute"
    )
    if model is not None:
        folder = str(model_path(model).parent)
        config.environment_variables["AZUREML_MODEL_DIR"] = folder
    output = PipelineData(_OUTPUT, pipeline_output_name=_OUTPUT)
    if wanted.output_path is not None:
        config.on_existing = "error"
        section = OutputSection(path=wanted.output_path)
        place_output(output, section, workspace, wanted.place / "output")
    files = _input(wanted, workspace, flat=deployment.code is None)
    step = ParallelRunStep(
        name=_STEP,
        parallel_run_config=config,
        inputs=[files.as_named_input("input_data").as_mount()],
        output=output,
    )
    description = deployment.content.get("description")
    return Pipeline(workspace, [step], description=description)


def overridden(
    settings: ModelSettings, given: dict[str, Any], place: Place
) -> ModelSettings:
    """Return settings with what an invocation changes.

    Raises:
        BadDocumentError: It changes what it may not, or to a value that cannot be.
    """
    asked = parse(Overrides, given, place)
    changes = asked.model_dump(
        exclude={"compute", "retry_settings", "environment_variables"},
        exclude_none=True,
    )
    compute = parse(OverrideCompute, asked.compute, place / "compute")
    if compute.instance_count is not None:
        changes["instance_count"] = compute.instance_count
    retry = parse(RetrySettings, asked.retry_settings, place / "retry_settings")
    changes |= retry.model_dump(exclude_none=True)
    own = variables(asked.environment_variables or {}, place / "environment_variables")
    changes["environment_variables"] = {**settings.environment_variables, **own}
    action = {"output_action": settings.output_action}
    checked = checked_settings({**action, **changes}, place)
    return replace(settings, **{key: getattr(checked, key) for key in changes})


def _config(
    deployment: BatchDeployment,
    model: Model | None,
    wanted: Invocation,
    workspace: Workspace,
) -> ParallelRunConfig:
    settings = overridden(deployment.settings, wanted.overrides, wanted.place)
    top = deployment.place
    try:
        if deployment.code is not None:
            return _scripted(deployment, settings, workspace, wanted.build)
        if model is not None and is_mlflow(model):
            return _without_script(settings, model, wanted.trust)
    except BadDocumentError:
        raise
    except DeclarationError as error:
        raise top.problem(str(error)) from error
    text = "needs a code_configuration: only MLflow models can do without."
    raise top.problem(text)


def _scripted(
    deployment: BatchDeployment,
    settings: ModelSettings,
    workspace: Workspace,
    build: str | None,
) -> ParallelRunConfig:
    top, code = deployment.place, cast("CodeConfiguration", deployment.code)
    environment = environment_of(
        deployment.content.get("environment"),
        deployment.name,
        workspace,
        top / "environment",
        build,
    )
    where = top / "code_configuration" / "code"
    return ParallelRunConfig(
        environment=environment,
        entry_script=code.scoring_script,
        source_directory=code_folder(code.code, workspace, where),
        **_common(settings),
    )


def _without_script(
    settings: ModelSettings, model: Model, trust: str | None
) -> ParallelRunConfig:
    more: dict[str, Any] = {} if trust is None else {"trust": trust}
    return ParallelRunConfig.from_mlflow_model(
        f"azureml:{model.name}:{model.version}", **_common(settings), **more
    )


def _common(settings: ModelSettings) -> dict[str, Any]:
    rows = settings.output_action == "append_row"
    return {
        "compute_target": "local",
        "error_threshold": settings.error_threshold,
        "output_action": settings.output_action,
        "append_row_file_name": settings.output_file_name if rows else None,
        "node_count": settings.instance_count,
        "process_count_per_node": settings.max_concurrency_per_instance,
        "mini_batch_size": settings.mini_batch_size,
        "logging_level": settings.logging_level.upper(),
        "run_invocation_timeout": settings.timeout,
        "run_max_try": 1 + settings.max_retries,
        "environment_variables": dict(settings.environment_variables),
    }


def _input(wanted: Invocation, workspace: Workspace, *, flat: bool) -> FileDataset:
    """Return the files of an invocation; ``flat`` leaves folders below it out.

    Raises:
        BadDocumentError: There is no input, or it is no files.
    """
    place = wanted.place / "input"
    if wanted.input_path is None:
        text = "there is none; a model deployment takes exactly one. Give --input."
        raise place.problem(text)
    source = Stored(wanted.input_path, wanted.folder)
    found = found_data(source, wanted.input_type, workspace, place)
    if not isinstance(found, FileDataset):
        text = f"{shown(wanted.input_path)} is a table; a model deployment takes files."
        raise place.problem(text)
    folder = local_place(found)
    if flat and folder is not None and folder.is_dir():
        return Dataset.File.from_files(f"{folder}/*", validate=False)
    return found
