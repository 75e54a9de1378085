"""The current run as its own scripts see it: ``Run.get_context()``.

A worker process imports this file, so it costs the standard library alone.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import RunEnvironmentException
from azml_pipelines.run.logging_run import LoggingRun
from azml_pipelines.run.run_notes import RunNotes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from azml_pipelines.data.file_dataset import FileDataset
    from azml_pipelines.data.tabular_dataset import TabularDataset
    from azml_pipelines.run.experiment import Experiment
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.step_run import StepRun
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.run_records import Record

__all__ = ["InputDatasets", "OfflineRun", "Run", "get_run"]


class Run(LoggingRun):
    """A run, from inside: who it is, what it reads, and where it logs.

    Args:
        experiment: None finds it when it is asked for.
        run_id: The id of the step run or of the pipeline run.
    """

    def __init__(self, experiment: Experiment | None, run_id: str) -> None:
        self._experiment = experiment
        self.id = run_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r})"

    @staticmethod
    def get_context(allow_offline: bool = True) -> Run:
        """Return the run that this process works for.

        Args:
            allow_offline: Outside of a run, return an object that only prints.

        Raises:
            RunEnvironmentException: Outside of a run, and ``allow_offline`` is False.
        """
        run_id = os.environ.get("AZUREML_RUN_ID")
        if run_id and "AZML_RUN_FOLDER" in os.environ:
            return _SubmittedRun(None, run_id, RunNotes.of_step())
        if allow_offline:
            return OfflineRun()
        msg = (
            "Run.get_context(allow_offline=False) was called outside of a run; "
            "submit the script as a step, or allow the offline run."
        )
        raise RunEnvironmentException(msg)

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> PipelineRun | StepRun:
        """Return the run of a workspace with this id, as ``workspace.get_run`` does."""
        return workspace.get_run(run_id)

    @property
    def experiment(self) -> Experiment:
        """The experiment, and through it the workspace."""
        if self._experiment is None:
            self._experiment = _current_experiment()
        return self._experiment

    @property
    def parent(self) -> Run | None:
        """The run above this one, if there is one."""
        return None

    @property
    def input_datasets(self) -> Mapping[str, Any]:
        """What the step reads, by input name: a local path, or a dataset (direct)."""
        return InputDatasets.from_environment()

    @property
    def output_datasets(self) -> Mapping[str, str]:
        """Where the step writes, by output name: local folders or files."""
        found: dict[str, str] = json.loads(os.environ.get("AZML_OUTPUTS", "{}"))
        return found

    def complete(self) -> None:
        """Do nothing: a step ends when its work does."""

    def fail(self, error_details: object = None, error_code: object = None) -> None:
        """Print why: a step fails when its script raises or ends with an exit code."""
        self._print("failure", str(error_code or ""), error_details)

    def cancel(self) -> None:
        """Ask the pipeline run to stop."""
        from azml_pipelines.store.run_reader import request_cancel  # noqa: PLC0415 - rare
        from azml_pipelines.store.workspace_folder import RunFolder  # noqa: PLC0415

        request_cancel(RunFolder(Path(os.environ["AZML_RUN_FOLDER"])))


class _SubmittedRun(Run):
    """The step run that this process works for, its pipeline run, or a child."""

    def __init__(
        self,
        experiment: Experiment | None,
        run_id: str,
        notes: RunNotes,
        parent: Run | None = None,
    ) -> None:
        super().__init__(experiment, run_id)
        self._notes = notes
        self._parent = parent

    @property
    def parent(self) -> Run | None:
        """The pipeline run of a step run; of a child, the run that made it."""
        if self._parent is not None or self.id == os.environ.get("AZML_RUN_ID"):
            return self._parent
        return _SubmittedRun(
            self._experiment, os.environ["AZML_RUN_ID"], RunNotes.of_run()
        )

    def child_run(
        self, name: str | None = None, run_id: str | None = None, outputs: object = None
    ) -> Run:
        """Return a run of its own below this one; its metrics are kept apart."""
        child_id = run_id or f"{name or 'child'}_{uuid.uuid4().hex[:8]}"
        notes = self._notes.child(child_id)
        child = _SubmittedRun(self._experiment, child_id, notes, self)
        child.set_tags({} if name is None else {"name": name})
        return child

    def get_children(self, recursive: bool = False, **_filters: object) -> list[Run]:
        """Return the children that this process has made."""
        found: list[Run] = []
        for child_id in self._notes.children():
            notes = self._notes.child(child_id)
            child = _SubmittedRun(self._experiment, child_id, notes, self)
            found.append(child)
            if recursive:
                found += child.get_children(recursive=True)
        return found

    def _note(self, kind: str, name: str, value: object) -> None:
        self._notes.add(kind, name, value)
        if kind not in {"tag", "property"}:
            self._print(kind, name, value)

    def _read(self) -> list[Record]:
        return self._notes.read()

    def _keep(self, name: str, source: str | os.PathLike[str] | BinaryIO) -> None:
        self._notes.keep(name, source)

    def _artifacts(self) -> Path:
        return self._notes.artifacts


class OfflineRun(Run):
    """Stands in for a run outside of one: it has an id and prints what is logged."""

    def __init__(self) -> None:
        super().__init__(None, f"OfflineRun_{uuid.uuid4()}")

    # Version 1's scripts ask hasattr(run, "experiment") to learn whether they are
    # inside of a run, so these have to be missing and not None.
    @property
    def experiment(self) -> Experiment:
        """Missing.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(_missing("experiment"))

    @property
    def input_datasets(self) -> Mapping[str, Any]:
        """Missing.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(_missing("input_datasets"))

    @property
    def parent(self) -> Run | None:
        """None: nothing was submitted."""
        return None

    @property
    def output_datasets(self) -> Mapping[str, str]:
        """Missing.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(_missing("output_datasets"))

    def cancel(self) -> None:
        """Do nothing: nothing was submitted."""

    def child_run(
        self, name: str | None = None, run_id: str | None = None, outputs: object = None
    ) -> Run:
        """Return another run of this kind."""
        return OfflineRun()

    def _print(self, kind: str, name: str, value: object) -> None:
        what = "scalar metric" if kind == "scalar" else kind
        print(f"Attempted to log {what} {name}:\n{value}", flush=True)  # noqa: T201


def get_run(
    experiment: Experiment,
    run_id: str,
    rehydrate: bool = True,  # noqa: ARG001 - version 1's signature
    clean_up: bool = True,  # noqa: ARG001 - the same
) -> PipelineRun | StepRun:
    """Return the run with this id, of the experiment's workspace.

    Args:
        rehydrate: Recorded by version 1; runs are always whole here.
        clean_up: The same.

    Raises:
        RunNotFoundError: There is none.
    """
    return experiment.workspace.get_run(run_id)


class InputDatasets(Mapping[str, Any]):
    """The inputs of the step that this process works for; a read-only mapping.

    Args:
        inputs: Input name to ``{"mode": …, "path": local path or None}``.
    """

    def __init__(self, inputs: Mapping[str, Mapping[str, Any]]) -> None:
        self._inputs = inputs

    @classmethod
    def from_environment(cls) -> InputDatasets:
        """Read what the worker process was started with."""
        return cls(json.loads(os.environ.get("AZML_INPUTS", "{}")))

    def __getitem__(self, name: str) -> str | FileDataset | TabularDataset:
        path: str | None = self._inputs[name]["path"]
        return _direct_dataset(name) if path is None else path

    def __iter__(self) -> Iterator[str]:
        return iter(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)


def _current_experiment() -> Experiment:
    from azml_pipelines.run.experiment import Experiment  # noqa: PLC0415 - rarely asked
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - the same

    environment = os.environ
    workspace = Workspace(
        environment["AZUREML_ARM_SUBSCRIPTION"],
        environment["AZUREML_ARM_RESOURCEGROUP"],
        environment["AZUREML_ARM_WORKSPACE_NAME"],
        path=environment["AZML_WORKSPACE"],
    )
    return Experiment(workspace, environment["AZUREML_ARM_PROJECT_NAME"])


def _direct_dataset(name: str) -> FileDataset | TabularDataset:
    """Read the dataset of an input from the plan of the run."""
    from azml_pipelines.run.planned_input import (  # noqa: PLC0415 - loads pydantic
        planned_dataset,
    )

    return planned_dataset(
        os.environ["AZML_RUN_FOLDER"], os.environ["AZUREML_RUN_ID"], name
    )


def _missing(name: str) -> str:
    return (
        f"An offline run has no {name}: this script is not part of a run. "
        "Submit it as a step to get one."
    )
