"""What a workspace does with a declared pipeline: it starts it, or publishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from azml_pipelines.run.workspace_registrations import WorkspaceRegistrations
from azml_pipelines.store import model_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from azml_pipelines.pipeline.parameter import ParameterValue
    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.run.pipeline_preview import PipelinePreview
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.published_pipeline import PublishedPipeline
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.clean_up import CleanUp

__all__ = ["WorkspacePipelines"]


class WorkspacePipelines(WorkspaceRegistrations):
    """Implements ``PipelineHome`` and ``ModelHome``."""

    def registered_model(self, name: str, version: int | None) -> Path:
        """Return where a registered model lies, the latest version for None; ours.

        Raises:
            ModelNotFoundException: There is no such model, or no such version of it.
        """
        return model_files.model_path(self.folder.models, name, version)

    @property
    def kept_models(self) -> Path:
        """The folder with the MLflow models that runs score; ours."""
        self.prepare_storage()
        return self.folder.kept_models

    def submit_pipeline(
        self,
        pipeline: Pipeline,
        experiment_name: str,
        *,
        pipeline_parameters: Mapping[str, ParameterValue] | None = None,
        continue_on_step_failure: bool = False,
        regenerate_outputs: bool | Sequence[str] = False,
        debug: bool = False,
        incremental: bool | str = False,
    ) -> PipelineRun:
        """Start a run of a pipeline; ``Experiment.submit`` is version 1's door to it.

        Raises:
            DeclarationError: The pipeline cannot run, or a value is not accepted.
        """
        from azml_pipelines.run.experiment import Experiment  # noqa: PLC0415 - a circle

        return Experiment(cast("Workspace", self), experiment_name).submit(
            pipeline,
            pipeline_parameters=pipeline_parameters,
            continue_on_step_failure=continue_on_step_failure,
            regenerate_outputs=regenerate_outputs,
            debug=debug,
            incremental=incremental,
        )

    def preview_pipeline(
        self,
        pipeline: Pipeline,
        pipeline_parameters: Mapping[str, ParameterValue] | None,
        *,
        regenerate_outputs: bool | Sequence[str],
        incremental: bool | str,
    ) -> PipelinePreview:
        """Look at what a run would do; ``Pipeline.plan`` is the door to it.

        Raises:
            DeclarationError: The pipeline cannot run, or a value is not accepted.
        """
        from azml_pipelines.plan.describe import describe  # noqa: PLC0415 - networkx
        from azml_pipelines.plan.reuse_options import reuse_options  # noqa: PLC0415 - pydantic
        from azml_pipelines.run.pipeline_preview import preview  # noqa: PLC0415 - a circle

        return preview(
            cast("Workspace", self),
            describe(pipeline),
            pipeline_parameters or {},
            reuse_options(regenerate_outputs, incremental),
        )

    def clean_up(
        self,
        *,
        older_than: float | timedelta | None = None,
        keep_last: int | None = None,
        parts_only: bool = False,
        dry_run: bool = False,
    ) -> CleanUp:
        """Remove old runs, and the parts of finished ones; outputs stay (ours).

        Args:
            older_than: Seconds, or a ``timedelta``: runs that ended before that go.
            keep_last: The newest ended runs of each experiment that stay. With both
                rules a run goes that fits both; without any only parts go: those of
                all finished runs but the newest of each experiment.
            parts_only: Take only the parts of the runs that fit.
            dry_run: Remove nothing.

        Returns:
            What was removed with its bytes, and which runs stayed although they fit:
            those whose results others reuse, or whose output lies in their folder.

        Raises:
            UserErrorException: A number is negative, or other processes have been
                looking for results for a minute.
        """
        from azml_pipelines.run.retention import clean_up_workspace  # noqa: PLC0415 - rare

        return clean_up_workspace(
            cast("Workspace", self),
            older_than=older_than,
            keep_last=keep_last,
            parts_only=parts_only,
            dry_run=dry_run,
        )

    def publish_pipeline(
        self,
        pipeline: Pipeline,
        *,
        name: str | None = None,
        description: str | None = None,
        version: str | None = None,
        continue_on_step_failure: bool | None = None,
    ) -> PublishedPipeline:
        """Publish a pipeline; ``Pipeline.publish`` is version 1's door to it.

        Raises:
            DeclarationError: The pipeline cannot run with its defaults, or holds a
                secret that is no ``env:NAME``.
        """
        from azml_pipelines.plan.describe import describe  # noqa: PLC0415 - networkx
        from azml_pipelines.plan.secrets import refuse_literal_secrets  # noqa: PLC0415 - networkx
        from azml_pipelines.run.publishing import Publication, publish  # noqa: PLC0415 - a circle

        definition = describe(pipeline)
        refuse_literal_secrets(pipeline)
        return publish(
            cast("Workspace", self),
            definition,
            Publication(
                name=name,
                description=description or definition.description,
                version=version,
                continue_on_step_failure=bool(continue_on_step_failure),
            ),
        )
