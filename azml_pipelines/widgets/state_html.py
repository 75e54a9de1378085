"""A run state as one fragment of HTML that stays readable wherever it is saved.

No script, no style sheet, no network, nothing that only a colour says: notebooks that
are not trusted keep little more than text and simple inline styles. Colours are chosen
to show on white and on black; text has the colour of the page.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from azml_pipelines.printable import printable
from azml_pipelines.widgets.closing import closing_lines
from azml_pipelines.widgets.signs import STATUS_SIGNS
from azml_pipelines.widgets.step_facts import (
    UNKNOWN,
    duration,
    spent_seconds,
    status_word,
    step_facts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.store.run_state import RunState
    from azml_pipelines.widgets.closing import OutputPlace
    from azml_pipelines.widgets.pace import Pace
    from azml_pipelines.widgets.step_facts import StepFacts

__all__ = ["render"]

_COLOURS = {
    "NotStarted": "#8a8f98",
    "Queued": "#8a8f98",
    "Running": "#3b82d6",
    "Finished": "#2f9e5b",
    "Failed": "#d9483b",
    "Canceled": "#b7791f",
    "Skipped": "#8a8f98",
}
_LINE = "1px solid rgba(128,128,128,0.35)"
_BOX = "font-size:13px;line-height:1.5;margin:4px 0;max-width:1100px"
_CELL = "padding:4px 12px 4px 0;text-align:{side};white-space:nowrap;background:none"
_HEADINGS = (
    "Step",
    "Status",
    "Mini-batches",
    "Items done",
    "Items failed",
    "Retries",
    "Rate",
    "Time left",
    "Elapsed",
)


def render(
    state: RunState,
    now: float,
    pace: Pace | None = None,
    outputs: Sequence[OutputPlace] = (),
    metrics: Sequence[str] = (),
) -> str:
    """Return ``state`` at ``now`` as HTML; every text of a user is escaped.

    Args:
        state: Of a run.
        now: Seconds since 1970.
        pace: What was seen so far.
        outputs: Where they lie.
        metrics: What scripts have logged, a line each.
    """
    rows = [
        step_facts(step, now, pace.speed(step, now) if pace else None, state)
        for step in state.steps
    ]
    parts = [_header(state, now), _table(rows) if rows else ""]
    parts += map(_line, metrics)
    if state.ended_for_good:
        *summary, last = closing_lines(state, now, outputs)
        parts += [_line(line) for line in summary]
        parts.append(_error(last) if state.status == "Failed" else _line(last))
    else:
        parts += [_error(f"{row.name}: {row.error}") for row in rows if row.error]
        parts.append(_line(f"As of {_moment(now)}."))
    return f'<div style="{_BOX}">{"".join(parts)}</div>'


def _header(state: RunState, now: float) -> str:
    spent = spent_seconds(state, now)
    age = "" if spent is None else f" {escape(duration(spent))}"
    status = _status(state.status, status_word(state.status))
    return (
        f'<div style="margin:0 0 6px 0">{status}'
        f"{age} &#183; run <code>{_text(state.run_id)}</code>"
        f" &#183; experiment <b>{_text(state.experiment)}</b>"
        f" &#183; submitted {escape(_moment(state.created))}</div>"
    )


def _table(rows: Sequence[StepFacts]) -> str:
    headings = "".join(
        f'<th scope="col" style="{_cell(i)};border-bottom:{_LINE}">{heading}</th>'
        for i, heading in enumerate(_HEADINGS)
    )
    body = "".join(_row(row) for row in rows)
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;'
        'color:inherit;font-size:13px;margin:0"><thead>'
        f'<tr style="background:none">{headings}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: StepFacts) -> str:
    cells = (
        f"<b>{escape(row.name)}</b>",
        _status(row.status, row.word),
        _progress(row),
        escape(row.items),
        _alarm(row.failed, "Failed"),
        _alarm(row.retries, "Canceled"),
        escape(row.rate),
        escape(row.left),
        escape(row.elapsed),
    )
    inside = "".join(
        f'<td style="{_cell(i)};border-bottom:{_LINE}">{cell}</td>'
        for i, cell in enumerate(cells)
    )
    return f'<tr style="background:none">{inside}</tr>'


def _progress(row: StepFacts) -> str:
    if row.fraction is None or row.mini_batches == UNKNOWN:
        return escape(row.mini_batches)
    percent = int(row.fraction * 100)
    colour = _COLOURS[row.status]
    return (
        f'{escape(row.mini_batches)} <span style="opacity:0.75">({percent}%)</span>'
        '<div style="width:140px;height:6px;margin:2px 0 0 auto;border-radius:3px;'
        'background-color:rgba(128,128,128,0.3)">'
        f'<div style="width:{percent}%;height:6px;border-radius:3px;'
        f'background-color:{colour}"></div></div>'
    )


def _status(status: str, word: str) -> str:
    sign = STATUS_SIGNS[status]
    return (
        f'<span style="color:{_COLOURS[status]};font-weight:bold">{sign}</span> '
        f"<b>{escape(word)}</b>"
    )


def _alarm(text: str, status: str) -> str:
    if text in {"0", UNKNOWN}:
        return escape(text)
    return f'<b style="border-bottom:2px solid {_COLOURS[status]}">{escape(text)}</b>'


def _error(line: str) -> str:
    return (
        f'<div style="border-left:4px solid {_COLOURS["Failed"]};margin:8px 0 0 0;'
        "padding:4px 10px;background-color:rgba(217,72,59,0.12);font-family:monospace;"
        f'white-space:pre-wrap;overflow-wrap:anywhere">{escape(line)}</div>'
    )


def _line(line: str) -> str:
    return f'<div style="margin:6px 0 0 0;overflow-wrap:anywhere">{escape(line)}</div>'


def _cell(column: int) -> str:
    # Step and status are words; everything else is compared digit by digit.
    return _CELL.format(side="left" if column < 2 else "right")  # noqa: PLR2004


def _text(text: str) -> str:
    return escape(printable(text))


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S %z")
