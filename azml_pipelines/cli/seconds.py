"""Times that are typed in seconds."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["Seconds"]

_SHORTEST, _LONGEST = 0.001, 604_800.0


class Seconds(click.FloatRange):
    """From a millisecond to a week; NaN, which no range refuses, is none."""

    def __init__(self) -> None:
        super().__init__(_SHORTEST, _LONGEST)

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number."""
        number: float = super().convert(value, param, ctx)
        if number != number:  # noqa: PLR0124 - what NaN is
            self.fail("nan is no time; give seconds, such as 60.", param, ctx)
        return number
