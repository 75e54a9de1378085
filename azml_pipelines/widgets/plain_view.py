"""A run as lines of text: one per change of state, and a sign of life in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.printable import printable
from azml_pipelines.widgets.step_facts import UNKNOWN, duration, status_word, step_facts

if TYPE_CHECKING:
    from azml_pipelines.store.run_state import RunState, StepState
    from azml_pipelines.widgets.pace import Pace

__all__ = ["HEARTBEAT_SECONDS", "PlainView", "step_line"]

HEARTBEAT_SECONDS = 30.0


class PlainView:
    """Says what is new since it was last asked; made for logs that nobody watches."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._spoke: float | None = None

    def lines(self, state: RunState, now: float, pace: Pace) -> list[str]:
        """Return what is new at ``now``, or a sign of life after half a minute."""
        lines = []
        # How it ended is said by the closing lines.
        if self._news(state.run_id, state.status) and not state.ended_for_good:
            lines.append(
                f"run {printable(state.run_id)} of experiment "
                f"{printable(state.experiment)}: {status_word(state.status)}"
            )
        lines += [
            step_line(step, now, pace)
            for step in state.steps
            if self._news(step.step_run_id, step.status) and step.status != "NotStarted"
        ]
        if not lines and self._silent_too_long(now):
            lines = self._sign_of_life(state, now, pace)
        if lines:
            self._spoke = now
        since = state.started or state.created
        return [f"[{duration(now - since, tenths=False):>7}] {line}" for line in lines]

    def _news(self, key: str, status: str) -> bool:
        if self._told.get(key) == status:
            return False
        self._told[key] = status
        return True

    def _silent_too_long(self, now: float) -> bool:
        return self._spoke is not None and now - self._spoke >= HEARTBEAT_SECONDS

    def _sign_of_life(self, state: RunState, now: float, pace: Pace) -> list[str]:
        idle = pace.idle_seconds(now)
        still = ""
        if idle >= HEARTBEAT_SECONDS:
            still = f"; nothing has moved for {duration(idle)}"
        running = [step for step in state.steps if step.status == "Running"]
        if not running:
            return [
                f"run {printable(state.run_id)}: {status_word(state.status)}{still}"
            ]
        return [step_line(step, now, pace) + still for step in running]


def step_line(step: StepState, now: float, pace: Pace) -> str:
    """Return every fact of a step in one line of words."""
    facts = step_facts(step, now, pace.speed(step, now))
    words = {
        "mini_batches": "{} mini-batches",
        "items": "{} items done",
        "failed": "{} failed",
        "retries": "{} retries",
        "rate": "{}",
        "left": "{} left",
        "elapsed": "{} elapsed",
    }
    told = [
        text.format(value)
        for key, text in words.items()
        if (value := getattr(facts, key)) != UNKNOWN
    ]
    error = [] if facts.error is None else [facts.error]
    origin = [f"from run {printable(step.reused_from)}"] if step.reused_from else []
    return (
        f"{facts.name}: {', '.join([' '.join([facts.word, *origin]), *told, *error])}"
    )
