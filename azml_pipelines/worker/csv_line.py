"""Cells as one line of CSV. A row is a line: a line end inside of a cell is escaped."""

from __future__ import annotations

import json
import re

__all__ = ["csv_cell", "one_line"]

_QUOTED = re.compile(r'[",]')
_LINE_ENDS = re.compile(r"[\r\n]")


def csv_cell(text: str) -> str:
    """Return text as a cell: quoted where it has to be, and on one line."""
    text = one_line(text)
    if _QUOTED.search(text):
        return '"{}"'.format(text.replace('"', '""'))
    return text


def one_line(text: str) -> str:
    """Return text that has line ends as the text of JSON, and any other as it is."""
    return json.dumps(text, ensure_ascii=False) if _LINE_ENDS.search(text) else text
