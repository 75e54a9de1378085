"""What a workspace does with a declared pipeline: it starts it, or publishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from azml_pipelines.run.workspace_registrations import WorkspaceRegistrations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.pipeline.parameter import ParameterValue
    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.published_pipeline import PublishedPipeline
    from azml_pipelines.run.workspace import Workspace

__all__ = ["WorkspacePipelines"]


class WorkspacePipelines(WorkspaceRegistrations):
    """Implements ``PipelineHome``."""

    def submit_pipeline(
        self,
        pipeline: Pipeline,
        experiment_name: str,
        *,
        pipeline_parameters: Mapping[str, ParameterValue] | None = None,
        continue_on_step_failure: bool = False,
        regenerate_outputs: bool = False,
        parent_run_id: str | None = None,
        debug: bool = False,
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
            parent_run_id=parent_run_id,
            debug=debug,
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
