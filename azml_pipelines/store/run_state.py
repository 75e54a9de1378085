"""What happened to a run so far, as everybody who looks at it sees it. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["TERMINAL", "RunState", "Status", "StepState"]

Status = Literal[
    "NotStarted", "Queued", "Running", "Finished", "Failed", "Canceled", "Skipped"
]
"""``Skipped`` is a status of steps: a condition does not hold, here or further up."""
TERMINAL: frozenset[str] = frozenset({"Finished", "Failed", "Canceled", "Skipped"})


@dataclass(frozen=True)
class StepState:
    """One step of a run. Times are seconds since 1970, UTC."""

    name: str
    step_run_id: str
    status: Status
    total_mini_batches: int | None = None
    """``None`` until the mini-batches are counted."""
    done_mini_batches: int = 0
    """Settled for good: succeeded and finally failed ones."""
    failed_mini_batches: int = 0
    total_items: int | None = None
    """``None`` for tables, whose rows nobody has counted beforehand."""
    succeeded_items: int = 0
    failed_items: int = 0
    retries: int = 0
    """Tries beyond the first one of each mini-batch, whoever was to blame."""
    started: float | None = None
    ended: float | None = None
    error: str | None = None
    auto_processes: int | None = None
    """Worker processes on all nodes, where ``process_count_per_node`` is ``auto``."""
    kind: str = "parallel_run"
    """Of the step, as plans name it."""
    listed_mini_batches: int = 0
    """How many are known while ``total_mini_batches`` is not."""
    reused_from: str | None = None
    """The run whose result stands in for this step, which has not run then."""
    reused_since: float | None = None
    """When that result was made."""
    taken_over: int = 0
    """Mini-batches that an incremental run has from ``taken_from``."""
    taken_from: str | None = None


@dataclass(frozen=True)
class RunState:
    """A run and its steps, in the order of the plan."""

    run_id: str
    experiment: str
    status: Status
    created: float
    started: float | None = None
    ended: float | None = None
    error: str | None = None
    """One line: step, mini-batch, item, exception and the user's own line."""
    steps: tuple[StepState, ...] = field(default_factory=tuple)

    @property
    def ended_for_good(self) -> bool:
        """Whether nothing more will happen unless somebody resumes the run."""
        return self.status in TERMINAL

    def step(self, name: str) -> StepState | None:
        """Return the first step called ``name``, or None."""
        return next((step for step in self.steps if step.name == name), None)
