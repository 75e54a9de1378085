"""What a submission would do, step by step, without doing it. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.engine.predecessor import Predecessor, predecessor_of
from azml_pipelines.engine.preview_count import Counted, count_mini_batches
from azml_pipelines.engine.reuse_decision import base_for, decide
from azml_pipelines.engine.step_environment import step_packages
from azml_pipelines.engine.step_fingerprint import (
    content_parts,
    declared_fingerprint,
)
from azml_pipelines.plan.reuse_options import why_not_incremental
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.store.content_cache import ContentCache
from azml_pipelines.store.result_index import ResultIndex, StepResult
from azml_pipelines.store.reuse_record import looking_at
from azml_pipelines.store.step_differences import nearest_difference
from azml_pipelines.store.workspace_folder import WorkspaceFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from azml_pipelines.engine.reuse_decision import Decision
    from azml_pipelines.plan.fingerprint import Part
    from azml_pipelines.plan.run_plan import OutputPlan, RunPlan, StepPlan
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
    taken_over: int = 0
    """Mini-batches whose rows an incremental run has from ``taken_from``."""
    taken_from: str | None = None


def preview_steps(plan: RunPlan) -> list[StepPreview]:
    """Look at each step of a plan that is not going to be run.

    Raises:
        UserErrorException: A source directory cannot be copied.
    """
    workspace = WorkspaceFolder(Path(plan.workspace.root))
    results: dict[str, list[StepResult]] = {}
    found = sorted(ResultIndex(workspace.results).all(), key=lambda one: -one.ended)
    for one in found:
        results.setdefault(one.step_name, []).append(one)
    with ContentCache(workspace.content_cache, read_only=True) as cache:
        return list(_Preview(plan, workspace, cache, results, {}).steps())


@dataclass(frozen=True)
class _Preview:
    """What is known while the steps of a plan are looked at, one after the other."""

    plan: RunPlan
    workspace: WorkspaceFolder
    cache: ContentCache
    results: Mapping[str, list[StepResult]]
    """By name of their step, the newest first."""
    made: dict[str, tuple[OutputPlan, ...]]
    """Where the outputs of steps lie that would be reused, by id of the step."""

    def steps(self) -> Iterator[StepPreview]:
        """Yield what would become of each step."""
        for step in self.plan.steps:
            moved, waiting = self._moved(step)
            if waiting:
                yield self._running(moved, f"step {waiting} runs first", Counted())
                continue
            lines: list[ContentLine] = []
            decision = self._decide(moved, lines)
            if decision.result is not None:
                self.made[step.step_run_id] = decision.result.outputs
                yield _reused(moved, decision.result)
                continue
            reason = decision.reason or nearest_difference(
                decision.fingerprint,
                lines,
                decision.earlier or self.results.get(step.name, []),
                self.workspace,
            )
            base = self._base(moved, decision)
            before = self._predecessor(moved, base, lines)
            counted = count_mini_batches(moved, before)
            seen = self._running(moved, reason, counted)
            if base is not None and counted.known:
                taken = {"taken_over": counted.known, "taken_from": base.run_id}
                seen = StepPreview(**{**seen.__dict__, **taken})
            yield seen

    def _moved(self, step: StepPlan) -> tuple[StepPlan, str]:
        """Return the step with reused inputs in place, and who has to run first."""
        waiting = ""
        needed = frozenset(step.after)

        def place(output: OutputPlan) -> OutputPlan:
            nonlocal waiting
            for other in self.plan.steps:
                if other.step_run_id in needed and output in other.all_outputs:
                    older = self.made.get(other.step_run_id)
                    if older is not None:
                        return older[other.all_outputs.index(output)]
                    waiting = waiting or other.name
            return output

        moved = looking_at(step, place)
        for one in step.when:
            known = one.step_run_id in self.made
            waiting = waiting or ("" if known else one.step_name)
        return moved, waiting

    def _decide(self, step: StepPlan, lines: list[ContentLine]) -> Decision:
        source = Path(step.source_directory) if step.source_directory else None
        packages = step_packages(step, self.plan.workspace)
        declared = declared_fingerprint(step, source, packages)

        def read() -> tuple[Part, ...]:
            return content_parts(step, self.cache, note=lines.append)

        return decide(
            self.plan,
            step,
            declared,
            read=read,
            cache=self.cache,
            workspace=self.workspace,
        )

    def _base(self, step: StepPlan, decision: Decision) -> StepResult | None:
        if self.plan.incremental == "no" or why_not_incremental(step):
            return None
        return base_for(decision, self.workspace)

    def _predecessor(
        self, step: StepPlan, base: StepResult | None, lines: Sequence[ContentLine]
    ) -> Predecessor | None:
        if base is None or not isinstance(step, ParallelRunStepPlan):
            return None
        run = self.workspace.run(base.run_id)
        by_item = self.plan.incremental == "items"
        older = (run, run.step(base.step_run_id))
        return predecessor_of(step, lines, older, by_item=by_item)

    def _running(self, step: StepPlan, reason: str, counted: Counted) -> StepPreview:
        older = self.results.get(step.name, [])
        return StepPreview(
            key=step.step_run_id,
            name=step.name,
            after=step.after,
            runs=True,
            reason=reason or "this workspace has no earlier result of it",
            mini_batches=counted.mini_batches,
            items=counted.items,
            seconds=_seconds(counted, older[0]) if older else None,
        )


def _reused(step: StepPlan, result: StepResult) -> StepPreview:
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


def _seconds(counted: Counted, last: StepResult) -> float:
    """Return how long a step may take, by items or else by mini-batches."""
    share = 1.0
    if counted.items and last.items:
        share = (counted.items - counted.known_items) / last.items
    elif counted.mini_batches and last.mini_batches:
        share = (counted.mini_batches - counted.known) / last.mini_batches
    return last.seconds * share
