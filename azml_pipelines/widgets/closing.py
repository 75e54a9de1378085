"""The last lines about a run: how it ended, where the output is, or what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from azml_pipelines.printable import printable
from azml_pipelines.widgets.reuse_lines import reuse_lines, reused_summary
from azml_pipelines.widgets.step_facts import describe_counts, duration, spent_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.store.failure_groups import StepFailures
    from azml_pipelines.store.run_state import RunState

__all__ = ["OutputPlace", "closing_lines"]


@runtime_checkable
class OutputPlace(Protocol):
    """Where one output of a run lies."""

    @property
    def name(self) -> str:
        """Name of the output."""

    @property
    def path(self) -> str:
        """Absolute path of its folder or file."""


def closing_lines(
    state: RunState,
    now: float,
    outputs: Sequence[OutputPlace] = (),
    failures: Sequence[StepFailures] = (),
) -> list[str]:
    """Return the summary of a run that has ended.

    Args:
        state: Of the run.
        now: Seconds since 1970.
        outputs: Where they lie.
        failures: What failed in the steps in which something did.

    The last line of a failed run is its error and nothing else, so that it is what
    remains on the screen and at the end of a log.
    """
    spent = spent_seconds(state, now)
    run_id = printable(state.run_id)
    start: str = state.status
    if spent is not None:
        start += f"{' in' if start == 'Finished' else ' after'} {duration(spent)}"
    reused = reused_summary(state, now)
    told = (
        [reused] if reused.startswith("nothing") else [describe_counts(state), reused]
    )
    lines = [f"{start}: {', '.join(filter(None, told))}."]
    lines += reuse_lines(state, now)
    lines += [line for step in failures for line in _failed_items(step)]
    match state.status:
        case "Finished":
            lines += [
                f"Output {printable(output.name)}: {printable(output.path)}"
                for output in outputs
            ]
        case "Failed":
            lines += _other_errors(state)
            lines.append(f"Its logs: azml logs {run_id}")
            lines.append(f"To go on: azml resume {run_id}")
            lines.append(_last_word(state))
        case _:
            lines.append(f"To go on: azml resume {run_id}")
    return lines


def _failed_items(failures: StepFailures) -> list[str]:
    """Return where a step's failed items are listed, and why most of them failed."""
    noun = "item" if failures.items == 1 else "items"
    start = f"{failures.step}: {failures.items:,} failed {noun}"
    lines = [start if failures.file is None else f"{start}, listed in {failures.file}"]
    for group in failures.groups:
        kind = group.exception_type or group.reason
        where = f" at {group.user_line}" if group.user_line else ""
        lines.append(f"  {group.items:,} x {kind}: {group.message}{where}")
    if failures.other_groups:
        noun = "reason" if failures.other_groups == 1 else "reasons"
        lines.append(f"  and {failures.other_groups:,} other {noun}")
    return [printable(line) for line in lines]


def _other_errors(state: RunState) -> list[str]:
    return [
        printable(f"{step.name}: {step.error}")
        for step in state.steps
        if step.error is not None and step.error != state.error
    ]


def _last_word(state: RunState) -> str:
    if state.error:
        return printable(state.error)
    return "The run failed and left no error message; its logs may know more."
