"""Where one output of a run lies on this machine."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RunOutputPlace"]


@dataclass(frozen=True)
class RunOutputPlace:
    """An output and the absolute path of its file, or of its folder."""

    name: str
    path: str
