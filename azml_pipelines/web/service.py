"""What the routes do, in the terms of the SDK. No HTTP: bodies in, answers out."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import RunNotFoundError, UserErrorException
from azml_pipelines.plan.reuse_options import reuse_options
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.pipeline_endpoint import PipelineEndpoint
from azml_pipelines.run.pipeline_run import PipelineRun
from azml_pipelines.run.published_pipeline import PublishedPipeline
from azml_pipelines.run.resubmission import resubmit, stored_definition
from azml_pipelines.run.run_json import run_fields, runs_fields
from azml_pipelines.run.submission import Submission
from azml_pipelines.store.run_facts import read_run_facts
from azml_pipelines.web.assignments import assigned_values
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.web.messages import ResubmitRequest, SubmitRequest

__all__ = ["NotFoundError", "Service"]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_RUNS = 100


class NotFoundError(UserErrorException):
    """Nothing has the id that a request names."""


class Service:
    """Everything that can be asked about one workspace.

    Args:
        workspace: Whose runs and published pipelines these are.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._waited_for: set[int] = set()

    def pipelines(self) -> dict[str, Any]:
        """Return the published pipelines that may be submitted."""
        found = PublishedPipeline.list(self._workspace)
        return {"value": [_described(one) for one in found]}

    def pipeline(self, pipeline_id: str) -> dict[str, Any]:
        """Return one published pipeline, with its parameters."""
        return _described(self._published(pipeline_id))

    def submit(
        self, pipeline_id: str, body: SubmitRequest, key: str | None
    ) -> dict[str, Any]:
        """Start a run of a published pipeline.

        Args:
            key: The header ``Idempotency-Key``.
        """
        return self._submit(self._published(pipeline_id), pipeline_id, body, key)

    def submit_version(
        self, endpoint_id: str, body: SubmitRequest, key: str | None
    ) -> dict[str, Any]:
        """Start a run of a version of a pipeline endpoint.

        A repeated request gets the run that it has made, whatever the default version
        is by now.
        """
        record = None
        if _ID.fullmatch(endpoint_id):
            record = self._workspace.catalog.endpoints.find(endpoint_id)
        if record is None:
            msg = f"no pipeline endpoint has the id {shown(endpoint_id)}"
            raise NotFoundError(msg)
        endpoint = PipelineEndpoint(self._workspace, record)
        endpoint.check_active()
        published = endpoint.get_pipeline(body.PipelineVersion)
        return self._submit(published, endpoint_id, body, key)

    def _submit(
        self,
        published: PublishedPipeline,
        target: str,
        body: SubmitRequest,
        key: str | None,
    ) -> dict[str, Any]:
        values = assigned_values(self._workspace, published.definition(), body)
        run = published.submit_to(
            Experiment(self._workspace, body.ExperimentName),
            values,
            replace(
                _submission("submit", target, body, key),
                continue_on_step_failure=body.ContinueRunOnStepFailure,
            ),
        )
        return self._started(run)

    def runs(self) -> dict[str, Any]:
        """Return the latest runs, the newest first."""
        records = self._workspace.catalog.runs.newest_first()[:_MOST_RUNS]
        found = [
            self._run(one.run_id) for one in records if self._has_folder(one.run_id)
        ]
        return runs_fields([run.state() for run in found])

    def run(self, run_id: str) -> dict[str, Any]:
        """Return the state of a run and its steps."""
        run = self._run(run_id)
        places = {place.name: place.path for place in run.output_places()}
        return run_fields(run.state(), places)

    def cancel(self, run_id: str) -> dict[str, Any]:
        """Ask a run to stop."""
        run = self._run(run_id)
        run.cancel()
        return {"Id": run.id, "Status": run.get_status()}

    def resubmit(
        self, run_id: str, body: ResubmitRequest, key: str | None
    ) -> dict[str, Any]:
        """Run the pipeline of a stored run again, with other values."""
        run = self._run(run_id)
        values = assigned_values(self._workspace, stored_definition(run), body)
        submission = _submission("resubmit", run_id, body, key)
        new = resubmit(
            run, values, experiment_name=body.ExperimentName, submission=submission
        )
        return self._started(new)

    def _started(self, run: PipelineRun) -> dict[str, Any]:
        owner = read_run_facts(run.folder).owner
        # A server lives long: without this, each run that has ended would leave an
        # entry in its list of processes.
        if owner is not None and owner.pid not in self._waited_for:
            self._waited_for.add(owner.pid)
            threading.Thread(target=self._wait, args=(owner.pid,), daemon=True).start()
        return {
            "Id": run.id,
            "Status": run.get_status(),
            "ExperimentName": run.experiment.name,
        }

    def _wait(self, pid: int) -> None:
        with suppress(ChildProcessError):  # another process has started it
            os.waitpid(pid, 0)
        self._waited_for.discard(pid)

    def _published(self, pipeline_id: str) -> PublishedPipeline:
        record = None
        if _ID.fullmatch(pipeline_id):
            record = self._workspace.catalog.published.find(pipeline_id)
        if record is None:
            msg = f"no published pipeline has the id {shown(pipeline_id)}"
            raise NotFoundError(msg)
        return PublishedPipeline(self._workspace, record)

    def _has_folder(self, run_id: str) -> bool:
        return self._workspace.folder.run(run_id).plan.is_file()

    def _run(self, run_id: str) -> PipelineRun:
        # Ids only: a path in a URL never becomes a path on the disk.
        record = None
        if _ID.fullmatch(run_id):
            record = self._workspace.catalog.runs.find(run_id)
        if record is None:
            msg = f"no run has the id {shown(run_id)}"
            raise RunNotFoundError(msg)
        return PipelineRun(Experiment(self._workspace, record.experiment), run_id)


def _submission(
    action: str, target: str, body: SubmitRequest | ResubmitRequest, key: str | None
) -> Submission:
    asked = body.model_dump_json(exclude={"IdempotencyKey"})
    digest = sha256(f"{action} {target} {asked}".encode()).hexdigest()
    return Submission(
        tags=body.Tags,
        idempotency_key=body.IdempotencyKey if key is None else key,
        request_sha256=digest,
        reuse=reuse_options(body.RegenerateOutputs, body.Incremental),
    )


def _described(published: PublishedPipeline) -> dict[str, Any]:
    definition = published.definition()
    return {
        "Id": published.id,
        "Name": published.name,
        "Description": published.description,
        "Version": published.version,
        "Status": published.status,
        "Endpoint": published.endpoint,
        "Steps": [step.name for step in definition.steps],
        "Parameters": [
            {"Name": one.name, "Type": one.kind} for one in definition.parameters
        ],
    }
