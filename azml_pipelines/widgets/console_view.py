"""A run as it looks in a terminal: a header, one row per step, what is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from azml_pipelines.printable import printable
from azml_pipelines.widgets.signs import BAR_DONE, BAR_OPEN, STATUS_SIGNS
from azml_pipelines.widgets.step_columns import fit, head, shorten
from azml_pipelines.widgets.step_facts import (
    UNKNOWN,
    count,
    duration,
    spent_seconds,
    status_word,
    step_facts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.store.run_state import RunState, StepState
    from azml_pipelines.widgets.pace import Pace
    from azml_pipelines.widgets.step_columns import Column
    from azml_pipelines.widgets.step_facts import StepFacts

__all__ = ["ConsoleView"]

_STYLES = {
    "NotStarted": "dim",
    "Queued": "dim",
    "Running": "cyan",
    "Finished": "green",
    "Failed": "bold red",
    "Canceled": "yellow",
    "Skipped": "dim",
}
# Header, headings, the line about hidden steps, the note, the cursor's own line.
_OTHER_LINES = 7
_IDLE_SECONDS = 20.0


@dataclass(frozen=True)
class ConsoleView:
    """Draws a run state for a terminal of one size; the same state looks the same."""

    width: int = 80
    height: int = 24

    def render(self, state: RunState, now: float, pace: Pace | None = None) -> Group:
        """Return the picture of ``state`` at ``now``, seconds since 1970.

        Args:
            state: What is to be shown.
            now: For what is still running.
            pace: Knows the recent speed; without it the average is shown.
        """
        steps = self._visible(state.steps)
        rows = [
            step_facts(step, now, pace.speed(step, now) if pace else None, state)
            for step in steps
        ]
        lines = [self._header(state, now)]
        if rows:
            columns = fit(rows, self.width)
            lines += [Text(head(columns, line), style="dim") for line in (0, 1)]
            lines += [self._row(row, columns) for row in rows]
        lines += self._hidden(state.steps, steps)
        lines += self._notes(state, rows, now, pace)
        for line in lines:
            line.no_wrap, line.overflow = True, "crop"
        return Group(*lines)

    def _header(self, state: RunState, now: float) -> Text:
        line = Text()
        line.append(STATUS_SIGNS[state.status], _STYLES[state.status])
        line.append(f" {status_word(state.status)}", _STYLES[state.status])
        spent = spent_seconds(state, now)
        if spent is not None:
            line.append(f" {duration(spent)}")
        line.append(" · run ")
        line.append(printable(state.run_id), "bold")
        experiment = f" · experiment {printable(state.experiment)}"
        line.append(shorten(experiment, self.width - line.cell_len))
        return line

    def _row(self, row: StepFacts, columns: Sequence[Column]) -> Text:
        line = Text()
        for column in columns:
            self._cell(line, row, column)
            line.append(" " * column.gap)
        line.rstrip()
        return line

    def _cell(self, line: Text, row: StepFacts, column: Column) -> None:
        style = _STYLES[row.status]
        match column.key:
            case "symbol":
                line.append(STATUS_SIGNS[row.status], style)
            case "word":
                line.append(column.pad(row.word), style)
            case "name":
                name = shorten(row.name, column.cells)
                line.append(column.pad(name), "bold")
            case "bar":
                filled = int((row.fraction or 0.0) * column.cells)
                line.append(BAR_DONE * filled, style)
                line.append(BAR_OPEN * (column.cells - filled), "dim")
            case key:
                text: str = getattr(row, key)
                line.append(column.pad(text), _alarm(key, text))

    def _visible(self, steps: tuple[StepState, ...]) -> tuple[StepState, ...]:
        """Return the steps that fit, in order; those that move or failed come first."""
        room = max(self.height - _OTHER_LINES, 3)
        if len(steps) <= room:
            return steps
        urgency = {"Failed": 0, "Canceled": 1, "Running": 1, "Queued": 2}
        urgent_first = sorted(
            range(len(steps)), key=lambda i: (urgency.get(steps[i].status, 3), i)
        )
        return tuple(steps[i] for i in sorted(urgent_first[:room]))

    def _hidden(
        self, steps: Sequence[StepState], visible: Sequence[StepState]
    ) -> list[Text]:
        shown = {step.step_run_id for step in visible}
        hidden = [step for step in steps if step.step_run_id not in shown]
        if not hidden:
            return []
        finished = sum(step.status == "Finished" for step in hidden)
        words = f"… {count(len(hidden), 'step')} more, "
        return [Text(words + f"{finished} of them finished", style="dim")]

    def _notes(
        self,
        state: RunState,
        rows: Sequence[StepFacts],
        now: float,
        pace: Pace | None,
    ) -> list[Text]:
        if state.ended_for_good:
            return []
        notes = [
            shorten(f"{row.name}: {row.error}", self.width) for row in rows if row.error
        ]
        lines = [Text(note, style="red") for note in notes]
        idle = pace.idle_seconds(now) if pace else 0.0
        if idle >= _IDLE_SECONDS:
            words = f"nothing has moved for {duration(idle)}"
            lines.append(Text(words, style="yellow"))
        return lines


def _alarm(key: str, text: str) -> str:
    nothing = text in {"0", UNKNOWN}
    if key == "failed" and not nothing:
        return "red"
    return "yellow" if key == "retries" and not nothing else ""
