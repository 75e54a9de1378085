"""From a declared pipeline to a running one: all is checked, then written at once."""

from __future__ import annotations

import json
import os
import shutil
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.engine.launcher import start_orchestrator
from azml_pipelines.failpoints import point, write
from azml_pipelines.masking import mask_texts, resolve_variables
from azml_pipelines.plan.compiler import compile_plan
from azml_pipelines.plan.parameter_values import resolve_values
from azml_pipelines.plan.reuse_options import ReuseOptions, apply_reuse_options
from azml_pipelines.plan.run_plan import RunPlan, WorkspacePlan
from azml_pipelines.run.environment_check import check_environments
from azml_pipelines.run.pipeline_run import PipelineRun
from azml_pipelines.run.store_check import check_stores
from azml_pipelines.run.submitting_once import submit_once
from azml_pipelines.run.workspace_storage import read_storage
from azml_pipelines.store.catalog import RunRecord
from azml_pipelines.store.journal import Journal, LostRunError
from azml_pipelines.store.launch_lock import launching
from azml_pipelines.store.run_facts import read_run_facts
from azml_pipelines.store.run_state import TERMINAL
from azml_pipelines.store.snapshot import check_in_snapshot, copy_snapshot
from azml_pipelines.store.source_warnings import source_warnings
from azml_pipelines.store.unfinished_run import sweep_unfinished, unfinished_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.plan.definition import PipelineDefinition
    from azml_pipelines.run.experiment import Experiment
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["Submission", "describe_workspace", "say_submitted", "submit_definition"]


@dataclass(frozen=True)
class Submission:
    """What is said about a run besides its pipeline and its values."""

    tags: Mapping[str, str] = field(default_factory=dict)
    continue_on_step_failure: bool | None = None
    """None leaves it to the pipeline."""
    resubmitted_from: str | None = None
    """The run that this one repeats."""
    pipeline_id: str | None = None
    """The published pipeline that it is a run of."""
    debug: bool = False
    """Run it in this process and return when it has ended."""
    idempotency_key: str | None = None
    """Submitting again with the same key gives the run that there is."""
    run_id: str | None = None
    """The id that was reserved for it; what is there of this run already is kept."""
    starts: bool = True
    """False leaves a run that is complete and waits for ``azml resume``."""
    request_sha256: str | None = None
    """Of the request, where there is one; pipeline and values are compared if None."""
    reuse: ReuseOptions = field(default_factory=ReuseOptions)
    """What becomes of earlier results."""


def submit_definition(
    experiment: Experiment,
    definition: PipelineDefinition,
    values: Mapping[str, object],
    submission: Submission | None = None,
) -> PipelineRun:
    """Start a run of a pipeline and return at once.

    Nothing is left behind when the pipeline, a value or a source directory is refused:
    a run's folder appears complete or not at all.

    Args:
        values: By parameter name; a parameter that is missing keeps its default.
        submission: What else is wanted.

    Raises:
        DeclarationError: The pipeline cannot run, a value is not accepted, or a
            variable that ``env:NAME`` stands for is not set.
        UserErrorException: A source directory is missing or too big.
        IdempotencyError: The key was used for another request.
    """
    making = _Making(experiment, definition, values, submission or Submission())
    key, reserved = making.wanted.idempotency_key, making.wanted.run_id
    if reserved is not None:
        run_id = reserved
        making.make_or_finish(run_id)
    elif key is None:
        run_id = str(uuid4())
        making.make(run_id)
    else:
        digest = making.wanted.request_sha256 or making.digest()
        run_id = submit_once(experiment.workspace, key, digest, making.make_or_finish)
    return PipelineRun(experiment, run_id)


@dataclass(frozen=True)
class _Making:
    """What is wanted, before it has an id."""

    experiment: Experiment
    definition: PipelineDefinition
    values: Mapping[str, object]
    wanted: Submission

    def digest(self) -> str:
        """Return what is the same for the same request, also in another process."""
        values = {
            name: value.model_dump(mode="json")
            if isinstance(value, DatasetDefinition)
            else value
            for name, value in resolve_values(self.definition, self.values).items()
        }
        asked = [
            self.experiment.name,
            self.definition.model_dump(mode="json"),
            values,
            dict(self.wanted.tags),
            bool(self.wanted.continue_on_step_failure),
            self.wanted.resubmitted_from,
            self.wanted.pipeline_id,
            self.wanted.reuse,
        ]
        text = json.dumps(asked, sort_keys=True, default=str)
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def make(self, run_id: str) -> None:
        """Check everything, write it down, and start it."""
        workspace = self.experiment.workspace
        plan = compile_plan(
            self.definition,
            self.values,
            run_id=run_id,
            experiment=self.experiment.name,
            workspace=describe_workspace(workspace),
            continue_on_step_failure=bool(self.wanted.continue_on_step_failure),
            resubmitted_from=self.wanted.resubmitted_from,
        )
        plan = apply_reuse_options(plan, self.wanted.reuse)
        for step in plan.steps:
            resolve_variables(step.variables, os.environ)
        check_stores(plan)
        check_environments(plan, debug=self.wanted.debug)
        workspace.prepare_storage()
        folder = workspace.folder.run(run_id)
        _write_down(folder, plan, self.definition)
        point("submit.renamed")
        workspace.catalog.runs.add(_record(plan, self.wanted))
        point("submit.indexed")
        self._start(folder)

    def make_or_finish(self, run_id: str) -> None:
        """Do what is not done yet of ``make``; whoever began is not at it any more."""
        workspace = self.experiment.workspace
        folder = workspace.folder.run(run_id)
        if not folder.plan.is_file():
            shutil.rmtree(unfinished_folder(folder).root, ignore_errors=True)
            self.make(run_id)
            return
        if workspace.catalog.runs.find(run_id) is None:
            plan = RunPlan.model_validate_json(folder.plan.read_bytes())
            workspace.catalog.runs.add(_record(plan, self.wanted))
        facts = read_run_facts(folder)
        if facts.owner is None and facts.status not in TERMINAL:
            # Whoever began may have died between the start and the note of it.
            with suppress(LostRunError):
                self._start(folder)

    def _start(self, folder: RunFolder) -> None:
        if self.wanted.debug:
            # All that a worker needs, which others need not load.
            from azml_pipelines.engine.debug_run import (  # noqa: PLC0415
                run_in_process,
            )

            run_in_process(folder)
        elif self.wanted.starts:
            with launching(folder):
                start_orchestrator(folder)


def say_submitted(run: PipelineRun) -> None:
    """Print what version 1 prints."""
    print(  # noqa: T201 - as version 1
        f"Submitted PipelineRun {run.id}\nLink to the run: {run.get_portal_url()}"
    )


def _record(plan: RunPlan, wanted: Submission) -> RunRecord:
    return RunRecord(
        run_id=plan.run_id,
        experiment=plan.experiment,
        created=time.time(),
        tags=mask_texts(wanted.tags),
        resubmitted_from=plan.resubmitted_from,
        pipeline_id=wanted.pipeline_id,
    )


def describe_workspace(workspace: Workspace) -> WorkspacePlan:
    """Return the workspace as a plan holds it."""
    storage = read_storage(workspace.folder.root)
    return WorkspacePlan(
        name=workspace.name,
        root=str(workspace.folder.root),
        subscription_id=workspace.subscription_id,
        resource_group=workspace.resource_group,
        cache_folder=storage.cache_folder,
        cache_bytes=storage.cache_bytes,
    )


def _write_down(
    folder: RunFolder, plan: RunPlan, definition: PipelineDefinition
) -> None:
    """Fill a folder beside the final one, then rename it; see ``sweep_unfinished``."""
    runs = folder.root.parent
    unfinished = unfinished_folder(folder)
    runs.mkdir(mode=0o700, exist_ok=True)
    sweep_unfinished(runs, time.time())
    unfinished.root.mkdir(mode=0o700)
    try:
        with launching(unfinished):
            _fill(unfinished, plan, definition)
            point("submit.rename")
            unfinished.root.rename(folder.root)
    except BaseException:
        shutil.rmtree(unfinished.root, ignore_errors=True)
        raise
    _flush_folder(runs)


def _fill(folder: RunFolder, plan: RunPlan, definition: PipelineDefinition) -> None:
    folder.steps.mkdir(mode=0o700)
    sources = {}
    for step in plan.steps:
        place = folder.step(step.step_run_id)
        place.root.mkdir(mode=0o700)
        point("submit.snapshot")
        source = step.source_directory
        if source:
            sources[source] = copy_snapshot(Path(source), place.snapshot)
        elif step.kind == "parallel_run":
            # An inference server may need no files, but its processes need a folder.
            place.snapshot.mkdir(mode=0o700)
        if step.script:
            check_in_snapshot(place.snapshot, step.script, step.name)
    for source, files in sources.items():
        for line in source_warnings(source, files):
            warnings.warn(line, UserWarning, stacklevel=2)
    text = plan.model_dump_json(indent=2).encode()
    _write_through(folder.plan, text)
    _write_through(folder.definition, definition.model_dump_json(indent=2).encode())
    Journal.create(folder.journal, plan, text)


def _write_through(file: Path, content: bytes) -> None:
    """Write a file that is still there after the machine loses its power."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        write("submit.plan_write", stream, content)
        stream.flush()
        point("submit.plan_fsync")
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
