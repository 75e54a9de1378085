"""An experiment: the name under which runs are submitted and found again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast, overload
from uuid import NAMESPACE_URL, uuid5

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator

    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.pipeline.script_run_config import ScriptRunConfig
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.script_run import ScriptRun
    from azml_pipelines.run.submission import Submission
    from azml_pipelines.run.workspace import Workspace

__all__ = ["Experiment"]

_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}")


class Experiment:
    """A name for runs that belong together; making the object is enough.

    Args:
        workspace: Where its runs are kept.
        name: Up to 255 letters, digits, ``_`` and ``-``, a letter or a digit first.

    Raises:
        UserErrorException: The name is not allowed.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            msg = (
                f"Experiment name {shown(name)} is not allowed; use 1 to 255 letters, "
                "digits, '_' and '-' (no spaces, no dots), a letter or a digit first."
            )
            raise UserErrorException(msg)
        self.workspace = workspace
        self.name = name

    def __repr__(self) -> str:
        return f"Experiment(name={self.name!r}, workspace={self.workspace.name!r})"

    @property
    def id(self) -> str:
        """The same for the same workspace and name."""
        return str(uuid5(NAMESPACE_URL, f"{self.workspace.folder.root}/{self.name}"))

    @property
    def tags(self) -> dict[str, str]:
        """None are kept."""
        return {}

    @overload
    def submit(  # type: ignore[overload-overlap] # anything else makes a PipelineRun
        self,
        config: ScriptRunConfig,
        tags: Mapping[str, str] | None = None,
        **kwargs: object,
    ) -> ScriptRun: ...

    @overload
    def submit(
        self, config: object, tags: Mapping[str, str] | None = None, **kwargs: object
    ) -> PipelineRun: ...

    def submit(
        self, config: object, tags: Mapping[str, str] | None = None, **kwargs: object
    ) -> PipelineRun | ScriptRun:
        """Start a run and return at once; the run goes on when this process ends.

        Args:
            config: A ``Pipeline``, ``PublishedPipeline``, ``PipelineEndpoint`` or
                ``ScriptRunConfig``.
            tags: Set on the run.
            kwargs: ``pipeline_parameters`` (name to value; ``pipeline_params`` is its
                old name), ``continue_on_step_failure``, ``regenerate_outputs``,
                ``pipeline_version`` of an endpoint, and ours: ``incremental`` and
                ``debug``, as for ``Pipeline.submit``; ``idempotency_key``, a text with
                which submitting again returns the run that there is. As in version 1,
                any other keyword is ignored.

        Raises:
            UserErrorException: ``config`` is no pipeline.
            DeclarationError: The pipeline cannot run, or a value is not accepted.
        """
        from azml_pipelines.pipeline.pipeline import Pipeline  # noqa: PLC0415 - networkx
        from azml_pipelines.pipeline.script_run_config import ScriptRunConfig  # noqa: PLC0415 - same
        from azml_pipelines.run.pipeline_endpoint import (  # noqa: PLC0415 - a circle
            PipelineEndpoint,
        )
        from azml_pipelines.run.published_pipeline import (  # noqa: PLC0415 - a circle
            PublishedPipeline,
        )
        from azml_pipelines.run.submission import say_submitted  # noqa: PLC0415 - same

        given = kwargs.get("pipeline_parameters") or kwargs.get("pipeline_params")
        values = _mapping("pipeline_parameters", given)
        submission = _submission(tags, kwargs)
        if isinstance(config, ScriptRunConfig):
            return self._submit_script(config, submission)
        if isinstance(config, Pipeline):
            run = self._submit(config, values, submission)
        elif isinstance(config, PublishedPipeline):
            run = config.submit_to(self, values, submission)
        elif isinstance(config, PipelineEndpoint):
            version = cast("str | None", kwargs.get("pipeline_version"))
            run = config.submit_to(self, values, submission, version=version)
        else:
            msg = (
                f"Experiment.submit got a {type(config).__name__}; give it a Pipeline, "
                "PublishedPipeline, PipelineEndpoint or ScriptRunConfig."
            )
            raise UserErrorException(msg)
        say_submitted(run)
        return run

    def _submit(
        self, pipeline: Pipeline, values: Mapping[str, object], submission: Submission
    ) -> PipelineRun:
        from azml_pipelines.plan.describe import describe  # noqa: PLC0415 - networkx
        from azml_pipelines.plan.secrets import literal_secrets  # noqa: PLC0415 - same
        from azml_pipelines.run.lent_secrets import lent_secrets  # noqa: PLC0415 - same
        from azml_pipelines.run.submission import (  # noqa: PLC0415 - the same
            submit_definition,
        )

        with lent_secrets(literal_secrets(pipeline)):
            return submit_definition(self, describe(pipeline), values, submission)

    def _submit_script(
        self, config: ScriptRunConfig, submission: Submission
    ) -> ScriptRun:
        from azml_pipelines.pipeline.pipeline import Pipeline  # noqa: PLC0415 - networkx
        from azml_pipelines.run.script_run import ScriptRun, step_of  # noqa: PLC0415 - a circle
        from azml_pipelines.run.submission import say_submitted  # noqa: PLC0415 - same

        pipeline = Pipeline(self.workspace, [step_of(config)])
        run = self._submit(pipeline, {}, submission)
        say_submitted(run)
        return ScriptRun(run, run.plan.steps[0])

    def get_runs(
        self,
        type: str | None = None,
        tags: str | Mapping[str, str] | None = None,
        properties: object = None,
        include_children: bool = False,
    ) -> Iterator[PipelineRun]:
        """Yield the runs of the experiment, the newest first.

        Args:
            type: Only runs of this type; all are ``azureml.PipelineRun``.
            tags: Only runs with this tag, or with all of these values.
        """
        from azml_pipelines.run.pipeline_run import PipelineRun  # noqa: PLC0415 - circle

        wanted = {tags: None} if isinstance(tags, str) else dict(tags or {})
        for record in self.workspace.catalog.runs.newest_first(self.name):
            fits = all(
                key in record.tags and value in (None, record.tags[key])
                for key, value in wanted.items()
            )
            if fits and type in (None, PipelineRun.type):
                yield PipelineRun(self, record.run_id)

    @staticmethod
    def list(
        workspace: Workspace,
        experiment_name: str | None = None,
        view_type: str = "ActiveOnly",
        tags: object = None,
    ) -> builtins.list[Experiment]:
        """Return the experiments that have runs, or the one of this name."""
        return [
            experiment
            for name, experiment in workspace.experiments.items()
            if experiment_name in (None, name)
        ]


def _submission(
    tags: Mapping[str, str] | None, given: Mapping[str, object]
) -> Submission:
    """Return what the keywords of ``submit`` say about a run."""
    from azml_pipelines.plan.reuse_options import reuse_options  # noqa: PLC0415 - pydantic
    from azml_pipelines.run.submission import Submission  # noqa: PLC0415 - a circle

    goes_on = given.get("continue_on_step_failure")
    return Submission(
        tags=cast("Mapping[str, str]", _mapping("tags", tags)),
        continue_on_step_failure=None if goes_on is None else bool(goes_on),
        debug=bool(given.get("debug")),
        idempotency_key=cast("str | None", given.get("idempotency_key")),
        reuse=reuse_options(given.get("regenerate_outputs"), given.get("incremental")),
    )


def _mapping(argument: str, given: object) -> Mapping[str, object]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        msg = f"{argument}={shown(given)} is no mapping. Give names and values."
        raise UserErrorException(msg)
    return given
