"""Version 1's error arithmetic once more, written from its description alone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Case", "Try", "predict"]


@dataclass(frozen=True)
class Try:
    """One try: ``returned`` results, None when it failed; ``stray``: nobody's fault."""

    returned: int | None
    stray: bool = False


@dataclass(frozen=True)
class Case:
    """What a step may lose, and what happens to each of its mini-batches."""

    max_try: int
    error_threshold: int
    failed_count: int | None
    failed_percent: float | None
    items: tuple[int, ...]
    tries: tuple[tuple[Try, ...], ...]


def settle(case: Case, number: int) -> tuple[int, int, bool]:
    """Return the items that succeeded and failed of a mini-batch, and whether it did."""
    items, charged, strays = case.items[number], 0, 0
    for one in case.tries[number]:
        if one.returned is not None:
            return one.returned, max(items - one.returned, 0), False
        strays += one.stray
        charged += not one.stray
        if charged == case.max_try or strays == 10:
            break
    return 0, items, True


def predict(case: Case) -> tuple[str, int, int, int, int]:
    """Return the end, and settled mini-batches, failed ones, good and failed items."""
    done = failed = good = bad = 0
    for number in range(len(case.items)):
        succeeded, lost, gave_up = settle(case, number)
        done, failed = done + 1, failed + gave_up
        good, bad = good + succeeded, bad + lost
        last = number == len(case.items) - 1
        percent = case.failed_percent if last else None
        if (
            0 <= case.error_threshold < bad
            or (case.failed_count is not None and 0 <= case.failed_count < failed)
            or (
                percent is not None
                and 100 * failed > Fraction(percent) * len(case.items)
            )
        ):
            return "threshold", done, failed, good, bad
    return "finished" if good else "nothing", done, failed, good, bad
