"""A name that stays while the pipeline behind it gets new versions."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.argument_checks import check_text, check_workspace
from azml_pipelines.errors import DeclarationError, UserErrorException
from azml_pipelines.masking import mask_content
from azml_pipelines.pipeline.pipeline import Pipeline
from azml_pipelines.run.endpoint_facts import EndpointFacts
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.published_pipeline import PublishedPipeline
from azml_pipelines.run.submission import Submission, say_submitted
from azml_pipelines.store.catalog import EndpointRecord
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.workspace import Workspace

__all__ = ["PipelineEndpoint"]


class PipelineEndpoint(EndpointFacts):
    """Published pipelines under one name, with versions from ``"0"`` on.

    Made by ``publish``, found again by ``get`` and ``list``.

    Args:
        workspace: Where it is published.
        record: What the catalog knows about it.
    """

    @staticmethod
    def publish(
        workspace: Workspace,
        name: str,
        description: str,
        pipeline: Pipeline | PublishedPipeline,
        **kwargs: object,
    ) -> PipelineEndpoint:
        """Make an endpoint; its version ``"0"``, and default, is ``pipeline``.

        Args:
            pipeline: A ``Pipeline`` is published first, as ``<name>-<date>-Pipeline``.
            kwargs: Accepted and ignored.

        Raises:
            DeclarationError: The name is taken or empty, or ``pipeline`` is of another
                type.
        """
        if not isinstance(name, str) or not name.strip():
            msg = f"name={shown(name)} names no endpoint; give a text."
            raise DeclarationError(msg)
        _check_type(pipeline)
        check_workspace(workspace)
        check_text("description", description)
        catalog = workspace.catalog.endpoints
        if catalog.find_name(name) is None:
            published = _published(pipeline, name)
            said = mask_content(description)
            record = EndpointRecord(str(uuid4()), name, time.time(), said)
            if catalog.add(record, published.id):
                return PipelineEndpoint.get(workspace, id=record.id)
        msg = (
            f"A pipeline endpoint called {shown(name)} exists already; add a version "
            "with PipelineEndpoint.get(workspace, name=…).add(pipeline), or choose "
            "another name."
        )
        raise DeclarationError(msg)

    @staticmethod
    def get(
        workspace: Workspace, id: str | None = None, name: str | None = None
    ) -> PipelineEndpoint:
        """Return the endpoint with this id or this name.

        Raises:
            UserErrorException: There is none.
        """
        check_workspace(workspace)
        catalog = workspace.catalog.endpoints
        record = None
        if isinstance(id, str):
            record = catalog.find(id)
        elif isinstance(name, str):
            record = catalog.find_name(name)
        if record is None:
            known = [one.name for one in catalog.newest_first()]
            wanted = name if id is None else id
            msg = (
                f"No pipeline endpoint is called {shown(wanted)} in workspace "
                f"{shown(workspace.name)}; known: {listed(known)}."
                f"{did_you_mean(wanted, known)}"
            )
            raise UserErrorException(msg)
        return PipelineEndpoint(workspace, record)

    @staticmethod
    def list(
        workspace: Workspace, active_only: bool = True, max_results: int = 100
    ) -> builtins.list[PipelineEndpoint]:
        """Return the endpoints, the newest first.

        Args:
            active_only: Leave out those that were disabled or archived.
            max_results: At most so many.
        """
        found = workspace.catalog.endpoints.newest_first(active_only=active_only)
        return [PipelineEndpoint(workspace, one) for one in found[:max_results]]

    def __repr__(self) -> str:
        return f"PipelineEndpoint(name={self.name!r}, id={self.id!r})"

    def add(self, pipeline: Pipeline | PublishedPipeline) -> None:
        """Add a version; the default stays. A pipeline that is one already stays it."""
        self._add(pipeline)

    def add_default(self, pipeline: Pipeline | PublishedPipeline) -> None:
        """Add a version and make it the default."""
        version = self._add(pipeline)
        self._workspace.catalog.endpoints.change(self.id, default_version=version)

    def set_default(self, pipeline: PublishedPipeline) -> None:
        """Make the version that is this published pipeline the default.

        Raises:
            DeclarationError: No version is.
        """
        given = getattr(pipeline, "id", None)
        for version, pipeline_id in self.pipeline_version_list:
            if pipeline_id == given:
                self.set_default_version(version)
                return
        msg = (
            f"{shown(pipeline)} is no version of pipeline endpoint "
            f"{shown(self.name)}; add it with .add_default(pipeline)."
        )
        raise DeclarationError(msg)

    def set_default_version(self, version: str) -> None:
        """Make a version the default.

        Raises:
            DeclarationError: There is no such version.
        """
        self.get_pipeline(version)
        self._workspace.catalog.endpoints.change(self.id, default_version=int(version))

    def set_name(self, name: str) -> None:
        """Rename it.

        Raises:
            DeclarationError: Another endpoint has the name.
        """
        if not self._workspace.catalog.endpoints.change(self.id, name=name):
            msg = f"Another pipeline endpoint is called {shown(name)}; choose another."
            raise DeclarationError(msg)

    def enable(self) -> None:
        """Allow submissions again."""
        self._workspace.catalog.endpoints.change(self.id, status="Active")

    def disable(self) -> None:
        """Refuse submissions from now on; its pipelines stay as they are."""
        self._workspace.catalog.endpoints.change(self.id, status="Disabled")

    def archive(self) -> None:
        """Refuse submissions from now on; ``reactivate`` brings it back."""
        self._workspace.catalog.endpoints.change(self.id, status="Archived")

    def reactivate(self, name: str | None = None) -> None:
        """Allow submissions again, under another name if one is given."""
        if name is not None:
            self.set_name(name)
        self.enable()

    def submit(
        self,
        experiment_name: str,
        pipeline_parameters: Mapping[str, object] | None = None,
        parent_run_id: str | None = None,
        pipeline_version: str | None = None,
    ) -> PipelineRun:
        """Start a run of a version and return at once.

        Args:
            experiment_name: The experiment that the run belongs to.
            pipeline_parameters: As ``PublishedPipeline.submit`` takes them.
            parent_run_id: Accepted and ignored.
            pipeline_version: The default version if None.

        Raises:
            UserErrorException: The endpoint or the version's pipeline is disabled.
            DeclarationError: There is no such version, or a value is not accepted.
        """
        run = self.submit_to(
            Experiment(self._workspace, experiment_name),
            pipeline_parameters or {},
            Submission(),
            version=pipeline_version,
        )
        say_submitted(run)
        return run

    def submit_to(
        self,
        experiment: Experiment,
        values: Mapping[str, object],
        submission: Submission,
        *,
        version: str | None,
    ) -> PipelineRun:
        """Start a run in an experiment, with all that can be said about it (ours)."""
        self.check_active()
        return self.get_pipeline(version).submit_to(experiment, values, submission)

    def _add(self, pipeline: Pipeline | PublishedPipeline) -> int:
        _check_type(pipeline)
        published = _published(pipeline, self.name)
        return self._workspace.catalog.endpoints.add_version(self.id, published.id)


def _check_type(pipeline: object) -> None:
    if not isinstance(pipeline, Pipeline | PublishedPipeline):
        msg = (
            f"pipeline={shown(pipeline)} is a {type(pipeline).__name__}; give a "
            "Pipeline or a PublishedPipeline."
        )
        raise DeclarationError(msg)


def _published(pipeline: Pipeline | PublishedPipeline, name: str) -> PublishedPipeline:
    if isinstance(pipeline, PublishedPipeline):
        return pipeline
    date = f"{datetime.now().astimezone():%m-%d-%Y}"
    published: PublishedPipeline = pipeline.publish(f"{name}-{date}-Pipeline")
    return published
