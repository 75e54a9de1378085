"""Goes on with a run that has stopped, with what was frozen when it was submitted."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from azml_pipelines.engine.input_changes import compare_inputs
from azml_pipelines.engine.launcher import start_orchestrator
from azml_pipelines.errors import (
    AzmlError,
    UserErrorException,
    WorkspaceException,
)
from azml_pipelines.pipeline.problems import one_line
from azml_pipelines.plan.definition import PipelineDefinition
from azml_pipelines.plan.execution_override import ExecutionOverride
from azml_pipelines.plan.parameter_values import resolve_values
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.store.execution_overrides import write_override
from azml_pipelines.store.journal import LostRunError
from azml_pipelines.store.launch_lock import launching
from azml_pipelines.store.resume_report import read_resume_report
from azml_pipelines.store.run_facts import describe_driver, read_run_facts
from azml_pipelines.store.source_changes import compare_source
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azml_pipelines.plan.run_plan import StepPlan
    from azml_pipelines.run.pipeline_run import PipelineRun

__all__ = ["changes_since", "execution_override", "resume_run"]

_LOCAL = "local"


def execution_override(
    compute_targets: Mapping[str, object], *, compute_target: object, **knobs: object
) -> ExecutionOverride:
    """Check how a run shall go on.

    Args:
        compute_targets: Those of the workspace, by name.
        compute_target: One of them, or its name.
        knobs: Fields of ``ExecutionOverride``.

    Raises:
        UserErrorException: A value cannot be, or the compute target is unknown.
    """
    name = getattr(compute_target, "name", compute_target)
    known = sorted({_LOCAL, *compute_targets})
    if name is not None and name not in known:
        msg = f"No compute target is called {shown(name)}; known: {', '.join(known)}."
        raise UserErrorException(msg)
    fields = {**knobs, "compute_target": name}
    try:
        return ExecutionOverride.model_validate(fields)
    except ValidationError as error:
        msg = f"resume: {one_line(error)}."
        raise UserErrorException(msg) from None


def resume_run(
    run: PipelineRun,
    override: ExecutionOverride,
    values: Mapping[str, object],
    *,
    allow_changed: bool,
) -> list[str]:
    """Start another orchestrator for a run; returns at once.

    Args:
        override: How it shall run from now on.
        values: Parameter values that the caller believes the run to have.
        allow_changed: Go on, with what was frozen, although things have changed since.

    Returns:
        What is kept, what is done again, and what was changed and is not used.

    Raises:
        UserErrorException: The run has finished, somebody drives it, or something has
            changed since it was submitted.
        WorkspaceException: The run's folder cannot be read or written.
    """
    try:
        return _resume(run, override, values, allow_changed=allow_changed)
    except AzmlError:
        raise
    except (OSError, sqlite3.Error, ValueError) as error:
        msg = (
            f"The folder of run {run.id} cannot be used: {error}. See what is damaged "
            f"with `azml verify {run.id}`; make room if the disk is full."
        )
        raise WorkspaceException(msg, inner_exception=error) from error


def _resume(
    run: PipelineRun,
    override: ExecutionOverride,
    values: Mapping[str, object],
    *,
    allow_changed: bool,
) -> list[str]:
    _refuse_finished(run)
    _refuse_driven(run)
    _refuse_other_plan(run)
    changes = list(changes_since(run, values))
    if changes and not allow_changed:
        msg = (
            f"Since run {run.id} was submitted: {'; '.join(changes)}. The run would go "
            "on with what was frozen then. To do that: allow_changed=True or azml "
            "resume --allow-changed. To run what is there now, submit it again."
        )
        raise UserErrorException(msg)
    with launching(run.folder):
        # Somebody may have been faster while the changes were looked for.
        _refuse_finished(run)
        _refuse_driven(run)
        report = [step.text for step in read_resume_report(run.folder)]
        if allow_changed:
            now = time.time()
            override = override.model_copy(update={"inputs_as_of": now})
        if override.changes_something:
            write_override(run.folder, override)
        try:
            start_orchestrator(run.folder)
        except LostRunError:
            _refuse_driven(run)
            raise
    return [f"Changed since, and not used: {change}" for change in changes] + report


def changes_since(run: PipelineRun, values: Mapping[str, object]) -> Iterator[str]:
    """Yield what is not as it was when the run was submitted, one text each.

    Steps that have finished are left out: nothing of them runs again.
    """
    yield from _other_values(run, values)
    state = run.state()
    statuses = {step.step_run_id: step.status for step in state.steps}
    # An unfinished list is compared when the run goes on with it.
    listed = {
        step.step_run_id for step in state.steps if step.total_mini_batches is not None
    }
    for step in run.plan.steps:
        if statuses.get(step.step_run_id) == "Finished":
            continue
        source = _source_changes(run, step) if step.source_directory else ""
        if source:
            yield f"step {step.name!r}: {source}"
        if not isinstance(step, ParallelRunStepPlan):
            continue
        frozen = run.folder.step(step.step_run_id).mini_batches
        if step.step_run_id in listed and frozen.is_file():
            for name, text in compare_inputs(step, frozen, state.created):
                yield f"step {step.name!r}, input {name!r}: {text}"


def _source_changes(run: PipelineRun, step: StepPlan) -> str:
    snapshot = run.folder.step(step.step_run_id).snapshot
    try:
        return compare_source(Path(step.source_directory), snapshot).text
    except (UserErrorException, OSError) as error:
        return f"its source directory cannot be compared ({error})"


def _other_values(run: PipelineRun, values: Mapping[str, object]) -> Iterator[str]:
    if not values:
        return
    definition = PipelineDefinition.model_validate_json(
        run.folder.definition.read_bytes()
    )
    wanted = resolve_values(definition, values)
    for name in values:
        had = run.plan.parameters.get(name)
        if had != wanted[name]:
            shown = "another dataset"
            if isinstance(had, str | int | float):
                shown = f"{wanted[name]!r} instead of {had!r}"
            yield f"parameter {name!r}: {shown}"


def _refuse_finished(run: PipelineRun) -> None:
    if run.get_status() == "Finished":
        msg = (
            f"Run {run.id} has finished: there is nothing to resume. Repeat it "
            f"with run.resubmit() or `azml resubmit {run.id}`."
        )
        raise UserErrorException(msg)


def _refuse_driven(run: PipelineRun) -> None:
    driver = read_run_facts(run.folder).driver
    if driver is not None:
        msg = (
            f"Run {run.id} is driven by {describe_driver(driver)}; wait for it with "
            f"`azml show {run.id} --watch`, or stop it first with run.cancel() or "
            f"`azml cancel {run.id}`."
        )
        raise UserErrorException(msg)


def _refuse_other_plan(run: PipelineRun) -> None:
    """A plan that was edited is not what was frozen, whatever is allowed."""
    digest = hashlib.sha256(run.folder.plan.read_bytes()).hexdigest()
    if digest != read_run_facts(run.folder).plan_sha256:
        msg = (
            f"{run.folder.plan} has changed since run {run.id} was submitted, so its "
            f"rows would not fit together; see azml verify {run.id}, and submit the "
            "pipeline again."
        )
        raise UserErrorException(msg)
