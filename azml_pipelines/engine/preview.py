"""What a submission would do, step by step, without doing it. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.file_store import StoreLocation
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.engine.remote_input import RemoteInput
from azml_pipelines.engine.reuse_decision import decide
from azml_pipelines.engine.step_environment import step_packages
from azml_pipelines.engine.step_fingerprint import (
    content_parts,
    declared_fingerprint,
)
from azml_pipelines.engine.step_inputs import StepInput, input_definition
from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.store.content_cache import ContentCache
from azml_pipelines.store.result_index import ResultIndex, StepResult
from azml_pipelines.store.reuse_record import looking_at
from azml_pipelines.store.step_differences import nearest_difference
from azml_pipelines.store.workspace_folder import WorkspaceFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.engine.reuse_decision import Decision
    from azml_pipelines.plan.fingerprint import Part
    from azml_pipelines.plan.run_plan import InputPlan, OutputPlan, RunPlan, StepPlan
    from azml_pipelines.store.reuse_record import ContentLine

__all__ = ["StepPreview", "preview_steps"]


@dataclass(frozen=True)
class StepPreview:
    """What would become of one step."""

    key: str
    """Tells steps of one name apart."""
    name: str
    after: tuple[str, ...]
    """Keys of the steps that it waits for."""
    runs: bool
    reason: str
    """Why it runs, or from which run it would be reused."""
    reused_from: str | None = None
    reused_since: float | None = None
    """When that result was made, in seconds since 1970."""
    mini_batches: int | None = None
    """None where that depends on a step that runs, or on the run itself."""
    items: int | None = None
    """None for tables, whose rows nobody has counted."""
    seconds: float | None = None
    """That it may take, by the pace of its last result; None when it has none."""


def preview_steps(plan: RunPlan) -> list[StepPreview]:
    """Look at each step of a plan that is not going to be run.

    Raises:
        UserErrorException: A source directory cannot be copied.
    """
    workspace = WorkspaceFolder(Path(plan.workspace.root))
    results = ResultIndex(workspace.results)
    last = {one.step_name: one for one in sorted(results.all(), key=_when)}
    made: dict[str, tuple[OutputPlan, ...] | None] = {}
    found = []
    with ContentCache(workspace.content_cache, read_only=True) as cache:
        for step in plan.steps:
            moved, waiting = _moved(step, plan, made)
            lines: list[ContentLine] = []
            decision = None
            if not waiting:
                decision = _decide(plan, moved, cache, workspace, lines)
            seen = _preview(moved, decision, waiting, workspace, lines)
            made[step.step_run_id] = (
                decision.result.outputs
                if decision is not None and decision.result is not None
                else None
            )
            found.append(_timed(seen, last.get(step.name)))
    return found


def _when(result: StepResult) -> float:
    return result.ended


def _decide(
    plan: RunPlan,
    step: StepPlan,
    cache: ContentCache,
    workspace: WorkspaceFolder,
    lines: list[ContentLine],
) -> Decision:
    source = Path(step.source_directory) if step.source_directory else None
    declared = declared_fingerprint(step, source, step_packages(step, plan.workspace))

    def read() -> tuple[Part, ...]:
        return content_parts(step, cache, note=lines.append)

    return decide(plan, step, declared, read=read, cache=cache, workspace=workspace)


def _moved(
    step: StepPlan,
    plan: RunPlan,
    made: Mapping[str, tuple[OutputPlan, ...] | None],
) -> tuple[StepPlan, str]:
    """Return the step with reused inputs in their place, and who has to run first."""
    waiting = ""

    def place(output: OutputPlan) -> OutputPlan:
        nonlocal waiting
        for other in plan.steps:
            if output in other.all_outputs:
                older = made.get(other.step_run_id)
                if older is not None:
                    return older[other.all_outputs.index(output)]
                waiting = waiting or other.name
        return output

    moved = looking_at(step, place)
    for one in step.when:
        waiting = waiting or ("" if made.get(one.step_run_id) else one.step_name)
    return moved, waiting


def _preview(
    step: StepPlan,
    decision: Decision | None,
    waiting: str,
    workspace: WorkspaceFolder,
    lines: list[ContentLine],
) -> StepPreview:
    if decision is not None and decision.result is not None:
        result = decision.result
        return StepPreview(
            key=step.step_run_id,
            name=step.name,
            after=step.after,
            runs=False,
            reason=f"reused from run {result.run_id}",
            reused_from=result.run_id,
            reused_since=result.ended,
            mini_batches=result.mini_batches,
            items=result.items,
            seconds=0.0,
        )
    reason = f"step {waiting} runs first" if waiting else ""
    if decision is not None:
        reason = decision.reason or nearest_difference(
            decision.fingerprint, lines, _older(step, decision, workspace), workspace
        )
    mini_batches, items = (None, None) if waiting else _counted(step)
    return StepPreview(
        key=step.step_run_id,
        name=step.name,
        after=step.after,
        runs=True,
        reason=reason or "this workspace has no earlier result of it",
        mini_batches=mini_batches,
        items=items,
    )


def _older(
    step: StepPlan, decision: Decision, workspace: WorkspaceFolder
) -> Sequence[StepResult]:
    if decision.earlier:
        return decision.earlier
    found = ResultIndex(workspace.results).all()
    mine = [one for one in found if one.step_name == step.name]
    return sorted(mine, key=_when, reverse=True)


def _counted(step: StepPlan) -> tuple[int | None, int | None]:
    """Cut the inputs and count; None for what only a run can know."""
    if not isinstance(step, ParallelRunStepPlan):
        return None, None
    size = step.settings.mini_batch_size
    mini_batches, items, counted = 0, 0, True
    try:
        for number, port in enumerate(step.inputs):
            found = _found(port, tuple(step.settings.partition_keys or ()))
            if found is None or (size.unit == "auto" and not found.keys):
                return None, None
            for count, line in found.mini_batches(number, size):
                if line:
                    mini_batches += 1
                    items += count
                    counted = counted and count > 0
    except (UserErrorException, OSError):
        return None, None
    return mini_batches, items if counted else None


def _found(port: InputPlan, keys: tuple[str, ...]) -> StepInput | None:
    definition = input_definition(port)
    root = list_files(definition).root
    remote = None
    if is_remote(definition):
        if definition.kind != "file":
            return None
        remote = RemoteInput(definition, StoreLocation(root), Path(root), None)
    return StepInput(port, definition, root, root, remote, keys)


def _timed(seen: StepPreview, last: StepResult | None) -> StepPreview:
    """Add how long a step may take, by items or else by mini-batches."""
    if not seen.runs or last is None:
        return seen
    share = 1.0
    if seen.items and last.items:
        share = seen.items / last.items
    elif seen.mini_batches and last.mini_batches:
        share = seen.mini_batches / last.mini_batches
    return StepPreview(**{**seen.__dict__, "seconds": last.seconds * share})
