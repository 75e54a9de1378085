"""How many worker processes a node has, as it is written: 4, or ``auto``."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

__all__ = ["ACCEPTED_COUNTS", "AUTO", "ProcessCount"]

_MOST = 1000
AUTO: Literal["auto"] = "auto"
ACCEPTED_COUNTS = f"a whole number from 1 to {_MOST}, or 'auto'"


def _check(count: object) -> object:
    if count == AUTO:
        return count
    if isinstance(count, str) and count.isascii() and count.isdecimal():
        count = int(count[: len(str(_MOST)) + 1])  # a parameter that holds text
    if isinstance(count, (int, float)) and 1 <= count <= _MOST and count == int(count):
        return int(count)
    kind = "process_count"
    raise PydanticCustomError(kind, "give {accepted}", {"accepted": ACCEPTED_COUNTS})


ProcessCount: TypeAlias = Annotated[int | Literal["auto"], BeforeValidator(_check)]
