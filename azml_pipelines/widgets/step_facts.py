"""One step of a run in words and numbers, ready to be shown: no clock, no terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.printable import printable
from azml_pipelines.widgets.pace import Speed, average_speed

if TYPE_CHECKING:
    from azml_pipelines.store.run_state import RunState, Status, StepState

__all__ = [
    "UNKNOWN",
    "StepFacts",
    "count",
    "describe_counts",
    "duration",
    "spent_seconds",
    "status_word",
    "step_facts",
]

UNKNOWN = "-"

_WORDS = {
    "NotStarted": "waiting",
    "Queued": "queued",
    "Running": "running",
    "Finished": "finished",
    "Failed": "failed",
    "Canceled": "canceled",
    "Skipped": "skipped",
}
_TENTHS_BELOW = 10
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True)
class StepFacts:
    """What a row shows. Texts are safe to print; unknown ones are a dash."""

    name: str
    status: Status
    word: str
    fraction: float | None
    """Settled mini-batches from 0 to 1; None before they are counted."""
    mini_batches: str
    items: str
    """Settled items, failed ones included."""
    failed: str
    retries: str
    rate: str
    left: str
    elapsed: str
    error: str | None


def step_facts(
    step: StepState,
    now: float,
    speed: Speed | None = None,
    state: RunState | None = None,
) -> StepFacts:
    """Return the facts of ``step`` at ``now``.

    Args:
        step: A step.
        now: Seconds since 1970.
        speed: Its speed; the average if None.
        state: Of its run: after its end, nothing waits any more.
    """
    speed = speed or average_speed(step, now)
    # A script has no mini-batches.
    known = step.kind == "parallel_run" and (
        step.started is not None or step.done_mini_batches > 0
    )
    # What another run has counted, this one has not.
    known = known and step.reused_from is None
    return StepFacts(
        name=printable(step.name),
        status=step.status,
        word=_word(step, state),
        fraction=_fraction(step),
        mini_batches=_mini_batches(step) if known else UNKNOWN,
        items=_items(step) if known else UNKNOWN,
        failed=f"{step.failed_items:,}" if known else UNKNOWN,
        retries=f"{step.retries:,}" if known else UNKNOWN,
        rate=_rate(speed),
        left=_left(step, speed),
        elapsed=_elapsed(step, now),
        error=None if step.error is None else printable(step.error),
    )


def status_word(status: Status) -> str:
    """Return the word for the status of a run."""
    return "starting" if status == "NotStarted" else _WORDS[status]


def describe_counts(state: RunState) -> str:
    """Return what a whole run has done so far, in one line of words."""
    steps = state.steps
    mini_batches = sum(step.done_mini_batches for step in steps)
    failed_mini_batches = sum(step.failed_mini_batches for step in steps)
    items = sum(step.succeeded_items + step.failed_items for step in steps)
    failed_items = sum(step.failed_items for step in steps)
    finished = sum(step.status == "Finished" for step in steps)
    skipped = sum(step.status == "Skipped" for step in steps)
    also = f", {skipped:,} skipped" if skipped else ""
    return (
        f"{finished:,} of {count(len(steps), 'step')} finished{also}, "
        f"{count(mini_batches, 'mini-batch')} done ({failed_mini_batches:,} failed), "
        f"{count(items, 'item')} done ({failed_items:,} failed), "
        f"{count(sum(step.retries for step in steps), 'retry')}"
    )


def count(number: int, noun: str) -> str:
    """Return ``1 item``, ``2 items``, ``3 mini-batches``, ``4 retries``."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y"):
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}{'es' if noun.endswith('ch') else 's'}"


def duration(seconds: float, *, tenths: bool = True) -> str:
    """Return ``4.2 s``, ``42 s``, ``3:07``, ``1:03:07`` or ``2 d 03 h``.

    Args:
        seconds: Negative ones (clocks differ) count as 0.
        tenths: Whether times below ten seconds have a decimal.
    """
    seconds = max(seconds, 0.0)
    if seconds < _TENTHS_BELOW and tenths:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    minutes, rest = divmod(whole, _MINUTE)
    if whole < _HOUR:
        return f"{minutes}:{rest:02}"
    hours, minutes = divmod(minutes, 60)
    if whole < _DAY:
        return f"{hours}:{minutes:02}:{rest:02}"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours:02} h"


def _word(step: StepState, state: RunState | None) -> str:
    if step.status == "NotStarted" and state is not None and state.ended_for_good:
        return "not started"
    if step.reused_from is not None:
        return "reused"
    if step.kind != "parallel_run":
        return _WORDS[step.status]
    total = step.total_mini_batches
    if step.status == "Running" and total is None:
        return "listing" if step.listed_mini_batches else "starting"
    if step.status == "Running" and total and step.done_mini_batches >= total:
        return "finishing"
    return _WORDS[step.status]


def _fraction(step: StepState) -> float | None:
    if step.status == "Finished":
        return 1.0
    if step.total_mini_batches is None:
        return None
    if step.total_mini_batches == 0:
        return 0.0
    return min(step.done_mini_batches / step.total_mini_batches, 1.0)


def _mini_batches(step: StepState) -> str:
    total, listed = step.total_mini_batches, step.listed_mini_batches
    if total is None and listed:
        return f"{step.done_mini_batches:,}/{listed:,}+"
    return _of(step.done_mini_batches, total)


def _of(done: int, total: int | None) -> str:
    return f"{done:,}/?" if total is None else f"{done:,}/{total:,}"


def _items(step: StepState) -> str:
    settled = step.succeeded_items + step.failed_items
    if step.total_items is None:
        return f"{settled:,}"
    return _of(settled, step.total_items)


def _rate(speed: Speed) -> str:
    if speed.items > 0:
        return _per_second(speed.items, "items")
    if speed.mini_batches > 0:
        return _per_second(speed.mini_batches, "mini-batches")
    return UNKNOWN


def _per_second(rate: float, noun: str) -> str:
    if rate >= 100:  # noqa: PLR2004 - three digits are enough
        return f"{rate:,.0f} {noun}/s"
    if rate >= 1:
        return f"{rate:.1f} {noun}/s"
    return f"{rate * 60:.1f} {noun}/min"


def _left(step: StepState, speed: Speed) -> str:
    total = step.total_mini_batches
    if step.status != "Running" or total is None or speed.mini_batches <= 0:
        return UNKNOWN
    rest = max(total - step.done_mini_batches, 0)
    return duration(rest / speed.mini_batches, tenths=False)


def _elapsed(step: StepState, now: float) -> str:
    end = now if step.status == "Running" else step.ended
    if step.started is None or end is None:
        return UNKNOWN
    return duration(end - step.started)


def spent_seconds(state: RunState, now: float) -> float | None:
    """Return how long a run has taken so far; None when nobody saw it end."""
    end = state.ended if state.ended_for_good else now
    return None if end is None else end - (state.started or state.created)
