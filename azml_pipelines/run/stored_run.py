"""A pipeline run as the store knows it: its plan, its state, its tags."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from azml_pipelines.errors import RunNotFoundError
from azml_pipelines.plan.run_plan import ParallelRunStepPlan, RunPlan
from azml_pipelines.run.run_details import RunDescription, history_status
from azml_pipelines.store.failed_items import failed_items
from azml_pipelines.store.failure_groups import read_step_failures
from azml_pipelines.store.run_reader import read_run_state
from azml_pipelines.store.run_records import fold_metrics, fold_texts, read_records
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azml_pipelines.run.experiment import Experiment
    from azml_pipelines.run.explanation import Explanation
    from azml_pipelines.run.step_run import StepRun
    from azml_pipelines.store.failed_items import FailedItem
    from azml_pipelines.store.failure_groups import StepFailures
    from azml_pipelines.store.finding import Finding
    from azml_pipelines.store.run_state import RunState, StepState
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["StoredRun"]


class StoredRun:
    """What can be read about a run. Nothing here changes what the run does.

    Args:
        experiment: What the run was submitted to.
        run_id: As ``azml runs`` prints it.

    Raises:
        RunNotFoundError: The workspace has no such run.
    """

    type: ClassVar[str] = "azureml.PipelineRun"

    def __init__(self, experiment: Experiment, run_id: str) -> None:
        self.experiment = experiment
        self.id = run_id
        self.folder: RunFolder = experiment.workspace.folder.run(run_id)
        if not self.folder.plan.is_file():
            msg = (
                f"No run {shown(run_id)} in workspace "
                f"{shown(experiment.workspace.name)} ({self.folder.root.parent}); "
                "`azml runs` lists those there are."
            )
            raise RunNotFoundError(msg)

    @cached_property
    def plan(self) -> RunPlan:
        """What runs, with every value known; an extension of version 1."""
        return RunPlan.model_validate_json(self.folder.plan.read_bytes())

    @property
    def properties(self) -> dict[str, str]:
        """What version 1 records about a pipeline run."""
        parameters = {
            name: value if isinstance(value, str | int | float) else "(dataset)"
            for name, value in self.plan.parameters.items()
        }
        return {
            "azureml.runsource": self.type,
            "runSource": "SDK",
            "runType": "SDK",
            "azureml.parameters": json.dumps(parameters),
        }

    @property
    def tags(self) -> dict[str, str]:
        """As given at submission, what ``tag`` added, and what its scripts did."""
        record = self.experiment.workspace.catalog.runs.find(self.id)
        noted = fold_texts(read_records(self.folder.metrics), "tag")
        return {**(record.tags if record else {}), **noted}

    def state(self) -> RunState:
        """Return what has happened so far; an extension of version 1."""
        return read_run_state(self.folder)

    def failed_items(self) -> list[FailedItem]:
        """Return every item that failed for good so far, step by step (ours)."""
        return [
            item
            for position, step in self._parallel_steps()
            for item in failed_items(self.folder, step, position)
        ]

    def step_failures(self) -> list[StepFailures]:
        """Return how many items failed in each step, and why most of them did (ours).

        Steps in which nothing has failed are left out.
        """
        found = [
            read_step_failures(self.folder, step, position)
            for position, step in self._parallel_steps()
        ]
        return [failures for failures in found if failures is not None]

    def _parallel_steps(self) -> Iterator[tuple[int, ParallelRunStepPlan]]:
        for position, step in enumerate(self.plan.steps):
            if isinstance(step, ParallelRunStepPlan):
                yield position, step

    def verify(self) -> tuple[Finding, ...]:
        """Check that what is stored of the run is whole and adds up (ours)."""
        from azml_pipelines.store.verify import verify_run  # noqa: PLC0415 - rarely asked

        return verify_run(self.folder)

    def explain(self, step: str | StepRun) -> Explanation:
        """Return why a step ran or was reused, as text when it is printed (ours).

        Args:
            step: A step run, its name, or its id.

        Raises:
            UserErrorException: The run has no such step; the message lists them.
        """
        from azml_pipelines.run.explanation import explain_step  # noqa: PLC0415 - rarely asked

        return explain_step(self, getattr(step, "id", str(step)))

    def get_status(self) -> str:
        """Return NotStarted, Queued, Running, Finished, Failed or Canceled."""
        return self.state().status

    @property
    def status(self) -> str:
        """The status in the words of version 1's run history, as ``Completed``."""
        return history_status(self.get_status())

    def get_tags(self) -> dict[str, str]:
        """Return the tags."""
        return self.tags

    def tag(self, key: str, value: str | None = None) -> None:
        """Add a tag, or give one another value."""
        new = {str(key): "" if value is None else str(value)}
        self.experiment.workspace.catalog.runs.tag(self.id, new)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Add several tags."""
        for key, value in tags.items():
            self.tag(key, value)

    def get_properties(self) -> dict[str, str]:
        """Return the properties."""
        return self.properties

    def get_metrics(
        self, name: str | None = None, recursive: bool = True
    ) -> dict[str, Any]:
        """Return what scripts logged to the run, and of every step, by step name.

        Args:
            name: Only the metric, or the step, of this name.
            recursive: Whether the steps are included: what their scripts have logged,
                and of parallel steps the counts.
        """
        found = fold_metrics(read_records(self.folder.metrics))
        for step in self.state().steps if recursive else ():
            logged = fold_metrics(
                read_records(self.folder.step(step.step_run_id).metrics)
            )
            counts = {} if step.kind != "parallel_run" else _counts(step)
            found.setdefault(step.name, counts | logged)
        return found if name is None else {k: v for k, v in found.items() if k == name}

    def get_details(self) -> dict[str, Any]:
        """Return version 1's dictionary: runId, status, times, logFiles, error."""
        log = self.folder.log
        description = RunDescription(
            target="local",
            properties=self.properties,
            log_files={log.name: str(log)} if log.is_file() else {},
        )
        return description.details(self.id, self.state())

    def get_portal_url(self) -> str:
        """Return the address of the run's folder on this machine; never None."""
        return self.folder.root.as_uri()


def _counts(step: StepState) -> dict[str, Any]:
    return {
        "total_mini_batches": step.total_mini_batches,
        "done_mini_batches": step.done_mini_batches,
        "failed_mini_batches": step.failed_mini_batches,
        "succeeded_items": step.succeeded_items,
        "failed_items": step.failed_items,
    }
