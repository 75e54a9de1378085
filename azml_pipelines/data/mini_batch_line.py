"""What the payload of a mini-batch's line names, for whoever describes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ListedItems", "described_piece", "paths_of"]


@dataclass(frozen=True)
class ListedItems:
    """What a line of the frozen list names; nothing when the line is lost."""

    items: int = 0
    """0 for tables, whose rows nobody has counted."""
    content: Sequence[Any] = field(default_factory=tuple)

    @classmethod
    def of_line(cls, line: bytes) -> ListedItems:
        """Read a line."""
        try:
            _, items, content, *_ = json.loads(line)
        except ValueError:
            return cls()
        return cls(items, content)

    @property
    def paths(self) -> list[str]:
        """The files, relative to the root of their input."""
        return paths_of(self.items, self.content) if self.content else []

    def names(self, first: int, count: int) -> list[str]:
        """Return the names of some items; of a table, one text for all of the rows."""
        if self.items:
            return [str(name) for name in self.content[first : first + count]]
        if not self.content:
            return ["an item that the lost list of mini-batches named"]
        return [f"{described_piece(self.content)}{_rows(first, count)}"]


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


def _rows(first: int, count: int) -> str:
    if not count:
        return ""
    return f" row {first}" if count == 1 else f" rows {first}-{first + count - 1}"
