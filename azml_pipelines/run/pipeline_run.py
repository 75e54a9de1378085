"""A pipeline run: how it is doing, what it made, and what to do with it next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.definition import PipelineDefinition
from azml_pipelines.run.logged_metrics import logged_metrics, metric_lines
from azml_pipelines.run.repeatable_run import RepeatableRun
from azml_pipelines.run.step_run import StepRun
from azml_pipelines.run.views import views
from azml_pipelines.run.waiting import failure, follow_until, wait_until
from azml_pipelines.store.run_reader import request_cancel, run_has_ended
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.run.output_place import RunOutputPlace
    from azml_pipelines.run.port_data_reference import PortDataReference
    from azml_pipelines.run.workspace import Workspace

__all__ = ["PipelineRun"]


class PipelineRun(RepeatableRun):
    """A run of a pipeline. Everything it knows, it reads from the run's folder.

    Args:
        experiment: What the run was submitted to.
        run_id: As ``azml runs`` prints it.

    Raises:
        RunNotFoundError: The workspace has no such run.
    """

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> PipelineRun:
        """Return the run with this id.

        Raises:
            RunNotFoundError: The workspace has no such run.
        """
        from azml_pipelines.run.run_lookup import find_run  # noqa: PLC0415 - a circle

        run = find_run(workspace, run_id)
        return run.parent if isinstance(run, StepRun) else run

    @staticmethod
    def get_pipeline_runs(workspace: Workspace, pipeline_id: str) -> list[PipelineRun]:
        """Return the runs of a published pipeline, the newest first."""
        from azml_pipelines.run.experiment import Experiment  # noqa: PLC0415 - a circle

        records = workspace.catalog.runs.newest_first(pipeline_id=pipeline_id)
        return [
            PipelineRun(Experiment(workspace, record.experiment), record.run_id)
            for record in records
        ]

    def __repr__(self) -> str:
        return f"PipelineRun(id={self.id!r}, experiment={self.experiment.name!r})"

    def _ipython_display_(self) -> None:
        """Draw the run while it goes on, as ``RunDetails(run).show()`` does."""
        views.get("live")(self)

    def _repr_html_(self) -> str:
        return str(views.get("notebook")(self.state()))

    @property
    def name(self) -> str:
        """The id."""
        return self.id

    @property
    def display_name(self) -> str:
        """The id."""
        return self.id

    @property
    def parent(self) -> None:
        """Pipeline runs have none."""
        return

    def wait_for_completion(
        self,
        show_output: bool = True,
        timeout_seconds: float = sys.maxsize,
        raise_on_error: bool = True,
    ) -> str:
        """Wait until the run has ended and return its status.

        Args:
            show_output: Show the run while it goes on.
            timeout_seconds: After this time the status is returned as it is; the run
                goes on. (Version 1 needs ``show_output`` for that, we do not.)
            raise_on_error: Raise when the run failed.

        Raises:
            ActivityFailedException: The run failed and ``raise_on_error`` is True; its
                ``error_details`` are JSON.
            ExperimentExecutionException: Ctrl-C; the run goes on.
        """
        if show_output:
            print(  # noqa: T201 - version 1 prints both
                f"PipelineRunId: {self.id}\nLink to the run: {self.get_portal_url()}"
            )
            ended = follow_until(self, timeout_seconds)
        else:
            ended = wait_until(self._ended, self.id, timeout_seconds)
        state = self.state()
        if not ended and show_output:
            print(  # noqa: T201 - version 1 says so and raises nothing
                f"Stopped waiting after {timeout_seconds} s: run {self.id} is "
                f"{state.status} and goes on."
            )
        if state.status == "Failed" and raise_on_error:
            what = f"Run {self.id}"
            raise failure(what, state.error)
        return state.status

    def get_steps(self) -> list[StepRun]:
        """Return the steps, in an order in which each comes after those it needs."""
        return [StepRun(self, step) for step in self.plan.steps]

    def get_children(
        self, recursive: bool = False, tags: object = None, **_filters: object
    ) -> list[StepRun]:
        """Return the steps."""
        return self.get_steps()

    def find_step_run(self, name: str) -> list[StepRun]:
        """Return the steps of this name, as a list; empty when there are none."""
        return [step for step in self.get_steps() if step.name == name]

    def get_pipeline_output(self, pipeline_output_name: str) -> PortDataReference:
        """Return the output that was declared with this ``pipeline_output_name``.

        The name of a step's output will do as well; that is our extension.

        Raises:
            UserErrorException: No step has such an output; the message lists them.
        """
        definition = PipelineDefinition.model_validate_json(
            self.folder.definition.read_bytes()
        )
        names = []
        for declared, step in zip(definition.steps, self.get_steps(), strict=True):
            for output in declared.all_outputs:
                given = (output.pipeline_output_name, output.name)
                if pipeline_output_name in given:
                    return step.get_output_data(output.name)
                names.append(given[0] or given[1])
        msg = (
            f"Run {self.id} has no output {shown(pipeline_output_name)}; its outputs: "
            f"{', '.join(names) or 'none'}."
        )
        raise UserErrorException(msg)

    def output_places(self) -> list[RunOutputPlace]:
        """Return where all outputs lie on this machine; an extension of version 1."""
        return [place for step in self.get_steps() for place in step.output_places()]

    def track(
        self, tracking_uri: str | None = None, experiment: str | None = None
    ) -> str:
        """Follow the run to its end, and tell an MLflow server what happens; ours.

        Args:
            tracking_uri: Of the server; what ``MLFLOW_TRACKING_URI`` says if None.
            experiment: Of MLflow; the run's own if None.

        Returns:
            The id of the run there, of which each step is a nested one.

        Raises:
            UserErrorException: MLflow is not installed, or its server does not answer;
                the run itself goes on.
        """
        from azml_pipelines.run.mlflow_tracking import track_run  # noqa: PLC0415 - rarely asked

        return track_run(self, tracking_uri, experiment)

    def metric_lines(self) -> list[str]:
        """Return what its scripts have logged, a line for each metric (ours)."""
        return list(metric_lines(logged_metrics(self)))

    def cancel(self) -> None:
        """Ask the run to stop; its worker processes are killed. Ended runs stay."""
        if not self._ended():
            request_cancel(self.folder)

    def _ended(self) -> bool:
        return run_has_ended(self.folder)
