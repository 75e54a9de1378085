"""Text in files that people open in a spreadsheet: nothing of it is a formula."""

from __future__ import annotations

__all__ = ["for_spreadsheet"]

_STARTS_A_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)


def for_spreadsheet(text: str) -> str:
    """Return a cell that spreadsheets show as it is, with ``'`` before a formula.

    The CSV writer has to quote it as well. Only for files made for people, such as
    ``failed_items.csv``: data is written as it is.
    """
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
