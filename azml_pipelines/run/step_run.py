"""One step of a pipeline run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.run.noted_step import NotedStep
from azml_pipelines.run.output_datasets import output_datasets
from azml_pipelines.run.output_place import output_places
from azml_pipelines.run.port_data_reference import PortDataReference
from azml_pipelines.run.run_details import (
    RunDescription,
    files_below,
    history_status,
)
from azml_pipelines.run.waiting import failure, wait_until
from azml_pipelines.store.failed_items import failed_items
from azml_pipelines.store.run_state import TERMINAL, StepState
from azml_pipelines.store.trace import origin_of_row, rows_of_item
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.plan.run_plan import OutputPlan, StepPlan
    from azml_pipelines.run.experiment import Experiment
    from azml_pipelines.run.output_place import RunOutputPlace
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.store.failed_items import FailedItem
    from azml_pipelines.store.trace import ItemRows, RowOrigin
    from azml_pipelines.store.workspace_folder import StepFolder

__all__ = ["StepRun", "StepRunOutput"]

_STEP_TYPES = {
    "command": "CommandStep",
    "data_transfer": "DataTransferStep",
    "parallel_run": "PythonScriptStep",  # as version 1 has it
    "python_script": "PythonScriptStep",
}


class StepRunOutput:
    """One output of a step run."""

    def __init__(self, step_run: StepRun, name: str) -> None:
        self.step_run = step_run
        self.name = name

    def __repr__(self) -> str:
        return f"StepRunOutput(name={self.name!r}, step_run={self.step_run.id!r})"

    @property
    def pipeline_run_id(self) -> str:
        """The run that the step belongs to."""
        return self.step_run.pipeline_run_id

    def get_port_data_reference(self) -> PortDataReference:
        """Return where the output lies."""
        return self.step_run.get_output_data(self.name)


class StepRun(NotedStep):
    """A step of a run: how it is doing, its logs and its outputs.

    Args:
        parent: The pipeline run.
        plan: The step in the plan of that run.
    """

    type: ClassVar[str] = "azureml.StepRun"

    def __init__(self, parent: PipelineRun, plan: StepPlan) -> None:
        self.parent = parent
        self._plan = plan

    def __repr__(self) -> str:
        return f"StepRun(name={self.name!r}, id={self.id!r})"

    @property
    def id(self) -> str:
        """The id of the step run."""
        return self._plan.step_run_id

    @property
    def name(self) -> str:
        """The name of the step."""
        return self._plan.name

    @property
    def display_name(self) -> str:
        """The name of the step."""
        return self.name

    @property
    def pipeline_run_id(self) -> str:
        """The id of the run that the step belongs to."""
        return self.parent.id

    @property
    def experiment(self) -> Experiment:
        """The experiment of the run."""
        return self.parent.experiment

    @property
    def properties(self) -> dict[str, str]:
        """What version 1 records about a step run."""
        return {
            "azureml.runsource": self.type,
            "azureml.moduleName": self.name,
            "azureml.pipelinerunid": self.pipeline_run_id,
            "StepType": _STEP_TYPES[self._plan.kind],
            **self.reuse_properties,
            **super().properties,
        }

    @property
    def status(self) -> str:
        """The status in the words of version 1's run history, as ``Completed``."""
        return history_status(self.state().status)

    def state(self) -> StepState:
        """Return what has happened so far; an extension of version 1."""
        for step in self.parent.state().steps:
            if step.step_run_id == self.id:
                return step
        return StepState(self.name, self.id, "NotStarted")

    def failed_items(self) -> list[FailedItem]:
        """Return every item that failed for good so far; an extension of version 1."""
        if not isinstance(self._plan, ParallelRunStepPlan):
            return []
        position = self.parent.plan.steps.index(self._plan)
        return list(failed_items(self.parent.folder, self._plan, position))

    def trace(self, row: int) -> RowOrigin:
        """Return which item, mini-batch, try and process made a row (ours).

        Args:
            row: Of the output, from 0 in the order of the input; a header is none.

        Raises:
            UserErrorException: The step has not written as many.
        """
        return origin_of_row(self.parent.folder, self.id, row)

    def trace_item(self, item: str) -> list[ItemRows]:
        """Return which rows an item has made, or why it has not (ours).

        Args:
            item: The path of an input file, or the end of it.

        Returns:
            An entry for each place where the input has it, and for each piece of a
            table; empty if it has not.
        """
        return rows_of_item(self.parent.folder, self.id, item)

    def get_status(self) -> str:
        """Return NotStarted, Running, Finished, Failed, Canceled or (ours) Skipped."""
        return self.state().status

    def wait_for_completion(
        self,
        show_output: bool = True,
        timeout_seconds: float = sys.maxsize,
        raise_on_error: bool = True,
    ) -> str:
        """Wait until the step has ended and return its status.

        Args:
            show_output: Print what the step's processes have written, at the end.
            timeout_seconds: After this time the status is returned as it is.
            raise_on_error: Raise when the step failed.

        Raises:
            ActivityFailedException: The step failed and ``raise_on_error`` is True.
            ExperimentExecutionException: Ctrl-C; the run goes on.
        """
        wait_until(self._ended, self.pipeline_run_id, timeout_seconds)
        if show_output:
            print(self.get_stdout_log(), end="")  # noqa: T201 - asked for
        state = self.state()
        if state.status == "Failed" and raise_on_error:
            what = f"Step {shown(self.name)}"
            raise failure(what, state.error)
        return state.status

    def get_outputs(self) -> dict[str, StepRunOutput]:
        """Return the outputs by name."""
        return {one.name: StepRunOutput(self, one.name) for one in self._outputs()}

    def get_output(self, name: str) -> StepRunOutput:
        """Return one output.

        Raises:
            UserErrorException: Unknown; the message lists the step's outputs.
        """
        return StepRunOutput(self, self._output(name).name)

    def get_output_data(self, name: str) -> PortDataReference:
        """Return where an output lies.

        Raises:
            UserErrorException: Unknown; the message lists the step's outputs.
        """
        output = self._output(name)
        datastore = self.experiment.workspace.get_datastore(output.datastore)
        return PortDataReference(datastore, output.name, output.source.path)

    def output_places(self) -> list[RunOutputPlace]:
        """Return where the outputs lie on this machine; an extension of version 1."""
        return output_places(self.parent.folder, self._plan, self._outputs())

    def get_job_log(self) -> str:
        """Return what the run's orchestrator printed."""
        return _text_of([self.parent.folder.log])

    def get_stdout_log(self) -> str:
        """Return what the step's processes printed, one after the other."""
        return _text_of(sorted(self._logs.rglob("*.stdout.txt")))

    def get_stderr_log(self) -> str:
        """Return what the step's processes wrote to standard error."""
        return _text_of(sorted(self._logs.rglob("*.stderr.txt")))

    def get_details(self) -> dict[str, Any]:
        """Return version 1's dictionary: runId, status, times, logFiles, error."""
        logs = files_below(self._logs)
        description = RunDescription(
            target=self._plan.compute.name,
            properties=self.properties,
            log_files={f"logs/{name}": logs[name] for name in logs},
            input_datasets=tuple(
                {
                    "dataset": {
                        "name": one.dataset.name,
                        "version": one.dataset.version,
                    },
                    "consumptionDetails": {
                        "inputName": one.name,
                        "mechanism": one.mode,
                    },
                }
                for one in self._plan.all_inputs
                if one.dataset is not None
            ),
            output_datasets=output_datasets(
                self._outputs() if self.state().status == "Finished" else ()
            ),
        )
        return description.details(self.id, self.state())

    def get_details_with_logs(self) -> dict[str, Any]:
        """Return ``get_details()`` together with the texts of the logs."""
        return {
            **self.get_details(),
            "STDOUT": self.get_stdout_log(),
            "STDERR": self.get_stderr_log(),
            "JOBLOG": self.get_job_log(),
        }

    def get_portal_url(self) -> str:
        """Return the address of the step's folder on this machine."""
        return self._logs.parent.as_uri()

    @property
    def folder(self) -> StepFolder:
        """The folder of the step; an extension of version 1."""
        return self.parent.folder.step(self.id)

    @property
    def _logs(self) -> Path:
        return self.parent.folder.step(self.id).logs

    def _ended(self) -> bool:
        state = self.parent.state()
        return state.ended_for_good or any(
            step.step_run_id == self.id and step.status in TERMINAL
            for step in state.steps
        )

    def _outputs(self) -> list[OutputPlan]:
        """Return where the outputs lie: those of a reused step in the older place."""
        return list(self.reused_outputs or self._plan.all_outputs)

    def _output(self, name: str) -> OutputPlan:
        for output in self._outputs():
            if output.name == name:
                return output
        names = ", ".join(repr(output.name) for output in self._outputs()) or "none"
        msg = (
            f"Step {shown(self.name)} has no output {shown(name)}; its outputs: "
            f"{names}."
        )
        raise UserErrorException(msg)


def _text_of(files: list[Path]) -> str:
    return "".join(
        file.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file.is_file()
    )
