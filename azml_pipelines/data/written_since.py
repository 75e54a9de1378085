"""Whether anything below some folders was written since a moment. Reads only."""

# Paths stay text here: a million Path objects are slow and large.
# ruff: noqa: PTH116

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["written_since"]


def written_since(paths: Iterable[str], moment: float) -> bool:
    """Look at every file and folder, however deep, until one is younger than a moment.

    A file that was rewritten in place is younger, whatever its owner says of its age,
    and so is a folder in which a name has come or gone. Links are followed.

    Args:
        paths: Absolute, of files and folders.
        moment: Seconds since 1970.

    Raises:
        OSError: Something cannot be looked at, a link that leads nowhere say.
    """
    limit = int(moment * 1e9)
    waiting = list(dict.fromkeys(paths))
    seen: set[tuple[int, int]] = set()
    while waiting:
        path = waiting.pop()
        found = os.stat(path)
        if found.st_ctime_ns > limit:
            return True
        place = found.st_dev, found.st_ino
        if not os.path.isdir(path) or place in seen:  # noqa: PTH112 - as above
            continue
        seen.add(place)
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(entry.path)
                elif entry.stat().st_ctime_ns > limit:
                    return True
    return False
