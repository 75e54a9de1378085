"""Steps of a dataset's definition, carried out on the rows of one piece at a time.

What chooses by position (take, skip, samples) needs to know how many rows have come to
it before the piece: the list of mini-batches says so, and the result is the same
wherever the table is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from azml_pipelines.data.expression import columns_of, condition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

__all__ = ["Arrivals", "Operation", "OperationKind", "apply", "chosen", "is_positional"]

OperationKind = Literal["keep", "drop", "take", "skip", "sample", "split", "filter"]
_POSITIONAL = frozenset({"take", "skip", "sample", "split"})
_MOST = float(1 << 64)


@dataclass(frozen=True)
class Operation:
    """One step of a definition."""

    kind: OperationKind
    columns: tuple[str, ...] = ()
    """Of ``keep`` and ``drop``."""
    count: int = 0
    """Of ``take`` and ``skip``."""
    share: float = 0.0
    """Of ``sample`` and ``split``, from 0 to 1."""
    seed: int = 0
    rest: bool = False
    """Of ``split``: whether this is the second of the two."""
    expression: Any = None
    """Of ``filter``: see ``data.expression``."""


def is_positional(operation: Operation) -> bool:
    """Whether the place of a row decides about it."""
    return operation.kind in _POSITIONAL


def chosen(operation: Operation, first: int, count: int) -> Any:  # noqa: ANN401
    """Return which of ``count`` rows stay; ``first`` is the place of the first one."""
    import numpy as np  # noqa: PLC0415 - who has rows has paid for it

    places = np.arange(first, first + count, dtype=np.uint64)
    if operation.kind == "take":
        return places < operation.count
    if operation.kind == "skip":
        return places >= operation.count
    below = _scattered(places, operation.seed) < operation.share * _MOST
    return ~below if operation.rest else below


def _scattered(places: Any, seed: int) -> Any:  # noqa: ANN401 - arrays of numpy
    """Return a number below 2**64 for each place, as if by chance (SplitMix64)."""
    import numpy as np  # noqa: PLC0415 - the caller has paid for it

    with np.errstate(over="ignore"):
        start = np.uint64((seed * 0xD1342543DE82EF95 + 1) % (1 << 64))
        mixed = (places + start) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def apply(
    frame: pd.DataFrame, operations: Sequence[Operation], places: Sequence[int] = ()
) -> pd.DataFrame:
    """Carry out operations on rows, and number what is left from 0.

    Args:
        frame: The rows of one piece, all of them.
        operations: In order.
        places: For each positional operation, how many rows came to it before.

    Raises:
        ValueError: A column that is needed is not there.
    """
    if not operations:
        return frame
    before = iter(places)
    for operation in operations:
        if operation.kind in {"keep", "drop"}:
            frame = _columns(frame, operation)
        elif operation.kind == "filter":
            frame = frame[condition(operation.expression, frame)]
        else:
            frame = frame[chosen(operation, next(before, 0), len(frame))]
    return frame.reset_index(drop=True)


def _columns(frame: pd.DataFrame, operation: Operation) -> pd.DataFrame:
    missing = [name for name in operation.columns if name not in frame.columns]
    if missing:
        msg = (
            f"{operation.kind}_columns needs the column {missing[0]!r}; there are "
            f"{', '.join(map(str, frame.columns))}"
        )
        raise ValueError(msg)
    wanted = list(operation.columns)
    return frame[wanted] if operation.kind == "keep" else frame.drop(columns=wanted)


class Arrivals:
    """Counts, piece by piece, how many rows have come to each positional operation."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._operations = operations
        self._counts = [0] * sum(map(is_positional, operations))
        last = max(
            (n for n, o in enumerate(operations) if is_positional(o)), default=-1
        )
        self._must_read = any(o.kind == "filter" for o in operations[: last + 1])

    @property
    def needed(self) -> bool:
        """Whether there is anything to count."""
        return bool(self._counts)

    @property
    def exhausted(self) -> bool:
        """Whether nothing that follows can be chosen."""
        takes = (o.count if o.kind == "take" else None for o in self._positional())
        return any(
            most is not None and count >= most
            for most, count in zip(takes, self._counts)
        )

    def _positional(self) -> list[Operation]:
        return [o for o in self._operations if is_positional(o)]

    def next_piece(
        self, rows: int, read: Callable[[], pd.DataFrame]
    ) -> tuple[list[int], bool]:
        """Count one piece.

        Args:
            rows: How many it has.
            read: Reads it; only called where a filter decides what comes later.

        Returns:
            The places to give to ``apply``, and whether any row may be left.
        """
        places = list(self._counts)
        frame = read() if self._must_read else None
        left, position = rows, 0
        for operation in self._operations:
            if is_positional(operation):
                mask = chosen(operation, self._counts[position], left)
                self._counts[position] += left
                position += 1
                left = int(mask.sum())
                frame = frame[mask] if frame is not None else None
            elif operation.kind == "filter" and frame is not None:
                frame = frame[condition(operation.expression, frame)]
                left = len(frame)
        return places, left > 0


def filter_columns(operations: Sequence[Operation]) -> set[str]:
    """Return the columns that filters need."""
    return {name for o in operations for name in columns_of(o.expression)}
