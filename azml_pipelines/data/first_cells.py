"""The first rows of files as plain cells, and the types that these show.

Declaring a dataset must not take the second that pandas does, so this is done without.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import json
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.column_types import LOOKED_AT_ROWS, ColumnType
from azml_pipelines.data.compressed import TextFile
from azml_pipelines.data.delimited import text_begin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["FirstCells", "delimited_cells", "json_cells", "shown_types"]

_LOOKED_AT_BYTES = 1 << 20
_DAY_FIRST, _MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"
_DATE = re.compile(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}([ T]\d{1,2}:\d{2}.*)?")
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf")
_BOOLEAN = frozenset({"True", "TRUE", "true", "False", "FALSE", "false"})
_LIMIT = 1 << 63
_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y/%m/%d",
    _MONTH_FIRST,
    _DAY_FIRST,
    f"{_MONTH_FIRST} %H:%M:%S",
    f"{_DAY_FIRST} %H:%M:%S",
)


@dataclass(frozen=True)
class FirstCells:
    """The first rows of a file."""

    names: tuple[str, ...]
    """Of the columns; empty for a file without names or rows."""
    rows: list[list[Any]]
    """Text, or for JSON whatever stands there; None for null."""
    types: dict[str, str] = field(default_factory=dict)
    """Arrow's names of the types, where the file itself says what they are."""


@dataclass(frozen=True)
class ShownType:
    """What the cells of a column show."""

    type: ColumnType
    ambiguous: bool = False
    """Whether days and months may have changed places."""


def delimited_cells(
    path: str, separator: str, encoding: str, *, header: bool
) -> FirstCells:
    """Return the first rows of delimited text.

    Raises:
        OSError: The file cannot be read.
        UnicodeError: It is written in another encoding.
        csv.Error: It is too strange to look at.
    """
    records = _records(_text(path, encoding), separator)
    names = next(records, None) if header else None
    rows: list[list[Any]] = list(islice(records, LOOKED_AT_ROWS))
    if names is None and rows:
        names = [f"Column{number + 1}" for number in range(len(rows[0]))]
    rows = [[cell or None for cell in row] for row in rows]
    return FirstCells(tuple(names or ()), rows)


def _text(path: str, encoding: str) -> str:
    """Return the beginning of a text, up to the end of a line."""
    file = TextFile()
    try:
        codec, start = text_begin(file, path, encoding)
        raw = file.read(path, start, _LOOKED_AT_BYTES)
    finally:
        file.close()
    whole = len(raw) < _LOOKED_AT_BYTES
    text = codecs.getincrementaldecoder(codec)().decode(raw, final=whole)
    return text if whole else text[: text.rfind("\n") + 1]


def _records(text: str, separator: str) -> Iterator[list[str]]:
    for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        if any(cell.strip(" \t") for cell in record) or len(record) > 1:
            yield record


def json_cells(path: str, encoding: str) -> FirstCells:
    """Return the first rows of JSON lines; lines that are none are left out.

    Raises:
        OSError: The file cannot be read.
        UnicodeError: It is written in another encoding.
    """
    objects = list(islice(_objects(_text(path, encoding)), LOOKED_AT_ROWS))
    names = tuple(dict.fromkeys(name for one in objects for name in one))
    return FirstCells(names, [[one.get(name) for name in names] for one in objects])


def _objects(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def shown_types(cells: FirstCells) -> dict[str, ShownType]:
    """Return the type of each column, as its cells show it."""
    return {
        name: _shown([row[number] for row in cells.rows if number < len(row)])
        for number, name in enumerate(cells.names)
    }


def _shown(column: Sequence[Any]) -> ShownType:
    cells = [cell for cell in column if cell is not None]
    if not cells:
        return ShownType(ColumnType("string"))
    kinds = {type(cell) for cell in cells}
    if kinds == {str}:
        return _of_text([str(cell) for cell in cells])
    if kinds == {bool}:
        return ShownType(ColumnType("boolean"))
    if kinds == {int} and all(abs(cell) < _LIMIT for cell in cells):
        return ShownType(ColumnType("integer"))
    if kinds <= {int, float}:
        return ShownType(ColumnType("float"))
    return ShownType(ColumnType("string"))


def _of_text(cells: list[str]) -> ShownType:
    stripped = [cell.strip() for cell in cells]
    if all(_INTEGER.fullmatch(cell) and abs(int(cell)) < _LIMIT for cell in stripped):
        return ShownType(ColumnType("integer"))
    if all(_FLOAT.fullmatch(cell) for cell in stripped):
        return ShownType(ColumnType("float"))
    if all(cell in _BOOLEAN for cell in cells):
        return ShownType(ColumnType("boolean"))
    forms = []
    if all(map(_DATE.fullmatch, stripped)):
        forms = [form for form in _FORMATS if _all_are(stripped, form)]
    if not forms:
        return ShownType(ColumnType("string"))
    first = forms[0]
    other = first.replace(_MONTH_FIRST, _DAY_FIRST)
    return ShownType(
        ColumnType("datetime", (first,)), other != first and other in forms
    )


def _all_are(cells: Sequence[str], form: str) -> bool:
    try:
        for cell in cells:
            dt.datetime.strptime(cell, form)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True
