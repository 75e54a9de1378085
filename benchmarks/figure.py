"""Figures: what was measured, what it should be, and what the alternatives need."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from benchmarks.rounds import Results

__all__ = [
    "Alternative",
    "Figure",
    "beside",
    "merge",
    "not_reached",
    "ratio",
    "read_figures",
    "single",
    "write_figures",
]


@dataclass(frozen=True)
class Alternative:
    """What somebody else needs for the same."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    ratio: float | None = None
    """How many times what we need."""
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """One line of ``build/bench.json``."""

    id: str
    title: str
    unit: str
    value: float | None
    """The median of the rounds; none when it could not be measured."""
    low: float | None = None
    high: float | None = None
    target: float | None = None
    better: str = "lower"
    """``lower``: the target is the most it may be; ``higher``: the least."""
    note: str = ""
    command: str = ""
    moment: str = ""
    """When it was measured, and how busy the machine was before."""
    alternatives: tuple[Alternative, ...] = ()

    @property
    def workload(self) -> str:
        """``W1`` of ``W1.growth``."""
        return self.id.partition(".")[0]

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        if self.value is None:
            return False
        if self.better == "lower":
            return self.value <= self.target
        return self.value >= self.target

    @property
    def missed_by(self) -> float | None:
        """By what share of the target it is missed."""
        if self.met is not False or self.value is None or not self.target:
            return None
        return abs(self.value - self.target) / self.target


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


def single(
    name: str,
    title: str,
    unit: str,
    values: Sequence[float],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    note: str = "",
) -> Figure:
    """Make a figure of the values of all rounds."""
    if not values:
        return not_reached(
            name,
            title,
            unit,
            note or "not measured",
            at_most=at_most,
            at_least=at_least,
        )
    target, better = _target(at_most, at_least)
    middle, low, high = _spread(values)
    return Figure(name, title, unit, middle, low, high, target, better, note)


def not_reached(
    name: str,
    title: str,
    unit: str,
    why: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Figure:
    """Make a figure that could not be measured, with the reason."""
    target, better = _target(at_most, at_least)
    return Figure(name, title, unit, None, target=target, better=better, note=why)


def _target(at_most: float | None, at_least: float | None) -> tuple[float | None, str]:
    return (at_most, "lower") if at_least is None else (at_least, "higher")


def beside(
    figure: Figure,
    results: Iterable[Results],
    values: Callable[[Results], list[float]],
) -> Figure:
    """Put what the alternatives need next to a figure of ours."""
    found = []
    for one in results:
        measured = values(one)
        if not measured:
            found.append(Alternative(one.side.name, None, note=one.problem))
            continue
        middle, low, high = _spread(measured)
        times = middle / figure.value if figure.value else None
        found.append(Alternative(one.side.name, middle, low, high, times))
    fields = {name: getattr(figure, name) for name in Figure.__dataclass_fields__}
    return Figure(**{**fields, "alternatives": tuple(found)})


def ratio(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return the quotient of two medians, or nothing when one of them is missing."""
    if not above or not below:
        return []
    return [statistics.median(above) / statistics.median(below)]


def read_figures(path: Path) -> list[Figure]:
    """Read what was measured before; nothing if there is no such file."""
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [_figure(record) for record in records]


def _figure(record: dict[str, object]) -> Figure:
    fields = {
        name: record[name] for name in Figure.__dataclass_fields__ if name in record
    }
    others = tuple(Alternative(**one) for one in record.get("alternatives", ()))
    return Figure(**{**fields, "alternatives": others})


def merge(before: Iterable[Figure], now: Sequence[Figure]) -> list[Figure]:
    """Replace the workloads that were measured again, and keep the others."""
    again = {figure.workload for figure in now}
    kept = [figure for figure in before if figure.workload not in again]
    return sorted([*kept, *now], key=lambda one: (one.id[0] != "W", one.workload))


def write_figures(path: Path, figures: Iterable[Figure]) -> None:
    """Write all of them as a list of objects."""
    records = [
        {**asdict(one), "met": one.met, "missed_by": one.missed_by} for one in figures
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(records, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
