"""Which files are new or changed and have stopped growing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.store.catalog_schedules import SeenFile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Look", "compare"]


@dataclass(frozen=True)
class Look:
    """What one look at the files of a place has shown."""

    changed: tuple[str, ...]
    """Paths that a run shall get, sorted."""
    seen: Mapping[str, SeenFile | None]
    """What is to be remembered of the files that are not as they were; None: gone."""


def compare(before: Mapping[str, SeenFile], found: Mapping[str, str]) -> Look:
    """Compare what is there with what was seen.

    A file that is new or has changed is taken when two looks in a row have seen the
    same of it, so one that is still being written waits. A file that is gone fires
    nothing; when it comes back, it is new.

    Args:
        before: What was remembered, by path.
        found: What is there now: a mark that changes with the content, by path.
    """
    seen: dict[str, SeenFile | None] = dict.fromkeys(before.keys() - found.keys())
    changed = []
    for path, mark in found.items():
        old = before.get(path, SeenFile())
        if mark == old.taken:
            new = SeenFile(taken=mark)
        elif mark == old.waiting:
            new = SeenFile(taken=mark)
            changed.append(path)
        else:
            new = SeenFile(taken=old.taken, waiting=mark)
        if new != old:
            seen[path] = new
    return Look(tuple(sorted(changed)), seen)
