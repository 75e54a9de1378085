"""A graph of steps as SVG: boxes in rows, each below those it waits for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["DrawnStep", "draw_svg"]

_CHARACTER = 7.8
_HEIGHT, _GAP_X, _GAP_Y, _MARGIN, _PAD = 46, 28, 44, 14, 14
_LONGEST = 44
_SWEEPS = 4
_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#8a8f98"/>'
    "</marker></defs>"
)
_COLOURS = {"run": "#3b82d6", "reuse": "#2f9e5b", "": "#8a8f98"}


@dataclass(frozen=True)
class DrawnStep:
    """One box."""

    name: str
    note: str = ""
    """A second line, smaller."""
    kind: str = ""
    """``run``, ``reuse`` or nothing: the colour of the edge of the box."""


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def draw_svg(
    steps: Mapping[str, DrawnStep],
    edges: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[str]],
) -> str:
    """Return a drawing that stands by itself: no script, no fonts, no network.

    Args:
        steps: By key.
        edges: Key of a step, and of one that waits for it.
        rows: Keys, so that each step is in a later row than those it waits for.
    """
    grid = [list(row) for row in rows]
    ways = _ways(edges, grid)
    short = [pair for way in ways for pair in pairwise(way)]
    boxes = _place(steps, _untangled(grid, short))
    width = max((box.x + box.width for box in boxes.values()), default=0) + _MARGIN
    height = max((box.y + _HEIGHT for box in boxes.values()), default=0) + _MARGIN
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
            f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
            'font-family="system-ui,sans-serif" font-size="13" role="img">'
        ),
        f"<title>Pipeline of {len(steps)} steps</title>",
        _ARROW,
        *(_edge([boxes[key] for key in way]) for way in ways),
        *(_box(steps[key], box) for key, box in boxes.items() if key in steps),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _ways(
    edges: Iterable[tuple[str, str]], grid: Sequence[list[str]]
) -> list[list[str]]:
    """Return the way of each edge, with a place of its own in every row it crosses."""
    row_of = {key: number for number, row in enumerate(grid) for key in row}
    ways = []
    for number, (before, after) in enumerate(edges):
        way = [before]
        for row in range(row_of[before] + 1, row_of[after]):
            way.append(f"{number} crosses row {row}")
            grid[row].append(way[-1])
        ways.append([*way, after])
    return ways


def _untangled(
    rows: Sequence[Sequence[str]], edges: Iterable[tuple[str, str]]
) -> list[list[str]]:
    """Order each row by the middle of what it is joined to, down and up again."""
    up: dict[str, list[str]] = {}
    down: dict[str, list[str]] = {}
    for before, after in edges:
        up.setdefault(after, []).append(before)
        down.setdefault(before, []).append(after)
    ordered = [list(row) for row in rows]
    for sweep in range(_SWEEPS):
        joined = down if sweep % 2 else up
        for row in ordered if joined is up else ordered[::-1]:
            place = {
                key: number / max(len(other) - 1, 1)
                for other in ordered
                for number, key in enumerate(other)
            }
            old = {key: place[key] for key in row}

            def middle(
                key: str,
                place: Mapping[str, float] = place,
                joined: Mapping[str, list[str]] = joined,
            ) -> float:
                others = [place[other] for other in joined.get(key, ())]
                return sum(others) / len(others) if others else place[key]

            row.sort(key=lambda key, old=old: (middle(key), old[key]))  # type: ignore[misc]
    return ordered


def _place(
    steps: Mapping[str, DrawnStep], rows: Sequence[Sequence[str]]
) -> dict[str, _Box]:
    widths = {
        key: max(len(_short(step.name)), len(_short(step.note)) * 0.85) * _CHARACTER
        + 2 * _PAD
        for key, step in steps.items()
    }
    widths |= {key: _PAD for row in rows for key in row if key not in widths}
    totals = [sum(widths[key] + _GAP_X for key in row) - _GAP_X for row in rows]
    widest = max(totals, default=0)
    boxes = {}
    for number, (row, total) in enumerate(zip(rows, totals, strict=True)):
        x = _MARGIN + (widest - total) / 2
        for key in row:
            boxes[key] = _Box(x, _MARGIN + number * (_HEIGHT + _GAP_Y), widths[key])
            x += widths[key] + _GAP_X
    return boxes


def _edge(way: Sequence[_Box]) -> str:
    """Draw a line from the first box to the last, straight through places between."""
    x, y = way[0].middle, way[0].y + _HEIGHT
    path = [f"M{x:.1f},{y:.1f}"]
    for box in way[1:]:
        bend = (box.y - y) / 2
        path.append(
            f"C{x:.1f},{y + bend:.1f} {box.middle:.1f},{box.y - bend:.1f} "
            f"{box.middle:.1f},{box.y:.1f}"
        )
        x, y = box.middle, box.y + _HEIGHT
        if box is not way[-1]:
            path.append(f"V{y:.1f}")
    return (
        f'<path d="{" ".join(path)}" fill="none" stroke="#8a8f98" '
        'marker-end="url(#arrow)"/>'
    )


def _box(step: DrawnStep, box: _Box) -> str:
    colour = _COLOURS.get(step.kind, _COLOURS[""])
    line = box.y + (20 if step.note else 27)
    name, note = escape(_short(step.name)), escape(_short(step.note))
    second = (
        f'<text x="{box.middle:.1f}" y="{box.y + 36:.1f}" text-anchor="middle" '
        f'font-size="11" fill="#5f6570">{note}</text>'
        if note
        else ""
    )
    return (
        f'<g><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{_HEIGHT}" rx="7" fill="#ffffff" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{box.middle:.1f}" y="{line:.1f}" text-anchor="middle" '
        f'font-weight="600" fill="#1f2329">{name}</text>{second}</g>'
    )


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
