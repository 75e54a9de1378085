"""Records put together into pieces, by their bytes or by their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.data.table_format import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from azml_pipelines.data.mini_batch_size import MiniBatchSize
    from azml_pipelines.data.record_scan import Window

__all__ = ["AUTO_BYTES", "cut_records"]

AUTO_BYTES = 1 << 20
"""Of a piece whose size the run is to find out."""


def cut_records(
    windows: Iterable[Window], size: MiniBatchSize, *, count_rows: bool = False
) -> Iterator[Piece]:
    """Cut text into pieces; blank lines belong to the piece before them."""
    if size.unit == "rows":
        return _by_rows(windows, size.amount)
    return _by_bytes(windows, size.amount or AUTO_BYTES, count_rows=count_rows)


def _by_bytes(
    windows: Iterable[Window], size: int, *, count_rows: bool
) -> Iterator[Piece]:
    start: int | None = None
    end = rows = 0
    closed = False
    for window in windows:
        unit, length, index = window.shape.unit, len(window.data), 0
        count = _counter(window) if count_rows else None
        while index < length:
            if start is None or closed:
                index = window.skip_blank_lines(index)
                end = window.start + index * unit
                if index == length:
                    break
                if start is not None:
                    yield Piece(start, end, rows if count else None)
                start, rows = end, 0
            # A window ends where a record does, so a piece may always end there.
            wanted = (start + size - 1 - window.start) // unit
            closed = wanted < length
            stop = window.end_from(max(wanted, index)) if closed else length
            if count is not None:
                rows += count(index, stop)
            index = stop
            end = window.start + index * unit
    if start is not None:
        yield Piece(start, end, rows if count_rows else None)


def _counter(window: Window) -> Callable[[int, int], int]:
    """Return what counts the rows between two indexes of a window."""
    starts = window.row_starts()

    def count(first: int, stop: int) -> int:
        return int(starts.searchsorted(stop) - starts.searchsorted(first))

    return count


def _by_rows(windows: Iterable[Window], amount: int) -> Iterator[Piece]:
    start: int | None = None
    end = rows = 0
    for window in windows:
        starts = window.row_starts()
        if start is None and len(starts):
            start = window.start + int(starts[0]) * window.shape.unit
        for index in starts[amount - rows :: amount].tolist():
            here = window.start + index * window.shape.unit
            yield Piece(start or 0, here, amount)
            start = here
            rows -= amount
        rows += len(starts)
        end = window.stop
    if start is not None:
        yield Piece(start, end, rows)
