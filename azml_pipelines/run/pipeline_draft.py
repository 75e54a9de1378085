"""A draft: a pipeline that is kept to be changed, tried and, one day, published."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azml_pipelines.argument_checks import (
    check_flag,
    check_mapping,
    check_text,
    check_workspace,
)
from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import mask, mask_texts
from azml_pipelines.pipeline.pipeline import Pipeline
from azml_pipelines.plan.parameter_values import resolve_values
from azml_pipelines.plan.secrets import refuse_secret_values
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.pipeline_run import PipelineRun
from azml_pipelines.run.published_pipeline import PublishedPipeline
from azml_pipelines.run.publishing import Publication, publish
from azml_pipelines.run.resubmission import stored_definition
from azml_pipelines.run.submission import Submission, say_submitted, submit_definition
from azml_pipelines.store.draft_files import (
    DraftRecord,
    change_defaults,
    read_draft,
    read_drafts,
    remove_draft,
    write_draft,
)
from azml_pipelines.store.frozen_pipeline import freeze_pipeline, read_frozen_pipeline
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import builtins

    from azml_pipelines.plan.definition import PipelineDefinition
    from azml_pipelines.plan.parameter_values import PlainValue
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.workspace_folder import PublishedFolder

__all__ = ["PipelineDraft"]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class PipelineDraft:
    """A pipeline with its scripts as they were when the draft was made.

    Made by ``create``, found again by ``get`` and ``list``. What ``update`` changes
    counts for the next ``submit_run`` or ``publish``.
    """

    def __init__(self, workspace: Workspace, record: DraftRecord) -> None:
        self._workspace = workspace
        self._record = record

    @staticmethod
    def create(  # noqa: PLR0917 - version 1's signature
        workspace: Workspace,
        pipeline: Pipeline | PublishedPipeline | PipelineRun,
        name: str | None = None,
        description: str | None = None,
        experiment_name: str | None = None,
        pipeline_parameters: Mapping[str, Any] | None = None,
        continue_on_step_failure: bool | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> PipelineDraft:
        """Keep a pipeline as a draft.

        Args:
            workspace: Where it is kept.
            pipeline: A ``Pipeline``, ``PublishedPipeline`` or ``PipelineRun``, whose
                steps, scripts and values it begins with.
            name: For people; ``Draft of`` and the date if None.
            description: For people.
            experiment_name: Of its runs.
            pipeline_parameters: Values for some parameters.
            continue_on_step_failure: Whether steps that do not need a failed one go on.
            tags: Set on its runs.
            properties: For people.

        Raises:
            DeclarationError: The pipeline cannot run, or a value is not accepted.
            UserErrorException: ``pipeline`` is none of these, or a source directory is
                too big.
        """
        check_workspace(workspace)
        definition, parents = _definition_of(pipeline)
        values = _kept_values(definition, pipeline_parameters)
        if experiment_name is not None:
            Experiment(workspace, experiment_name)  # checks the name
        draft_id, now = str(uuid4()), time.time()
        record = _changed(
            DraftRecord(id=draft_id, name=_dated(now), created=now, **parents),
            name=name,
            description=description,
            experiment_name=experiment_name,
            continue_on_step_failure=continue_on_step_failure,
            tags=tags,
            properties=properties,
        )
        workspace.prepare_storage()
        folder = workspace.folder.draft(record.id)
        freeze_pipeline(folder, definition.with_defaults(values))
        write_draft(folder, record)
        return PipelineDraft(workspace, record)

    @staticmethod
    def get(workspace: Workspace, id: str) -> PipelineDraft:
        """Return the draft with this id.

        Raises:
            UserErrorException: The workspace has none.
        """
        check_workspace(workspace)
        known = isinstance(id, str) and _ID.fullmatch(id)
        record = read_draft(workspace.folder.draft(id)) if known else None
        if record is None:
            msg = (
                f"No draft has the id {shown(id)} in workspace "
                f"{shown(workspace.name)}; PipelineDraft.list(workspace) has those "
                "there are."
            )
            raise UserErrorException(msg)
        return PipelineDraft(workspace, record)

    @staticmethod
    def list(
        workspace: Workspace, tags: Mapping[str, str] | None = None
    ) -> builtins.list[PipelineDraft]:
        """Return the drafts, the newest first; only those with these tags if given."""
        wanted = dict(tags or {})
        found = sorted(read_drafts(workspace.folder), key=lambda one: -one.created)
        return [
            PipelineDraft(workspace, record)
            for record in found
            if wanted.items() <= record.tags.items()
        ]

    def __repr__(self) -> str:
        return f"PipelineDraft(name={self.name!r}, id={self.id!r})"

    @property
    def id(self) -> str:
        """The id, a GUID."""
        return self._record.id

    @property
    def name(self) -> str:
        """For people; several may share it."""
        return self._record.name

    @property
    def description(self) -> str | None:
        """For people."""
        return self._record.description

    @property
    def experiment_name(self) -> str | None:
        """The experiment of its runs."""
        return self._record.experiment_name

    @property
    def continue_on_step_failure(self) -> bool:
        """Whether steps that do not need a failed one go on."""
        return self._record.continue_on_step_failure

    @property
    def tags(self) -> dict[str, str]:
        """Set on its runs."""
        return dict(self._record.tags)

    @property
    def properties(self) -> dict[str, str]:
        """For people."""
        return dict(self._record.properties)

    @property
    def parent_pipeline_id(self) -> str | None:
        """The published pipeline that it was made of, if it was (ours)."""
        return self._record.parent_pipeline_id

    @property
    def parent_run_id(self) -> str | None:
        """The run that it was made of, if it was (ours)."""
        return self._record.parent_run_id

    @property
    def pipeline_parameters(self) -> dict[str, Any]:
        """The value of each parameter for its next run."""
        return resolve_values(self.definition(), {})

    def definition(self) -> PipelineDefinition:
        """Return the pipeline, with the scripts of the draft (ours).

        Raises:
            WorkspaceException: The draft is gone.
        """
        return read_frozen_pipeline(self._folder)

    def update(  # noqa: PLR0917 - version 1's signature
        self,
        name: str | None = None,
        description: str | None = None,
        experiment_name: str | None = None,
        pipeline_parameters: Mapping[str, Any] | None = None,
        continue_on_step_failure: bool | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Change what is given; None keeps what there is.

        Raises:
            ParameterError: A parameter is not declared, or a value has another type;
                nothing has changed then.
            WorkspaceException: The draft is gone.
        """
        values = _kept_values(self.definition(), pipeline_parameters)
        if experiment_name is not None:
            Experiment(self._workspace, experiment_name)  # checks the name
        if pipeline_parameters:
            change_defaults(self._folder, values)
        self._record = _changed(
            self._record,
            name=name,
            description=description,
            experiment_name=experiment_name,
            continue_on_step_failure=continue_on_step_failure,
            tags=tags,
            properties=properties,
        )
        write_draft(self._folder, self._record)

    def submit_run(self) -> PipelineRun:
        """Start a run with its values and return at once.

        Raises:
            UserErrorException: It has no ``experiment_name``.
            WorkspaceException: The draft is gone.
        """
        record = self._record
        if record.experiment_name is None:
            msg = (
                f"Draft {shown(record.name)} names no experiment; give it one with "
                ".update(experiment_name=…)."
            )
            raise UserErrorException(msg)
        submission = Submission(
            tags=record.tags, continue_on_step_failure=record.continue_on_step_failure
        )
        experiment = Experiment(self._workspace, record.experiment_name)
        run = submit_definition(experiment, self.definition(), {}, submission)
        say_submitted(run)
        return run

    def publish(self) -> PublishedPipeline:
        """Publish it: its values become the defaults. The draft stays.

        Raises:
            WorkspaceException: The draft is gone.
        """
        record = self._record
        said = Publication(
            record.name, record.description, None, record.continue_on_step_failure
        )
        return publish(self._workspace, self.definition(), said)

    def delete(self) -> None:
        """Remove the draft; runs and publications of it stay."""
        if self._folder.root.is_dir():
            remove_draft(self._folder)

    @property
    def _folder(self) -> PublishedFolder:
        return self._workspace.folder.draft(self._record.id)


def _definition_of(pipeline: object) -> tuple[PipelineDefinition, dict[str, str]]:
    """Return a pipeline as declared, its values as defaults, and whose it was."""
    if isinstance(pipeline, Pipeline):
        from azml_pipelines.plan.describe import describe  # noqa: PLC0415 - networkx
        from azml_pipelines.plan.secrets import refuse_literal_secrets  # noqa: PLC0415 - same

        definition = describe(pipeline)
        refuse_literal_secrets(pipeline)
        return definition, {}
    if isinstance(pipeline, PublishedPipeline):
        return pipeline.definition(), {"parent_pipeline_id": pipeline.id}
    if isinstance(pipeline, PipelineRun):
        definition = stored_definition(pipeline).with_defaults(pipeline.plan.parameters)
        return definition, {"parent_run_id": pipeline.id}
    msg = (
        f"PipelineDraft.create got a {type(pipeline).__name__}; give it a Pipeline, a "
        "PublishedPipeline or a PipelineRun."
    )
    raise UserErrorException(msg)


def _kept_values(
    definition: PipelineDefinition, given: Mapping[str, Any] | None
) -> dict[str, PlainValue]:
    """Return the values of all parameters; a secret among them is refused."""
    values = resolve_values(definition, given or {})
    refuse_secret_values(values)
    return values


def _dated(now: float) -> str:
    return f"Draft of {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))}"


def _changed(record: DraftRecord, **given: object) -> DraftRecord:
    """Return a record with what is given; what is None stays.

    Raises:
        UserErrorException: A value is of another type.
    """
    changes: dict[str, object] = {}
    for name in ("name", "description", "experiment_name"):
        check_text(name, given.get(name))
    for name in ("tags", "properties"):
        check_mapping(name, given.get(name))
    check_flag(
        "continue_on_step_failure",
        given.get("continue_on_step_failure"),
        optional=True,
    )
    for name, value in given.items():
        if isinstance(value, Mapping):
            changes[name] = mask_texts(value)
        elif isinstance(value, bool):
            changes[name] = value
        elif value is not None:
            changes[name] = mask(str(value))
    return record.model_copy(update=changes)
