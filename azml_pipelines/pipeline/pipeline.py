"""Steps, put together: checked when made, run when submitted, as often as wanted."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any, Protocol

from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.graph import build_graph
from azml_pipelines.pipeline.graph_warnings import graph_warnings
from azml_pipelines.pipeline.mlflow_model.sources import ModelHome
from azml_pipelines.pipeline.parameter import distinct_parameters
from azml_pipelines.pipeline.step_sequence import flatten_steps
from azml_pipelines.signatures import explained
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from azml_pipelines.data.datastore import AbstractDatastore
    from azml_pipelines.pipeline.graph import StepGraph
    from azml_pipelines.pipeline.parameter import ParameterValue, PipelineParameter
    from azml_pipelines.pipeline.step import PipelineStep

__all__ = ["LOCAL_COMPUTE", "Pipeline", "PipelineHome"]

LOCAL_COMPUTE = "local"
_EMAIL = "enable_email_notification"


class PipelineHome(ModelHome, Protocol):
    """What a workspace offers to ``Pipeline``."""

    @property
    def compute_targets(self) -> Mapping[str, Any]:
        """The compute targets, by name."""
        ...

    def get_datastore(self, name: str | None) -> AbstractDatastore:
        """Return a datastore, the default one for None."""
        ...

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
    ) -> Any:  # noqa: ANN401 - a PipelineRun, which lives above this room
        """Start a run and return it at once."""
        ...

    def preview_pipeline(
        self,
        pipeline: Pipeline,
        pipeline_parameters: Mapping[str, ParameterValue] | None,
        *,
        regenerate_outputs: bool | Sequence[str],
        incremental: bool | str,
    ) -> Any:  # noqa: ANN401 - a PipelinePreview, which lives above this room
        """Return what a run would do."""
        ...

    def publish_pipeline(
        self,
        pipeline: Pipeline,
        *,
        name: str | None = None,
        description: str | None = None,
        version: str | None = None,
        continue_on_step_failure: bool | None = None,
    ) -> Any:  # noqa: ANN401 - a PublishedPipeline, which lives above this room
        """Keep the pipeline with its scripts as they are now, under an id."""
        ...


class Pipeline:
    """Steps and what they need from each other.

    Args:
        workspace: Where it will run.
        steps: A step, or a list of steps, lists, sequences and outputs of steps.
        description: For people.
        default_datastore: Where outputs without a datastore go, as an object or a name;
            the workspace's default datastore if None.
        default_source_directory: For steps without a source directory; the current
            directory if None.
        resolve_closure: Whether steps that are needed and not listed are added.
        kwargs: Only ``enable_email_notification``, which means nothing here.

    Raises:
        DeclarationError: Two steps write the same PipelineData, nobody writes one that
            is read, a parameter has two defaults, a compute target is unknown, a script
            is missing, or an argument is.
        UnknownStepKindError: An element of ``steps`` is no step.

    Warns:
        UserWarning: Two steps share a name, or nobody can know of an output.
    """

    @explained
    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        workspace: PipelineHome,
        steps: object,
        description: str | None = None,
        default_datastore: AbstractDatastore | str | None = None,
        default_source_directory: str | None = None,
        resolve_closure: bool = True,
        **kwargs: object,
    ) -> None:
        _check_keywords("Pipeline", Pipeline.__init__, kwargs, _EMAIL)
        self.workspace = workspace
        self.description = description
        self.default_datastore = default_datastore
        self.default_source_directory = default_source_directory
        self._graph = build_graph(flatten_steps(steps), resolve_closure=resolve_closure)
        self._check_parameters()
        self._check_steps()
        for line in graph_warnings(self._graph):
            warnings.warn(line, UserWarning, stacklevel=3)

    @property
    def graph(self) -> StepGraph:
        """The steps and what each waits for."""
        return self._graph

    @property
    def parameters(self) -> list[PipelineParameter]:
        """Each parameter once, in order of first use; an extension of version 1.

        Raises:
            DeclarationError: Two of one name differ in their default.
        """
        return self._check_parameters()

    def validate(self) -> list[str]:
        """Return what is wrong with the pipeline, one line each; empty when fine."""
        problems = []
        if not self._graph.steps:
            problems.append("The pipeline has no steps. Pass steps=[…].")
        checks = (self._graph.in_order, self._check_parameters, self._check_steps)
        for check in checks:
            try:
                check()
            except DeclarationError as error:
                problems.append(str(error))
        return problems

    def submit(  # noqa: PLR0917 - version 1's signature
        self,
        experiment_name: str,
        pipeline_parameters: Mapping[str, ParameterValue] | None = None,
        continue_on_step_failure: bool = False,
        regenerate_outputs: bool | Sequence[str] = False,
        parent_run_id: str | None = None,
        credential_passthrough: bool | None = None,
        *,
        debug: bool = False,
        incremental: bool | str = False,
        **kwargs: object,
    ) -> Any:  # noqa: ANN401 - a PipelineRun, which lives above this room
        """Start a run of the pipeline and return it at once.

        Source directories are copied as they are now, at every submission.

        Args:
            experiment_name: The experiment that the run belongs to.
            pipeline_parameters: Values for some parameters; the others keep their
                default. The pipeline itself stays as it is.
            continue_on_step_failure: Whether steps that do not need a failed one go on.
            regenerate_outputs: Whether every step runs, whatever may be reused; or, our
                extension, the names of those that do.
            parent_run_id: Means nothing here.
            credential_passthrough: Means nothing here.
            debug: Our extension: run it in this process, one mini-batch after the
                other, where a debugger works, and return when it has ended.
            incremental: Our extension: where only the input of a step has changed,
                take mini-batches that are the same over from its last result; with
                ``"items"`` also single items: each row depends on its own item alone.
            kwargs: Nothing else is accepted.

        Raises:
            DeclarationError: The pipeline cannot run, or a value is not accepted.
        """
        _check_keywords("Pipeline.submit", Pipeline.submit, kwargs)
        return self.workspace.submit_pipeline(
            self,
            experiment_name,
            pipeline_parameters=pipeline_parameters,
            continue_on_step_failure=continue_on_step_failure,
            regenerate_outputs=regenerate_outputs,
            debug=debug,
            incremental=incremental,
        )

    def publish(
        self,
        name: str | None = None,
        description: str | None = None,
        version: str | None = None,
        continue_on_step_failure: bool | None = None,
        **kwargs: object,
    ) -> Any:  # noqa: ANN401 - a PublishedPipeline, which lives above this room
        """Keep the pipeline with its scripts as they are now, to be run by its id.

        Args:
            name: For people; several published pipelines may share it. If None,
                ``<date>-Pipeline``.
            description: For people; that of the pipeline if None.
            version: Any text.
            continue_on_step_failure: What a submission does that does not say.
            kwargs: Nothing else is accepted.

        Returns:
            The ``PublishedPipeline``.

        Raises:
            DeclarationError: The pipeline cannot run with its defaults, or a secret is
                no ``env:NAME``.
            UserErrorException: The name is empty, or a source directory is too big.
        """
        _check_keywords("Pipeline.publish", Pipeline.publish, kwargs)
        return self.workspace.publish_pipeline(
            self,
            name=name,
            description=description,
            version=version,
            continue_on_step_failure=continue_on_step_failure,
        )

    def plan(
        self,
        pipeline_parameters: Mapping[str, ParameterValue] | None = None,
        *,
        regenerate_outputs: bool | Sequence[str] = False,
        incremental: bool | str = False,
    ) -> Any:  # noqa: ANN401 - a PipelinePreview, which lives above this room
        """Return what ``submit`` would do; nothing is written (ours).

        What would run and why, what would be reused from which run, mini-batches, and
        the time by the pace of earlier runs. ``print`` draws it for a terminal,
        ``to_svg()`` as a picture, which notebooks show by themselves.

        Args:
            pipeline_parameters: As for ``submit``.
            regenerate_outputs: As for ``submit``.
            incremental: As for ``submit``.

        Raises:
            DeclarationError: The pipeline cannot run, or a value is not accepted.
        """
        return self.workspace.preview_pipeline(
            self,
            pipeline_parameters,
            regenerate_outputs=regenerate_outputs,
            incremental=incremental,
        )

    def _check_parameters(self) -> list[PipelineParameter]:
        used = [p for step in self._graph.steps for p in step.parameters()]
        return distinct_parameters(used, "the pipeline")

    def _check_steps(self) -> None:
        for step in self._graph.steps:
            step.check(self.default_source_directory)
            self._check_compute(step)

    def _check_compute(self, step: PipelineStep) -> None:
        """Look a name up; an object and a (name, type) pair need no looking up."""
        target = step.compute_target
        if not isinstance(target, str) or target == LOCAL_COMPUTE:
            return
        if target not in self.workspace.compute_targets:
            known = sorted({LOCAL_COMPUTE, *self.workspace.compute_targets})
            msg = (
                f"Step {shown(step.name)}: no compute target is called "
                f"{shown(target)}; known: {listed(known)}. Create it with "
                "ComputeTarget.create(…), or use 'local'."
            )
            raise DeclarationError(msg)

    def __repr__(self) -> str:
        names = ", ".join(step.name for step in self._graph.steps)
        return f"Pipeline(steps=[{names}])"


def _check_keywords(
    what: str,
    function: Callable[..., object],
    given: Mapping[str, object],
    *accepted: str,
) -> None:
    unknown = sorted(set(given) - set(accepted))
    named = [name for name in inspect.signature(function).parameters if name != "self"]
    known = [*(name for name in named if name != "kwargs"), *accepted]
    if unknown:
        hint = did_you_mean(unknown[0], known)
        msg = (
            f"{what} has no argument {shown(unknown[0])}.{hint} "
            f"It accepts {listed(known)}."
        )
        raise DeclarationError(msg)
