"""Which steps have an earlier result instead of one of their own, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.printable import printable
from azml_pipelines.widgets.step_facts import count, duration

if TYPE_CHECKING:
    from azml_pipelines.store.run_state import RunState, StepState

__all__ = ["reuse_lines", "reused_summary"]

_MOST = 20


def reuse_lines(state: RunState, now: float) -> list[str]:
    """Return one line for each reused step: from which run, and how old it is."""
    reused = [step for step in state.steps if step.reused_from is not None]
    lines = [
        f"{printable(step.name)}: reused from run {printable(step.reused_from or '')}"
        f", made {_age(step, now)} ago"
        for step in reused[:_MOST]
    ]
    lines += [
        f"{printable(step.name)}: {count(step.taken_over, 'mini-batch')} taken over "
        f"from run {printable(step.taken_from or '')}"
        for step in state.steps
        if step.taken_from is not None
    ][:_MOST]
    if len(reused) > _MOST:
        lines.append(f"and {count(len(reused) - _MOST, 'other reused step')}")
    return lines


def reused_summary(state: RunState, now: float) -> str:
    """Return how much of a run was reused; empty when nothing was.

    A run in which nothing ran says so, with the age of the oldest result.
    """
    reused = [step for step in state.steps if step.reused_from is not None]
    if not reused:
        return ""
    oldest = max(reused, key=lambda step: now - (step.reused_since or now))
    age = f"made up to {_age(oldest, now)} ago"
    if len(reused) == len(state.steps):
        return f"nothing ran, every step was reused ({age})"
    return f"{count(len(reused), 'step')} reused ({age})"


def _age(step: StepState, now: float) -> str:
    return duration(now - (step.reused_since or now), tenths=False)
