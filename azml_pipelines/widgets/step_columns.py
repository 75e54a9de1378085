"""Which columns of the step table fit into a terminal. Counts always do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.widgets.step_facts import StepFacts

__all__ = ["Column", "fit", "head", "shorten"]

_BAR_CELLS = (24, 16, 8)
_NAME_CELLS = 6
_GAP = 2
# Dropped in this order when the terminal is too narrow; the others are counts.
_LEAST_IMPORTANT_FIRST = ("elapsed", "rate", "bar", "left", "word")


@dataclass(frozen=True)
class Column:
    """One column: two lines of heading, and as many cells as its content needs."""

    key: str
    heading: tuple[str, str]
    cells: int
    right: bool = False
    gap: int = 2
    """Empty cells after it."""

    def pad(self, text: str) -> str:
        """Return ``text`` in exactly as many cells as the column has."""
        space = " " * max(self.cells - cell_len(text), 0)
        return space + text if self.right else text + space


_HEADINGS = {
    "symbol": ("", ""),
    "word": ("", ""),
    "name": ("", "step"),
    "bar": ("", ""),
    "mini_batches": ("mini-", "batches"),
    "items": ("items", "done"),
    "failed": ("items", "failed"),
    "retries": ("", "retries"),
    "rate": ("", "rate"),
    "left": ("time", "left"),
    "elapsed": ("", "elapsed"),
}
_LEFT_ALIGNED = frozenset({"symbol", "word", "name", "bar"})


def fit(rows: Sequence[StepFacts], width: int) -> list[Column]:
    """Return the columns for ``rows`` that fit into ``width`` cells.

    The bar shrinks first, then the least important columns go, then names are cut.
    State and counts stay, whatever the width.
    """
    columns = {key: _column(key, rows) for key in _HEADINGS}
    for cells in _BAR_CELLS:
        columns["bar"] = Column("bar", _HEADINGS["bar"], cells)
        if _needed(columns) <= width:
            return list(columns.values())
    for key in _LEAST_IMPORTANT_FIRST:
        del columns[key]
        if _needed(columns) <= width:
            return list(columns.values())
    name = columns["name"]
    shorter = max(name.cells - (_needed(columns) - width), _NAME_CELLS)
    columns["name"] = Column("name", name.heading, shorter)
    return list(columns.values())


def head(columns: Sequence[Column], line: int) -> str:
    """Return one of the two lines of headings."""
    return "".join(
        column.pad(column.heading[line]) + " " * column.gap for column in columns
    ).rstrip()


def shorten(text: str, cells: int) -> str:
    """Return ``text`` in at most ``cells`` cells, with an ellipsis where it was cut."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + "…"


def _needed(columns: dict[str, Column]) -> int:
    return sum(column.cells + column.gap for column in columns.values()) - _GAP


def _column(key: str, rows: Sequence[StepFacts]) -> Column:
    heading = _HEADINGS[key]
    texts = ["x"] if key in {"symbol", "bar"} else [getattr(row, key) for row in rows]
    cells = max(cell_len(text) for text in (*heading, *texts))
    gap = 1 if key == "symbol" else _GAP
    return Column(key, heading, cells, right=key not in _LEFT_ALIGNED, gap=gap)
