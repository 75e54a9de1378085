"""What a resumed run does differently from its plan: how it runs, never what it makes.

The plan itself is never changed. Overrides stand beside it, one document per resume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from azml_pipelines.pipeline.process_count import ProcessCount
from azml_pipelines.plan.run_plan import ComputePlan, ParallelRunStepPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azml_pipelines.plan.run_plan import RunPlan, StepPlan

__all__ = ["ExecutionOverride", "apply_overrides"]

_SETTINGS = ("node_count", "process_count_per_node", "run_invocation_timeout")


class ExecutionOverride(BaseModel):
    """The execution knobs of one resume; None keeps what was there before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    node_count: int | None = Field(default=None, ge=1, strict=True)
    process_count_per_node: ProcessCount | None = None
    run_invocation_timeout: float | None = Field(
        default=None, gt=0, allow_inf_nan=False
    )
    """Seconds that one ``run()`` call may take."""
    compute_target: str | None = Field(default=None, min_length=1)
    inputs_as_of: float | None = Field(default=None, allow_inf_nan=False)
    """Seconds since 1970; what was written into the inputs until then is allowed."""

    @property
    def changes_something(self) -> bool:
        """Whether there is anything to write down."""
        return bool(self.model_dump(exclude_none=True, exclude={"schema_version"}))


def apply_overrides(plan: RunPlan, overrides: Iterable[ExecutionOverride]) -> RunPlan:
    """Return the plan as it is to be executed; ``plan`` stays as it is.

    Args:
        plan: As it was submitted.
        overrides: The oldest first; of each knob the newest value wins.
    """
    for override in overrides:
        steps = tuple(_overridden(step, override) for step in plan.steps)
        plan = plan.model_copy(update={"steps": steps})
    return plan


def _overridden(step: StepPlan, override: ExecutionOverride) -> StepPlan:
    given = override.model_dump(include=set(_SETTINGS), exclude_none=True)
    update: dict[str, object] = {}
    if isinstance(step, ParallelRunStepPlan):
        update["settings"] = step.settings.model_copy(update=given)
    if override.compute_target is not None:
        update["compute"] = ComputePlan(name=override.compute_target)
    return step.model_copy(update=update)
