"""The generated part of ``docs/performance.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.figure import Alternative, Figure

__all__ = ["check_page", "render", "write_page"]

_BEGIN = "<!-- figures: begin -->"
_END = "<!-- figures: end -->"
_SIGNS = {"lower": "≤", "higher": "≥"}
_HUNDRED = 100


def write_page(
    path: Path, figures: Sequence[Figure], machine: str, titles: Mapping[str, str]
) -> None:
    """Replace what stands between the two markers; the prose around it stays.

    Raises:
        ValueError: The page has no such markers.
    """
    before, after = check_page(path)
    text = render(figures, machine, titles)
    path.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}", encoding="utf-8")


def check_page(path: Path) -> tuple[str, str]:
    """Return what stands before and behind the markers.

    Raises:
        ValueError: The page has no such markers.
    """
    page = path.read_text(encoding="utf-8")
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        msg = f"{path} has no lines {_BEGIN} and {_END}; put them where tables belong"
        raise ValueError(msg)
    return before, after


def render(figures: Sequence[Figure], machine: str, titles: Mapping[str, str]) -> str:
    """Return the tables as Markdown."""
    lines = [f"Measured on {machine}.", "", *_targets(figures)]
    for workload, title in titles.items():
        own = [figure for figure in figures if figure.workload == workload]
        if own:
            lines += ["", f"### {workload}, {title}", "", *_section(own)]
    return "\n".join(lines)


def _targets(figures: Iterable[Figure]) -> list[str]:
    lines = [
        "| figure | what | median (min to max) | target | |",
        "|---|---|---|---|---|",
    ]
    for one in figures:
        if one.target is not None:
            target = f"{_SIGNS[one.better]} {_number(one.target)} {one.unit}"
            value = "" if one.value is None else _value(one)
            cells = (f"`{one.id}`", one.title, value, target, _verdict(one))
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _verdict(figure: Figure) -> str:
    if figure.met:
        return "met"
    if figure.value is None:
        return f"not reached: {_plain(figure.note)}"
    share = figure.missed_by
    if share is None:
        return "**missed**"
    return f"**missed by {share * _HUNDRED:.0f} %**"


def _section(figures: Sequence[Figure]) -> list[str]:
    lines = []
    if figures[0].command:
        lines += [f"`{figures[0].command}` ({figures[0].moment})", ""]
    alone = [one for one in figures if not one.alternatives and one.target is None]
    if alone:
        lines += ["| | median (min to max) |", "|---|---|"]
        lines += [f"| {one.title} | {_value(one)} |" for one in alone]
        lines.append("")
    for figure in figures:
        if figure.alternatives:
            lines += [*_beside(figure), ""]
    return lines[:-1]


def _beside(figure: Figure) -> list[str]:
    """Return us and the others, the fastest first."""
    rows = [("**azml-pipelines**", figure.value, _value(figure), "")]
    for other in figure.alternatives:
        times = "" if other.ratio is None else f"{_number(other.ratio)} x"
        rows.append((other.name, other.value, _other(other, figure.unit), times))
    rows.sort(key=lambda row: (row[1] is None, row[1] or 0.0))
    return [
        f"| {figure.title} | median (min to max) | to ours |",
        "|---|---|---|",
        *(f"| {name} | {value} | {times} |" for name, _, value, times in rows),
    ]


def _value(figure: Figure) -> str:
    if figure.value is None:
        return _plain(figure.note) or "not measured"
    return _spread(figure.value, figure.low, figure.high, figure.unit)


def _other(other: Alternative, unit: str) -> str:
    if other.value is None:
        return _plain(other.note) or "not measured"
    return _spread(other.value, other.low, other.high, unit)


def _spread(value: float, low: float | None, high: float | None, unit: str) -> str:
    text = f"{_number(value)} {unit}"
    if low is None or high is None or low == high:
        return text
    return f"{text} ({_number(low)} to {_number(high)})"


def _number(value: float) -> str:
    """Return three significant digits, without an exponent."""
    if abs(value) >= _HUNDRED:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _plain(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
