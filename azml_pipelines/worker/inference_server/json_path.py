"""The part of JSONPath that filters of records are written in.

``$``, ``.name``, ``['a','b']``, ``[1]``, ``[-1]``, ``[1,3]``, ``[1:4]``, ``[1:]``,
``*``.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["BadPathError", "JsonPath", "NothingThereError"]

_STEP = re.compile(
    r"""
    \.(?P<name>[A-Za-z_]\w*) | (?P<all>\.\*|\[\*\])
    | \[(?P<names>\s*'[^']*'(?:\s*,\s*'[^']*')*\s*)\]
    | \[(?P<begin>-?\d*)\s*:\s*(?P<end>-?\d*)\]
    | \[(?P<indexes>\s*-?\d+(?:\s*,\s*-?\d+)*\s*)(?P<open>,\s*)?:?\]
    """,
    re.VERBOSE,
)
_LONGEST = 63


class BadPathError(ValueError):
    """The text is no path that is understood here."""


class NothingThereError(Exception):
    """A record has nothing at the path."""


class JsonPath:
    """One path, ready to be applied to records.

    Args:
        text: Begins with ``$``.

    Raises:
        BadPathError: It is longer than 63 characters, or not of the accepted form.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._steps: list[re.Match[str]] = []
        if not text.startswith("$") or len(text) > _LONGEST:
            raise BadPathError(_accepted(text))
        at = 1
        while at < len(text):
            step = _STEP.match(text, at)
            if step is None:
                raise BadPathError(_accepted(text))
            self._steps.append(step)
            at = step.end()

    @property
    def is_everything(self) -> bool:
        """Whether a record is returned as it is."""
        return not self._steps

    def of(self, record: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return what a record has at this path.

        Raises:
            NothingThereError: A name or an index is missing.
        """
        found = record
        for step in self._steps:
            try:
                found = _taken(found, step)
            except (KeyError, IndexError, TypeError) as error:
                msg = f"a record has nothing at {self._text}"
                raise NothingThereError(msg) from error
        return found


def _taken(  # noqa: PLR0911 - one per form
    record: Any,  # noqa: ANN401 - any JSON
    step: re.Match[str],
) -> Any:  # noqa: ANN401 - any JSON
    if step["name"] is not None:
        return record[step["name"]]
    if step["all"] is not None:
        return list(record.values()) if isinstance(record, dict) else list(record)
    if step["names"] is not None:
        names = re.findall(r"'([^']*)'", step["names"])
        if len(names) == 1:
            return record[names[0]]
        return {name: record[name] for name in names}
    if step["indexes"] is not None:
        indexes = [int(index) for index in step["indexes"].split(",")]
        if len(indexes) == 1:
            return record[indexes[0]]
        return [record[index] for index in indexes]
    begin, end = (int(text) if text else None for text in (step["begin"], step["end"]))
    if not isinstance(record, list):
        raise TypeError
    return record[begin:end]


def _accepted(text: str) -> str:
    return (
        f"{text!r} is no path that is understood. Give $, $.name, $['a','b'], $[0], "
        f"$[0,2], $[1:] or $[-1], at most {_LONGEST} characters"
    )
