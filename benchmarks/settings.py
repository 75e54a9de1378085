"""How much is measured, and where its files lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.rounds import OURS, Side

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """Given to every workload."""

    place: Path
    """An empty folder for its input files."""
    rounds: int = 3
    quick: bool = False
    """Small sizes: whether everything works, not how fast it is."""
    against: frozenset[str] | None = None
    """Names of the alternatives to take; all of them if None."""

    def size(self, full: int, quick: int) -> int:
        """Return one of two sizes."""
        return quick if self.quick else full

    def at_most(self, rounds: int) -> int:
        """Return how many rounds something slow gets."""
        return min(self.rounds, rounds)

    def sides(self, *alternatives: Side) -> list[Side]:
        """Return us and the alternatives that are wanted."""
        wanted = [
            side
            for side in alternatives
            if self.against is None or side.name in self.against
        ]
        return [OURS, *wanted]
