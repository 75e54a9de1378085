"""What becomes of the results of ``run()``: rows for one file, or nothing but a count.

Runs in workers, so it imports neither pandas nor numpy: results of those types are
known by the modules that the user's script has loaded.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from azml_pipelines.data.frame_text import frame_text
from azml_pipelines.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AppendRow",
    "ItemResults",
    "OutputAction",
    "ResultTooLargeError",
    "Rows",
    "SummaryOnly",
    "WrongReturnError",
    "output_actions",
]

_ACCEPTED = "a list, a tuple, a numpy array or a pandas DataFrame"
_ODD_NAMES = "surrogateescape"
"""How names of files that are not UTF-8 become their bytes again."""
_FRAME_OPTIONS = {"sep": " ", "index": False, "lineterminator": "\n"}


class ResultTooLargeError(Exception):
    """The rows of one mini-batch are more than may be kept."""


class WrongReturnError(Exception):
    """``run()`` returned something that is not a sequence of results."""


@dataclass(frozen=True)
class Rows:
    """The results of one mini-batch, ready to be written."""

    count: int
    """Returned elements: the items that succeeded."""
    text: bytes = b""
    header: bytes = b""
    """The header line these rows would have; only asked for with DataFrames."""


@dataclass(frozen=True)
class ItemResults:
    """What entries of ours return: rows, and how many items these are all of.

    A script is known by the number of its results; a server may give any number of
    rows for one file.
    """

    rows: Any
    """Lines of text; a DataFrame for a step with an ``output_format``."""
    items: int


class OutputAction(Protocol):
    """Turns what ``run()`` returned into rows."""

    def rows(self, result: Any) -> Rows:  # noqa: ANN401 - whatever the user returns
        """Count the results and format them.

        Raises:
            WrongReturnError: The result is of a type that is not accepted.
            UnicodeEncodeError: A row holds a character that UTF-8 cannot write.
        """


def _loaded(module: str, name: str) -> type | None:
    loaded = sys.modules.get(module)
    found = getattr(loaded, name, None)
    return found if isinstance(found, type) else None


def _is(result: object, module: str, name: str) -> bool:
    kind = _loaded(module, name)
    return kind is not None and isinstance(result, kind)


def _as_sequence(result: Any) -> Sequence[Any]:  # noqa: ANN401 - whatever the user returns
    if isinstance(result, (list, tuple)):
        return result
    if _is(result, "numpy", "ndarray"):
        if result.ndim > 0:
            return list(result)
    elif _is(result, "pandas", "Series"):
        return list(result)
    msg = f"run() returned {type(result).__name__}; expected {_ACCEPTED}"
    raise WrongReturnError(msg)


@dataclass(frozen=True)
class SummaryOnly:
    """Counts results; the script writes what it wants to keep."""

    def rows(self, result: Any) -> Rows:  # noqa: ANN401 - whatever the user returns
        """See ``OutputAction``."""
        if _is(result, "pandas", "DataFrame"):
            return Rows(len(result))
        if isinstance(result, ItemResults):
            return Rows(result.items)
        return Rows(len(_as_sequence(result)))


@dataclass(frozen=True)
class AppendRow:
    """One line per returned element, or the lines of a DataFrame.

    Elements are written as ``str(element)`` without quoting. DataFrames are written
    with a space between columns, without header and index, unless ``to_csv_options``
    says otherwise (version 1's ``parallel_run_step.settings.json``).
    """

    header: bool = False
    to_csv_options: dict[str, Any] = field(default_factory=dict)
    max_result_bytes: int = 1 << 28

    def rows(self, result: Any) -> Rows:  # noqa: ANN401 - whatever the user returns
        """See ``OutputAction``."""
        if isinstance(result, (list, tuple)):
            return Rows(len(result), self._lines(result))
        if _is(result, "pandas", "DataFrame"):
            return self._frame_rows(result)
        if isinstance(result, ItemResults):
            return Rows(result.items, self._lines(result.rows))
        elements = _as_sequence(result)
        return Rows(len(elements), self._lines(elements))

    def _lines(self, elements: Sequence[Any]) -> bytes:
        if not elements:
            return b""
        text = "\n".join(map(str, elements)) + "\n"
        return self._bounded(text.encode("utf-8", _ODD_NAMES))

    def _bounded(self, rows: bytes) -> bytes:
        if len(rows) > self.max_result_bytes:
            msg = (
                f"run() returned {len(rows)} bytes of rows; "
                f"max_result_bytes={self.max_result_bytes}"
            )
            raise ResultTooLargeError(msg)
        return rows

    def _frame_rows(self, frame: Any) -> Rows:  # noqa: ANN401 - a DataFrame
        options = {**_FRAME_OPTIONS, **self.to_csv_options}
        names = options.pop("header", None)
        # An empty table may lack the columns that the others have.
        wanted = len(frame) > 0 and (self.header or bool(names))
        header = names if isinstance(names, list) else True
        rows = frame_text(frame, {**options, "header": False}, _ODD_NAMES)
        names_line = b""
        if wanted:
            names_line = frame_text(
                frame.iloc[:0], {**options, "header": header}, _ODD_NAMES
            )
        return Rows(len(frame), self._bounded(rows), names_line)


output_actions: Registry[type] = Registry(
    "output action",
    {
        "append_row": "azml_pipelines.data.output_action:AppendRow",
        "summary_only": "azml_pipelines.data.output_action:SummaryOnly",
    },
    "azml_pipelines.output_actions",
)
