"""What the payload of a mini-batch's line names, for whoever describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["described_piece", "paths_of"]


def paths_of(items: int, payload: Sequence[Any]) -> list[str]:
    """Return the files of a mini-batch, relative to the root of its input."""
    if items:
        return list(payload)
    return [payload[0]] if isinstance(payload[0], str) else list(payload[0])


def described_piece(payload: Sequence[Any]) -> str:
    """Return words for the rows of a table that a mini-batch has."""
    where, start, end, *_ = payload
    if not isinstance(where, str):
        return where[0] if len(where) == 1 else f"{where[0]} to {where[-1]}"
    if end < start:
        return f"{where} from {start} on"
    unit = "rows" if where.endswith(".parquet") else "bytes"
    return f"{where} {unit} {start}-{end}"
