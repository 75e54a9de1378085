"""How many worker processes a node can have. Pure: fed with what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["process_count"]

_USABLE = 0.8
_MARGIN = 1.25


def process_count(
    cores: int,
    available: int | None,
    used: Sequence[int],
    limit: int | None = None,
) -> int:
    """Return for how many processes cores and memory suffice, at least 1.

    A fifth of the memory stays free, and every process may grow by a quarter of what
    the largest one uses now, but not beyond its limit.

    Args:
        cores: That may be used.
        available: Bytes of memory that nobody uses; None when that is not known.
        used: Bytes that each of the processes uses which run already.
        limit: ``memory_limit_per_process``.
    """
    largest = max(used, default=0)
    if available is None or largest <= 0:
        return 1
    needed = largest * _MARGIN
    if limit is not None:
        needed = min(needed, limit)
    affordable = (available + sum(used)) * _USABLE / needed
    return int(max(1, min(cores, affordable)))
