"""What a test has found: one line for people, one record for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

__all__ = ["NotRunError", "Size", "Verdict", "shown"]


class NotRunError(Exception):
    """This machine or this version cannot run the test; the message says why."""


class Size(Enum):
    """How much of a test is run: ``slice`` in every build, ``short`` by ``make chaos``."""

    SLICE = "slice"
    SHORT = "short"
    FULL = "full"

    def of(self, tiny: int, short: int, full: int) -> int:
        """Return the number that belongs to this size."""
        return {Size.SLICE: tiny, Size.SHORT: short, Size.FULL: full}[self]


@dataclass
class Verdict:
    """Figures in the order in which they are printed, and whether they are good enough."""

    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """What must hold and did not; none makes the test ok."""
    not_reached: list[str] = field(default_factory=list)
    """Figures that fell short of the catalogue's, with the reason."""
    not_run: str | None = None

    @property
    def ok(self) -> bool | None:
        """None when the test could not run."""
        return None if self.not_run else not self.problems

    def note(self, **figures: Any) -> None:
        """Add figures; underscores in their names become spaces."""
        for name, value in figures.items():
            title = name.replace("_", " ").replace("mini batches", "mini-batches")
            self.figures[title] = value

    def demand(self, holds: bool, otherwise: str) -> None:
        """Note a problem unless ``holds``."""
        if not holds:
            self.problems.append(otherwise)

    def reach(self, what: str, value: float, target: float, reason: str) -> None:
        """Note ``what`` as not reached when ``value`` is below ``target``."""
        if value < target:
            self.not_reached.append(f"{what} {value:g} of {target:g} ({reason})")

    def line(self, test: str, seconds: float, seed: int) -> str:
        """Return the one line of this test."""
        if self.not_run:
            return f"{test} NOT RUN: {self.not_run}"
        parts = [f"{test} {'ok' if self.ok else 'NOT OK'}"]
        parts += [f"{name} {shown(value)}" for name, value in self.figures.items()]
        parts += [f"not reached: {text}" for text in self.not_reached]
        if self.problems:
            more = len(self.problems) - 3
            text = "; ".join(self.problems[:3])
            parts.append(f"because: {text}{f'; and {more} more' if more > 0 else ''}")
        parts += [f"{seconds:.0f} s", f"seed {seed}"]
        return " | ".join(" ".join(part.split()) for part in parts)

    def record(self, test: str, seconds: float, seed: int) -> dict[str, Any]:
        """Return what ``build/chaos.json`` keeps."""
        record: dict[str, Any] = {"test": test, "ok": self.ok, **self.figures}
        if self.not_run:
            record["not run"] = self.not_run
        record |= {"problems": self.problems, "not reached": self.not_reached}
        return record | {"seconds": round(seconds, 1), "seed": seed}


def shown(value: object) -> str:
    """Return a figure as it is printed."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
