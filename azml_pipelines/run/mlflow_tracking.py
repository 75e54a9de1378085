"""A run, told to an MLflow server while it goes on: parameters, metrics, outputs.

Whoever follows a run reads its store, as everybody does. So nothing of the run waits
for a server, and none that fails or hangs can fail the run.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import time
import warnings
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from azml_pipelines.plan.run_plan import StepPlan
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.step_run import StepRun
    from azml_pipelines.store.run_state import StepState

__all__ = ["track_run"]

_PARENT = "mlflow.parentRunId"
_NAME = "mlflow.runName"
_ID = "azml.run_id"
_STATUS = {"Failed": "FAILED", "Canceled": "KILLED"}
"""Whatever else has ended, is FINISHED."""
_MOST_METRICS, _MOST_PARAMS = 1000, 100
"""Of one request, as MLflow's server bounds it."""
_LONGEST_PARAM, _LONGEST_TAG, _LONGEST_KEY = 6000, 5000, 250
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
_SETTINGS = (
    "entry_kind", "entry_script", "mini_batch_size", "node_count",
    "process_count_per_node", "error_threshold", "run_max_try",
    "run_invocation_timeout", "output_action",
)  # fmt: skip
_UPLOAD_BYTES = 10 << 20


def track_run(
    run: PipelineRun,
    tracking_uri: str | None = None,
    experiment: str | None = None,
    *,
    upload_bytes: int = _UPLOAD_BYTES,
    pause: float = 2.0,
) -> str:
    """Follow a run to its end, and tell an MLflow server what happens.

    Asked again for the same run, it goes on with the run that is there.

    Args:
        run: The run.
        tracking_uri: Of the server; what ``MLFLOW_TRACKING_URI`` says if None.
        experiment: Of MLflow; the run's own if None.
        upload_bytes: Output files up to this size become artifacts; of larger ones and
            of folders, the place is noted.
        pause: Seconds between two looks at the run.

    Returns:
        The id of the run there; each step is a nested run.

    Raises:
        UserErrorException: MLflow is not installed, no server is named, or it refuses
            or does not answer. The run itself goes on.
    """
    uri = _prepared(tracking_uri)
    try:
        with warnings.catch_warnings():
            # What MLflow's database is warned of, is its own affair.
            warnings.simplefilter("ignore", DeprecationWarning)
            told = _Told.of_run(run, uri, experiment or run.experiment.name)
            while not told.look(run, upload_bytes):
                time.sleep(pause)
    except Exception as error:
        if isinstance(error, UserErrorException) or not _is_of_server(error):
            raise
        line = shown(" ".join(str(error).split()), 300)[1:-1]
        msg = (
            f"MLflow at {shown(uri)[1:-1]} did not take what happened: {line} The run "
            f"goes on; azml track {run.id} tells the rest."
        )
        raise UserErrorException(msg) from error
    return told.parent


def _prepared(tracking_uri: str | None) -> str:
    """Return the address of the server; MLflow is set up to wait for seconds only."""
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        msg = (
            "No MLflow server is named. Give tracking_uri='http://…', or set "
            "MLFLOW_TRACKING_URI."
        )
        raise UserErrorException(msg)
    if importlib.util.find_spec("mlflow") is None:
        msg = "MLflow is not installed: pip install 'azml-pipelines[mlflow]'."
        raise UserErrorException(msg)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    return uri


def _is_of_server(error: Exception) -> bool:
    refused = import_module("mlflow.exceptions").MlflowException
    return isinstance(error, (refused, OSError))


@dataclass
class _Told:
    """What the server knows already."""

    client: Any
    """``mlflow.MlflowClient``."""
    experiment_id: str
    parent: str
    """Id of the run at the server."""
    steps: dict[str, str] = field(default_factory=dict)
    """Step run id to the id of the nested run."""
    marks: dict[str, int] = field(default_factory=dict)
    """Settled mini-batches of each step at its last metrics."""
    ended: set[str] = field(default_factory=set)
    """Runs at the server that were told their end."""

    @classmethod
    def of_run(cls, run: PipelineRun, uri: str, experiment: str) -> _Told:
        """Find the run at the server, or make it with its parameters."""
        client = import_module("mlflow").MlflowClient(uri, uri)
        known = client.get_experiment_by_name(experiment)
        found = known.experiment_id if known else client.create_experiment(experiment)
        earlier = client.search_runs([found], f"tags.`{_ID}` = '{run.id}'")
        told = cls(client, found, "")
        if earlier:
            told._go_on(earlier)
            return told
        plan = run.plan
        told.parent = told._make(run.id, f"pipeline {run.id[:8]}", run.state().created)
        told._params(
            told.parent, {name: _text(v) for name, v in plan.parameters.items()}
        )
        return told

    def look(self, run: PipelineRun, upload_bytes: int) -> bool:
        """Tell what is new; return whether the run has ended."""
        state = run.state()
        params = [_step_params(plan) for plan in run.plan.steps]
        steps = zip(run.get_steps(), state.steps, params, strict=True)
        for step, seen, declared in steps:
            if seen.status not in {"NotStarted", "Queued"}:
                place = self._nested(step, seen, declared)
                self._step(place, step, seen, upload_bytes)
        if not state.ended_for_good:
            return False
        if self.parent not in self.ended:
            self._metrics(self.parent, run.get_metrics(recursive=False))
            report = dataclasses.asdict(state)
            self.client.log_dict(self.parent, report, "report.json")
            self._end(self.parent, state.status, state.ended, state.error)
        return True

    def _go_on(self, earlier: Sequence[Any]) -> None:
        """Take over what an earlier follower has told; a resumed run is open again."""
        for one in earlier:
            step = one.data.tags.get("azml.step_run_id")
            if step is None:
                self.parent = one.info.run_id
            else:
                self.steps[step] = one.info.run_id
                history = self.client.get_metric_history(
                    one.info.run_id, "done_mini_batches"
                )
                self.marks[step] = max((point.step for point in history), default=-1)
            # One that failed may have been resumed since.
            if one.info.status == "FINISHED":
                self.ended.add(one.info.run_id)

    def _make(self, run_id: str, name: str, started: float, **tags: str) -> str:
        """Make a run at the server and return its id."""
        content = {_ID: run_id, _NAME: name, **tags}
        made = self.client.create_run(
            self.experiment_id, start_time=int(started * 1000), tags=content
        )
        return str(made.info.run_id)

    def _nested(self, step: StepRun, seen: StepState, params: Mapping[str, str]) -> str:
        """Return the nested run of a step; it is made when the step begins."""
        place = self.steps.get(seen.step_run_id)
        if place is None:
            tags = {_PARENT: self.parent, "azml.step_run_id": seen.step_run_id}
            if seen.reused_from is not None:
                tags["azml.reused_from"] = seen.reused_from
            started = seen.started or time.time()
            place = self._make(step.parent.id, step.name, started, **tags)
            self.steps[seen.step_run_id] = place
            self._params(place, params)
        return place

    def _step(
        self, place: str, step: StepRun, seen: StepState, upload_bytes: int
    ) -> None:
        if place in self.ended:
            return
        self._progress(place, seen)
        if seen.status in {"Finished", "Failed", "Canceled", "Skipped"}:
            self._metrics(place, step.get_metrics())
            self._outputs(place, step, upload_bytes)
            self._end(place, seen.status, seen.ended, seen.error)

    def _progress(self, place: str, seen: StepState) -> None:
        """Tell the counters, if anything has settled since."""
        done = seen.done_mini_batches
        if done <= self.marks.get(seen.step_run_id, -1):
            return
        self.marks[seen.step_run_id] = done
        now = seen.ended or time.time()
        seconds = max(now - (seen.started or now), 0.0)
        values = {
            "done_mini_batches": done,
            "failed_mini_batches": seen.failed_mini_batches,
            "succeeded_items": seen.succeeded_items,
            "failed_items": seen.failed_items,
            "retries": seen.retries,
            "seconds": seconds,
        }
        if seconds:
            values["items_per_second"] = seen.succeeded_items / seconds
        stamp = int(now * 1000)
        metric = import_module("mlflow.entities").Metric
        self._log_metrics(
            place,
            [metric(name, float(one), stamp, done) for name, one in values.items()],
        )

    def _metrics(self, place: str, logged: Mapping[str, Any]) -> None:
        """Tell what scripts have logged: numbers as metrics, all of it as a file."""
        if not logged:
            return
        stamp = int(time.time() * 1000)
        metric = import_module("mlflow.entities").Metric
        self._log_metrics(
            place,
            [
                metric(name[:_LONGEST_KEY], float(value), stamp, number)
                for name, values in logged.items()
                for number, value in enumerate(
                    values if isinstance(values, list) else [values]
                )
                if isinstance(value, int | float)
            ],
        )
        self.client.log_dict(place, dict(logged), "metrics.json")

    def _log_metrics(self, place: str, metrics: list[Any]) -> None:
        for some in _cut(metrics, _MOST_METRICS):
            self.client.log_batch(place, metrics=some)

    def _params(self, place: str, params: Mapping[str, str]) -> None:
        param = import_module("mlflow.entities").Param
        made = [
            param(name[:_LONGEST_KEY], text[:_LONGEST_PARAM])
            for name, text in params.items()
        ]
        for some in _cut(made, _MOST_PARAMS):
            self.client.log_batch(place, params=some)

    def _outputs(self, place: str, step: StepRun, upload_bytes: int) -> None:
        """Tell where outputs lie, and bring those that are small files."""
        for output in step.output_places():
            path = Path(output.path)
            self.client.set_tag(
                place, f"azml.output.{output.name}"[:_LONGEST_KEY], str(path)
            )
            if path.is_file() and path.stat().st_size <= upload_bytes:
                self.client.log_artifact(place, str(path), "outputs")
        failed = step.folder.failed_items_csv
        if failed.is_file() and failed.stat().st_size <= upload_bytes:
            self.client.log_artifact(place, str(failed))

    def _end(
        self, place: str, status: str, ended: float | None, error: str | None
    ) -> None:
        self.client.set_tag(place, "azml.status", status)
        if error:
            self.client.set_tag(place, "azml.error", error[:_LONGEST_TAG])
        stamp = int((ended or time.time()) * 1000)
        self.client.set_terminated(place, _STATUS.get(status, "FINISHED"), stamp)
        self.ended.add(place)


def _step_params(plan: StepPlan) -> dict[str, str]:
    """Return how a step runs: those of its settings that people compare."""
    if not isinstance(plan, ParallelRunStepPlan):
        return {"kind": plan.kind}
    settings = plan.settings
    params = {name: _text(getattr(settings, name)) for name in _SETTINGS}
    if settings.entry_kind == "mlflow":
        model = json.loads(settings.entry_options)
        params["model"] = str(model["source"] or model["model"])
        params["model_sha256"] = str(model["sha256"])
    return params


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def _cut(items: list[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]
