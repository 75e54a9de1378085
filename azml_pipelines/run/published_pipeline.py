"""A published pipeline: an id under which anybody can run it, scripts included."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from azml_pipelines.argument_checks import check_workspace
from azml_pipelines.errors import UserErrorException
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.published_values import accepted_values
from azml_pipelines.run.submission import (
    Submission,
    say_submitted,
    submit_definition,
)
from azml_pipelines.store.api_access import api_address
from azml_pipelines.store.frozen_pipeline import read_frozen_pipeline
from azml_pipelines.wording import did_you_mean, shown

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from azml_pipelines.plan.definition import PipelineDefinition
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.catalog import PublishedRecord

__all__ = ["PublishedPipeline"]


class PublishedPipeline:
    """A pipeline as it was when it was published, whatever is edited later.

    Made by ``Pipeline.publish``, found again by ``get`` and ``list``.

    Args:
        workspace: Where it is published.
        record: What the catalog knows about it.
    """

    def __init__(self, workspace: Workspace, record: PublishedRecord) -> None:
        self._workspace = workspace
        self._record = record

    @staticmethod
    def get(workspace: Workspace, id: str) -> PublishedPipeline:
        """Return the published pipeline with this id.

        Raises:
            UserErrorException: The workspace has none.
        """
        check_workspace(workspace)
        record = workspace.catalog.published.find(id) if isinstance(id, str) else None
        if record is None:
            known = [one.id for one in workspace.catalog.published.newest_first()]
            msg = (
                f"No published pipeline has the id {shown(id)} in workspace "
                f"{shown(workspace.name)}; `azml pipeline list` lists those there are."
                f"{did_you_mean(id, known)}"
            )
            raise UserErrorException(msg)
        return PublishedPipeline(workspace, record)

    @staticmethod
    def list(
        workspace: Workspace, active_only: bool = True
    ) -> builtins.list[PublishedPipeline]:
        """Return the published pipelines, the newest first.

        Args:
            active_only: Leave out those that were disabled or archived.
        """
        records = workspace.catalog.published.newest_first(active_only=active_only)
        return [PublishedPipeline(workspace, record) for record in records]

    @staticmethod
    def get_all(
        workspace: Workspace, active_only: bool = True
    ) -> builtins.list[PublishedPipeline]:
        """Return what ``list`` returns; version 1's older name for it."""
        return PublishedPipeline.list(workspace, active_only)

    def __repr__(self) -> str:
        return (
            f"PublishedPipeline(name={self.name!r}, id={self.id!r}, "
            f"status={self.status!r})"
        )

    @property
    def id(self) -> str:
        """Its id, a GUID."""
        return self._record.id

    @property
    def name(self) -> str:
        """As published; several may share it."""
        return self._record.name

    @property
    def description(self) -> str | None:
        """For people."""
        return self._record.description

    @property
    def version(self) -> str | None:
        """Any text that whoever published it gave."""
        return self._record.version

    @property
    def created(self) -> float:
        """When it was published, in seconds since 1970 (ours)."""
        return self._record.created

    @property
    def status(self) -> str:
        """``Active``, ``Disabled`` or ``Archived``, as of now."""
        current = self._workspace.catalog.published.find(self.id)
        return self._record.status if current is None else current.status

    @property
    def continue_on_step_failure(self) -> bool:
        """Whether steps that do not need a failed one go on."""
        return self._record.continue_on_step_failure

    @property
    def endpoint(self) -> str:
        """Where ``azml serve-api`` takes requests for runs of it, running or not."""
        address = api_address(self._workspace.folder)
        return f"{address}/pipelines/v1.0/PipelineRuns/PipelineSubmit/{self.id}"

    @property
    def graph_id(self) -> str:
        """The id: here, every published pipeline has a graph of its own."""
        return self.id

    @property
    def total_run_steps(self) -> int:
        """How many steps a run of it has."""
        return len(self.definition().steps)

    def get_step_names(self) -> builtins.list[str]:
        """Return the names of the steps, in an order in which they can run."""
        return [step.name for step in self.definition().steps]

    def definition(self) -> PipelineDefinition:
        """Return the pipeline as it was declared, with the scripts of then (ours).

        Raises:
            WorkspaceException: Its folder is gone.
        """
        return read_frozen_pipeline(self._workspace.folder.published(self.id))

    def submit(
        self,
        workspace: Workspace,
        experiment_name: str,
        pipeline_parameters: Mapping[str, object] | None = None,
        parent_run_id: str | None = None,
        continue_on_step_failure: bool | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> PipelineRun:
        """Start a run of it and return at once.

        Args:
            workspace: Where it was published.
            experiment_name: The experiment that the run belongs to.
            pipeline_parameters: Values by parameter name; the others keep the default
                of the publication. A name that is not declared has no effect, with a
                warning, except ``node_count`` (``NodeCount``),
                ``process_count_per_node`` and ``mini_batch_size`` where there is one
                parallel step.
            parent_run_id: Accepted and ignored.
            continue_on_step_failure: As published if None.
            tags: Our extension: set on the run.
            idempotency_key: Our extension: any text; submitting again with the same one
                returns the run that there is, also from another process.

        Raises:
            UserErrorException: It is disabled or archived, or was published in another
                workspace.
            IdempotencyError: The key was used for another submission.
            DeclarationError: A value is not accepted.
        """
        submission = Submission(
            tags=tags or {},
            continue_on_step_failure=continue_on_step_failure,
            idempotency_key=idempotency_key,
        )
        experiment = Experiment(workspace, experiment_name)
        run = self.submit_to(experiment, pipeline_parameters or {}, submission)
        say_submitted(run)
        return run

    def submit_to(
        self,
        experiment: Experiment,
        values: Mapping[str, object],
        submission: Submission,
    ) -> PipelineRun:
        """Start a run in an experiment, with all that can be said about it (ours).

        Args:
            values: By parameter name, as ``submit`` takes them.
            submission: Its ``pipeline_id`` is filled in here.

        Raises:
            UserErrorException: As ``submit`` does.
        """
        self._check_may_run(experiment)
        definition, accepted = accepted_values(self.definition(), values)
        goes_on = submission.continue_on_step_failure
        if goes_on is None:
            goes_on = self.continue_on_step_failure
        submission = replace(
            submission, continue_on_step_failure=goes_on, pipeline_id=self.id
        )
        return submit_definition(experiment, definition, accepted, submission)

    def enable(self) -> None:
        """Allow submissions again."""
        self._workspace.catalog.published.set_status(self.id, "Active")

    def disable(self) -> None:
        """Refuse submissions from now on; runs that have started go on."""
        self._workspace.catalog.published.set_status(self.id, "Disabled")

    def archive(self) -> None:
        """Refuse submissions from now on; ``enable`` brings it back."""
        self._workspace.catalog.published.set_status(self.id, "Archived")

    def _check_may_run(self, experiment: Experiment) -> None:
        status = self.status
        if status != "Active":
            msg = (
                f"Published pipeline {shown(self.name)} ({self.id}) is {status} and "
                "starts no runs; allow it again with .enable()."
            )
            raise UserErrorException(msg)
        here = experiment.workspace.folder.root
        if here != self._workspace.folder.root:
            msg = (
                f"Published pipeline {shown(self.name)} belongs to workspace "
                f"{shown(self._workspace.name)} in {self._workspace.folder.root}, not "
                f"to the one in {here}; submit it there, or publish it here."
            )
            raise UserErrorException(msg)
