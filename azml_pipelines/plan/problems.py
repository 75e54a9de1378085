"""What pydantic has to say, on one line and without web addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

__all__ = ["one_line"]


def one_line(error: ValidationError, origins: Mapping[str, str] | None = None) -> str:
    """Return all problems of one object, joined by semicolons.

    Args:
        error: What pydantic raised.
        origins: Field to where its value comes from, when not from the field itself.
    """
    lines: dict[str, None] = {}  # in order, each once
    for problem in error.errors(include_url=False):
        field = str(problem["loc"][0]) if problem["loc"] else "value"
        origin = (origins or {}).get(field)
        where = f" (from {origin})" if origin else ""
        message = " ".join(problem["msg"].split())
        shown = " ".join(repr(problem["input"]).split())
        lines[f"{field}={shown}{where}: {message[0].lower()}{message[1:]}"] = None
    return "; ".join(lines)
