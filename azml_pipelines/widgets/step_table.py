"""A run state as a table of plain text, complete and without colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.printable import printable
from azml_pipelines.widgets.closing import closing_lines
from azml_pipelines.widgets.reuse_lines import reuse_lines
from azml_pipelines.widgets.step_facts import (
    duration,
    spent_seconds,
    status_word,
    step_facts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.store.failure_groups import StepFailures
    from azml_pipelines.store.run_state import RunState
    from azml_pipelines.widgets.closing import OutputPlace

__all__ = ["text"]

_COLUMNS = {
    "step": "name",
    "status": "word",
    "mini-batches": "mini_batches",
    "items": "items",
    "failed": "failed",
    "retries": "retries",
    "rate": "rate",
    "left": "left",
    "elapsed": "elapsed",
}
_LEFT_ALIGNED = 2


def text(
    state: RunState,
    now: float,
    outputs: Sequence[OutputPlace] = (),
    failures: Sequence[StepFailures] = (),
) -> str:
    """Return the whole state at ``now`` as lines of text, the error of a run last."""
    spent = spent_seconds(state, now)
    age = "" if spent is None else f", {duration(spent)}"
    lines = [
        f"run {printable(state.run_id)}",
        f"experiment {printable(state.experiment)}",
        f"{status_word(state.status)}{age}",
    ]
    facts = [step_facts(step, now, None, state) for step in state.steps]
    cells = [[getattr(row, key) for key in _COLUMNS.values()] for row in facts]
    lines += _aligned([list(_COLUMNS), *cells])
    lines += [
        f"{printable(step.name)}: {_processes(step.auto_processes)} (auto)"
        for step in state.steps
        if step.auto_processes
    ]
    if state.ended_for_good:
        lines += closing_lines(state, now, outputs, failures)
    else:
        lines += reuse_lines(state, now)
        lines += [f"{row.name}: {row.error}" for row in facts if row.error]
    return "\n".join(lines)


def _processes(number: int) -> str:
    return "1 process" if number == 1 else f"{number:,} processes"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < _LEFT_ALIGNED else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
