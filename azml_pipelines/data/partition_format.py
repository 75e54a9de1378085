"""Values in the paths of files: what ``partition_format`` says, and what it finds."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import quote, unquote

from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from azml_pipelines.data.column_types import ColumnType

__all__ = [
    "NULL_FOLDER",
    "Partition",
    "PartitionFormatError",
    "folder_of",
    "partition_names",
]

NULL_FOLDER, _EMPTY_FOLDER = "%null", "%empty"
"""Names that no value has: a percent sign in one is written as ``%25``."""
_PART = re.compile(r"\{\{|\}\}|\{(?P<inside>[^{}]*)\}|[{}]|\*|[^{}*]+")
_DATE_PART = re.compile(r"yyyy|MM|dd|HH|mm|ss")
_DIGITS = {"yyyy": 4, "MM": 2, "dd": 2, "HH": 2, "mm": 2, "ss": 2}
_IN_ORDER = ("yyyy", "MM", "dd", "HH", "mm", "ss")
_MISSING = frozenset({"nan", "NaT", "<NA>"})
_RESERVED = frozenset({"Path"})
_NAME = re.compile(r"[^\s{}/:*\\](?:[^{}/:*\\]*[^\s{}/:*\\])?")


class PartitionFormatError(ValueError):
    """The text is no partition format; the message says why."""


@dataclass(frozen=True)
class _Pattern:
    """A partition format, compiled."""

    regex: str
    names: tuple[str, ...]
    """Columns in order of appearance, the one with dates last."""
    groups: tuple[str, ...]
    """Their groups in the expression, dates excepted."""
    date: Optional[str] = None  # noqa: UP045 - loaded by workers, Python 3.9


def partition_names(text: str) -> tuple[str, ...]:
    """Return the columns of a partition format, the one with dates last.

    Raises:
        PartitionFormatError: It is none.
    """
    return _compiled(text).names


@dataclass(frozen=True)
class Partition:
    """How the values of partition columns are found in the path of a file."""

    format: str
    prefix: str = ""
    """What the path has in front of the one that is relative to the root."""
    encoded: bool = False
    """Whether ``partition_by`` wrote the folders: values are percent-encoded."""
    types: dict[str, ColumnType] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns, in order."""
        return self._pattern.names

    @cached_property
    def _pattern(self) -> _Pattern:
        return _compiled(self.format)

    @cached_property
    def _expressions(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        regex = self._pattern.regex
        front = ".*" if self.format.startswith("/") else "(?:.*/)?"
        # As far right as it goes and up to the end; else anywhere, as version 1 does.
        return re.compile(f"{front}{regex}", re.DOTALL), re.compile(regex, re.DOTALL)

    def values(self, path: str) -> dict[str, Any]:
        """Return the value of each column in a path.

        Args:
            path: Of a file, relative to the root of its dataset.

        Raises:
            ValueError: The path does not look like that.
        """
        whole = f"{self.prefix}/{path}"
        match = self._match(whole)
        if match is None:
            msg = f"{path!r} does not match partition_format={self.format!r}"
            raise ValueError(msg)
        pattern = self._pattern
        values: dict[str, Any] = {
            name: self._value(name, match[group])
            for name, group in zip(pattern.names, pattern.groups)
        }
        if pattern.date is not None:
            values[pattern.date] = _date(match, path)
        return values

    def _match(self, whole: str) -> Optional[re.Match[str]]:  # noqa: UP045
        to_the_end, anywhere = self._expressions
        if self.format.startswith("/") and "*" in self.format:
            # A wildcard takes as much as it likes, so the first place counts.
            return anywhere.search(whole)
        return to_the_end.fullmatch(whole) or anywhere.search(whole)

    def _value(self, name: str, text: str) -> Any:  # noqa: ANN401 - of the column's type
        if not self.encoded:
            return text
        if text in {NULL_FOLDER, _EMPTY_FOLDER}:
            return None if text == NULL_FOLDER else ""
        kind = self.types.get(name)
        read = _READERS[kind.kind if kind else "string"]
        return read(unquote(text))

    def add_to(self, frame: pd.DataFrame, path: str) -> pd.DataFrame:
        """Add the partition columns of a file behind the others."""
        import pandas as pd  # noqa: PLC0415 - who has rows has paid for it

        for name, value in self.values(path).items():
            kind = self.types.get(name)
            if value is not None:
                frame[name] = value
            elif kind is None or kind.kind == "string":
                frame[name] = pd.Series(None, index=frame.index, dtype="str")
            else:
                nothing = _NULLABLE[kind.kind]
                frame[name] = pd.Series(None, index=frame.index, dtype=nothing)
        return frame


_NULLABLE = {
    "integer": "Int64",
    "float": "float64",
    "boolean": "boolean",
    "datetime": "datetime64[ns]",
}


_READERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": lambda text: text == "True",
    "datetime": dt.datetime.fromisoformat,
}


def folder_of(value: object) -> str:
    """Return the name of the folder of a value, the same for the same value only."""
    missing = not isinstance(value, str) and str(value) in _MISSING
    if value is None or missing:
        return NULL_FOLDER
    text = value.isoformat() if isinstance(value, dt.datetime) else str(value)
    # A dot ends a value in a partition format.
    return quote(text, safe=" +-_").replace(".", "%2E") or _EMPTY_FOLDER


def _compiled(text: str) -> _Pattern:
    if not isinstance(text, str):
        msg = f"partition_format={shown(text)} is no text"
        raise PartitionFormatError(msg)
    regex: list[str] = []
    groups: dict[str, str] = {}
    date: Optional[str] = None  # noqa: UP045 - Python 3.9
    for match in _PART.finditer(text):
        piece, inside = match[0], match["inside"]
        if piece in {"{{", "}}"}:
            regex.append(re.escape(piece[0]))
        elif piece == "*":
            regex.append(".*?")
        elif piece in {"{", "}"}:
            msg = (
                f"partition_format={shown(text)} has a {piece} that is not closed or "
                "opened"
            )
            raise PartitionFormatError(msg)
        elif inside is None:
            regex.append(re.escape(piece))
        elif ":" in inside:
            if date is not None:
                msg = (
                    f"partition_format={shown(text)} has several dates; one is allowed"
                )
                raise PartitionFormatError(msg)
            name, _, form = inside.partition(":")
            date = _checked_name(text, name)
            regex.append(_date_regex(text, form))
        else:
            name = _checked_name(text, inside)
            known = groups.get(name)
            group = groups.setdefault(name, f"value{len(groups)}")
            regex.append(f"(?P={group})" if known else rf"(?P<{group}>[^./\\]+)")
    if date in groups or not (groups or date):
        what = f"uses {shown(date)} twice" if date else "names no column"
        msg = (
            f"partition_format={shown(text)} {what}; write a path such as "
            "'/{key}/*.csv'"
        )
        raise PartitionFormatError(msg)
    names = (*groups, *([date] if date else []))
    return _Pattern("".join(regex), names, tuple(groups.values()), date)


def _checked_name(text: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        msg = f"partition_format={shown(text)}: {shown(name)} cannot name a column"
        raise PartitionFormatError(msg)
    if name in _RESERVED:
        msg = (
            f"partition_format={shown(text)}: the name {shown(name)} is reserved; take "
            "another"
        )
        raise PartitionFormatError(msg)
    return name


def _date_regex(text: str, form: str) -> str:
    parts = _DATE_PART.findall(form)
    wrong = None
    if "yyyy" not in parts:
        wrong = "has a date without a year (yyyy)"
    elif len(set(parts)) < len(parts):
        wrong = "has a part of the date twice"
    elif set(parts) != set(_IN_ORDER[: len(parts)]):
        wrong = "leaves out a part in the middle of its date"
    if wrong:
        msg = (
            f"partition_format={shown(text)} {wrong}; write a date such as "
            "{name:yyyy/MM/dd/HH/mm/ss}, from the year on"
        )
        raise PartitionFormatError(msg)
    pieces = _DATE_PART.split(form)
    regex = re.escape(pieces[0])
    for part, rest in zip(parts, pieces[1:]):
        regex += rf"(?P<{part}>\d{{{_DIGITS[part]}}}){re.escape(rest)}"
    return regex


def _date(match: re.Match[str], path: str) -> dt.datetime:
    found = match.groupdict()
    numbers = [int(found[part]) for part in _IN_ORDER if found.get(part)]
    numbers += [1] * (3 - len(numbers))
    try:
        return dt.datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - as the path says
    except ValueError as error:
        msg = f"{path!r} holds a date that does not exist: {error}"
        raise ValueError(msg) from error
