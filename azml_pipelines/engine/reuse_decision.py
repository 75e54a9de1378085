"""Whether an earlier result may stand in for a step, and which one. Starts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.engine.step_fingerprint import output_mark
from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.fingerprint import Fingerprint, digest_of_parts
from azml_pipelines.store.result_index import ResultIndex
from azml_pipelines.store.reuse_record import read_fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.plan.fingerprint import Part
    from azml_pipelines.plan.run_plan import RunPlan, StepPlan
    from azml_pipelines.store.content_cache import ContentCache
    from azml_pipelines.store.result_index import StepResult
    from azml_pipelines.store.workspace_folder import WorkspaceFolder

__all__ = ["Decision", "base_for", "decide", "problem_of"]


@dataclass(frozen=True)
class Decision:
    """What is done about a step."""

    fingerprint: Fingerprint
    """Without contents where nobody had to look at them."""
    result: StepResult | None = None
    """It stands in."""
    reason: str = ""
    """Why the step runs, when that is not simply that something differs."""
    earlier: tuple[StepResult, ...] = ()
    """Results of which only the contents of inputs may differ, the newest first."""


def decide(
    run: RunPlan,
    step: StepPlan,
    declared: tuple[Part, ...],
    *,
    read: Callable[[], tuple[Part, ...]],
    cache: ContentCache,
    workspace: WorkspaceFolder,
) -> Decision:
    """Look for a result that is the one this step would have.

    A result counts when it was made in this workspace by a step that finished without
    a failed item, and when its output is still there as it was.

    Args:
        run: The step belongs to it.
        step: Its inputs lie where earlier steps have left them.
        declared: Its parts that do not depend on what inputs hold.
        read: Reads what the inputs hold; only called when that may matter.
        cache: What files were found to hold before.
        workspace: Where results are kept.
    """
    unread = Fingerprint(declared, ())
    index = ResultIndex(workspace.results)
    known = digest_of_parts(declared)
    forced = ""
    if not step.allow_reuse:
        forced = "allow_reuse is False"
    elif step.step_run_id in run.regenerate:
        forced = "regenerate_outputs was given"
    if forced or not index.knows(known):
        return Decision(unread, reason=forced)
    try:
        fingerprint = Fingerprint(declared, read())
    except (UserErrorException, OSError) as error:
        return Decision(unread, reason=f"its inputs cannot be compared: {error}")
    earlier = tuple(one for one in index.find(known) if one.run_id != run.run_id)
    reason = ""
    for result in earlier:
        if result.digest == fingerprint.digest:
            problem = problem_of(result, workspace, cache)
            if not problem:
                return Decision(fingerprint, result, earlier=earlier)
            reason = reason or f"the same result of run {result.run_id} {problem}"
    return Decision(fingerprint, reason=reason, earlier=earlier)


def base_for(decision: Decision, workspace: WorkspaceFolder) -> StepResult | None:
    """Return the newest result from which mini-batches may be taken over.

    Only the contents of inputs that are cut differ; its rows are still there.
    """
    side = [part for part in decision.fingerprint.contents if part.kind != "input"]
    for result in decision.earlier:
        run = workspace.run(result.run_id)
        folder = run.step(result.step_run_id)
        then = read_fingerprint(folder)
        if then is None or not folder.parts.is_dir() or not run.journal.is_file():
            continue
        if [part for part in then.contents if part.kind != "input"] == side:
            return result
    return None


def problem_of(
    result: StepResult, workspace: WorkspaceFolder, cache: ContentCache
) -> str:
    """Return why a result cannot be used any more; empty when it can."""
    if result.failed_items:
        return f"cannot be reused: {result.failed_items} items had failed"
    if result.committed is not None and not Path(result.committed).exists():
        return f"cannot be reused: {result.committed} is gone"
    folder = workspace.run(result.run_id).step(result.step_run_id).output
    try:
        marks = tuple(
            output_mark(output, folder, cache) for output in result.outputs or (None,)
        )
    except (UserErrorException, OSError) as error:
        return f"cannot be reused: its output cannot be read ({error})"
    if marks != result.output_marks:
        where = ", ".join(output.path_on_datastore for output in result.outputs)
        return f"cannot be reused: its output {where or folder} has changed"
    return ""
