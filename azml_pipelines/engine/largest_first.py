"""Which mini-batches are handed out first: those that would keep the others waiting.

A mini-batch that takes longer than the rest must not be the last one to begin. How long
each takes is not known beforehand, but how many bytes it has is.
"""

# Paths stay text here: a million Path objects are slow and large.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import json
import os
import threading
from array import array
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from azml_pipelines.compute.report import BundleReport
    from azml_pipelines.engine.ledger import Ledger

__all__ = ["LargestFirst", "heaviest", "weigh"]

_MOST = 200_000
_FEW_ITEMS = 5_000
_WAIT_SECONDS = 0.1
_SECONDS_PER_ITEM = 3e-4
_SHARE = 0.005
_ABOVE_MEAN = 1.2
_LEAST_SECONDS = 0.05
_LOOK_AGAIN = 4
_LONGEST_FILE = 1 << 53


def heaviest(
    weights: Sequence[float], slots: int, seconds_per_byte: float | None
) -> list[int]:
    """Return the mini-batches that are worth to be handed out alone, heaviest first.

    Args:
        weights: Bytes of each mini-batch.
        slots: Worker processes of the step.
        seconds_per_byte: As measured, if anything was.

    Returns:
        Those that weigh more than others and at least half a percent of what each
        process has to do; none that takes less than 50 ms.
    """
    total = sum(weights)
    if not total:
        return []
    least = max(_SHARE * total / slots, _ABOVE_MEAN * total / len(weights))
    if seconds_per_byte:
        least = max(least, _LEAST_SECONDS / seconds_per_byte)
    found = [index for index, weight in enumerate(weights) if weight >= least]
    found.sort(key=lambda index: -weights[index])
    return found


def weigh(lines: Iterable[bytes], roots: Sequence[str]) -> array[float]:
    """Return the bytes of each mini-batch; a file that is gone weighs nothing.

    Args:
        lines: Of the frozen list.
        roots: Folder of each input of the step.
    """
    weights = array("d")
    starts = [os.path.join(root, "") for root in roots]
    for line in lines:
        number, items, payload, *_ = json.loads(line)
        if items:
            start = starts[number]
            weights.append(sum(_size(start + path) for path in payload))
        else:
            weights.append(_length(starts[number], payload))
    return weights


def _length(root: str, payload: Sequence[object]) -> int:
    """Return the bytes of a piece of a table, or of its files if it has no end."""
    match payload:
        case [_, int(start), int(end), *_] if start < end <= _LONGEST_FILE:
            return end - start
        case [str(path), *_]:
            return _size(root + path)
        case [[*paths], *_]:
            return sum(_size(f"{root}{path}") for path in paths)
        case _:
            return 0


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


class LargestFirst:
    """Changes the order in which a ledger hands out, as soon as sizes are known.

    Sizes cost a look at every file, so they are found out only for lists that are not
    too long, and where mini-batches take so long that this costs next to nothing.

    Args:
        path: The frozen list.
        roots: Folder of each input of the step.
        slots: Worker processes of the step.
    """

    def __init__(self, path: Path, roots: Sequence[str], slots: int) -> None:
        self._path = path
        self._roots = roots
        self._slots = slots
        self._thread: threading.Thread | None = None
        self._weights: array[float] | None = None
        self._bytes = 0.0
        self._seconds = 0.0
        self._seen = 0
        self._next_look = 0

    def begin(self, ledger: Ledger, items: int | None) -> None:
        """Put a short list in order before any of it is handed out.

        Args:
            ledger: Of the step.
            items: How many the list has, if somebody has counted them.
        """
        if ledger.sealed and (items or ledger.total) <= _FEW_ITEMS:
            self._start(ledger.total)
            if self._thread is not None:
                self._thread.join(_WAIT_SECONDS)
            self._look(ledger)

    def observe(self, report: BundleReport, ledger: Ledger) -> None:
        """Learn from a report, and put the rest in order when that is due."""
        weights = self._weights
        if weights is None:
            long = report.sums.seconds > _SECONDS_PER_ITEM * report.sums.items
            if long and ledger.sealed and self._thread is None:
                self._start(ledger.total)
            return
        if len(weights) == ledger.total:
            self._seconds += report.sums.seconds
            self._bytes += sum(map(weights.__getitem__, report.mini_batches))
            self._seen += report.sums.mini_batches
            self._look(ledger)

    def _look(self, ledger: Ledger) -> None:
        weights = self._weights
        if weights is None or self._seen < self._next_look:
            return
        self._next_look = max(1, _LOOK_AGAIN * self._seen)
        rate = self._seconds / self._bytes if self._bytes else None
        ledger.prefer(heaviest(weights, self._slots, rate))

    def _start(self, total: int) -> None:
        if total > _MOST:
            return

        def run() -> None:
            with self._path.open("rb") as file:
                self._weights = weigh(islice(file, total), self._roots)

        self._thread = threading.Thread(target=run, name="weighing", daemon=True)
        self._thread.start()
