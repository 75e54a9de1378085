"""What pydantic has to say, on one line and without web addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

__all__ = ["one_line"]

_MOST_PROBLEMS = 2


def one_line(error: ValidationError, origins: Mapping[str, str] | None = None) -> str:
    """Return the problems of one object, two at most, joined by semicolons.

    Args:
        error: What pydantic raised.
        origins: Field to where its value comes from, when not from the field itself.
    """
    lines: dict[str, str] = {}  # the first problem of each field
    for problem in error.errors(include_url=False):
        field = str(problem["loc"][0]) if problem["loc"] else "value"
        origin = (origins or {}).get(field)
        where = f" (from {origin})" if origin else ""
        message = " ".join(problem["msg"].split())
        line = f"{field}={shown(problem['input'])}{where}: "
        lines.setdefault(field, f"{line}{message[0].lower()}{message[1:]}")
    return "; ".join(list(lines.values())[:_MOST_PROBLEMS])
