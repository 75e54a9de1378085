"""The last lines about a run: how it ended, where the output is, or what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from azml_pipelines.widgets.printable import printable
from azml_pipelines.widgets.step_facts import describe_counts, duration, spent_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    state: RunState, now: float, outputs: Sequence[OutputPlace] = ()
) -> list[str]:
    """Return the summary of a run that has ended.

    The last line of a failed run is its error and nothing else, so that it is what
    remains on the screen and at the end of a log.
    """
    spent = spent_seconds(state, now)
    run_id = printable(state.run_id)
    start: str = state.status
    if spent is not None:
        start += f"{' in' if start == 'Finished' else ' after'} {duration(spent)}"
    lines = [f"{start}: {describe_counts(state)}."]
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
