"""What a look at one promise has shown."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    invariant: str
    """``I1`` to ``I10``."""
    ok: bool
    text: str
    """One line: what is so, or what is wrong and where."""
    step: str | None = None
    """The step that it is about; None for the run as a whole."""
