"""How values and names appear in messages: short, on one line, with a close match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "listed", "shown"]

_MOST_CHARACTERS = 80
_LISTED_CHARACTERS = 100


def shown(value: object, limit: int = _MOST_CHARACTERS) -> str:
    """Return the ``repr`` of a user's value, as a message can hold it.

    Secrets are masked, line breaks and control characters are escaped, and of a long
    value only beginning and end are left: at most ``limit`` characters in all.
    """
    return _cut(printable(" ".join(_repr(value, limit).split())), limit)


def listed(names: Iterable[str], limit: int = _LISTED_CHARACTERS) -> str:
    """Return names joined by commas, and how many more there are; ``none`` for none."""
    every = [printable(str(name)) for name in names]
    some: list[str] = []
    for name in every:
        short = _cut(name, limit)
        if some and len(", ".join([*some, short])) > limit:
            break
        some.append(short)
    rest = len(every) - len(some)
    return (", ".join(some) + (f" and {rest} more" if rest else "")) or "none"


def did_you_mean(name: object, names: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the closest of ``names``, or nothing."""
    import difflib  # noqa: PLC0415 - only wrong names need it

    text = name if isinstance(name, str) else _repr(name, _MOST_CHARACTERS)
    close = difflib.get_close_matches(text[:_MOST_CHARACTERS], list(names), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _repr(value: object, limit: int) -> str:
    if isinstance(value, (str, bytes)) and len(value) > 4 * limit:
        # Looking for secrets in a megabyte takes longer than anybody waits.
        head, tail = value[: 2 * limit], value[-2 * limit :]
        return f"{repr(head)[:-1]}…{repr(tail)[-limit:]}"
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - __repr__ is the user's code
        return f"<{type(value).__name__} whose repr() raises {type(error).__name__}>"


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"
