"""Folders of runs that are still being written down, and what is left of dead ones."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from azml_pipelines.store.launch_lock import is_launching
from azml_pipelines.store.workspace_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["sweep_unfinished", "unfinished_folder"]

_PREFIX = ".new-"
_MINUTE = 60.0
_DAY = 86_400.0


def unfinished_folder(folder: RunFolder) -> RunFolder:
    """Return where a run is written down before it gets its place.

    Who writes holds its launch lock (see ``launching``), which moves along with it.
    """
    return RunFolder(folder.root.with_name(f"{_PREFIX}{folder.root.name}"))


def sweep_unfinished(runs: Path, now: float) -> list[str]:
    """Remove what submissions left behind that were killed midway.

    A folder stays while its launch lock is held; the kernel gives the lock back when
    its holder dies. One younger than a minute stays too, and one without any lock for
    a day: its maker may be about to take the lock.

    Args:
        runs: The folder of all runs.
        now: Seconds since 1970.

    Returns:
        The names of the folders that were removed.
    """
    swept = []
    for place in sorted(runs.glob(f"{_PREFIX}*")):
        if _left_behind(RunFolder(place), now):
            shutil.rmtree(place, ignore_errors=True)
            swept.append(place.name)
    return swept


def _left_behind(folder: RunFolder, now: float) -> bool:
    try:
        age = now - folder.root.lstat().st_mtime
    except FileNotFoundError:
        return False  # it has got its place meanwhile
    lock = folder.root / "launch.lock"
    patience = _MINUTE if lock.exists() else _DAY
    return age > patience and not is_launching(folder)
