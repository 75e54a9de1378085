"""A server's temporary folder: gone with it, or with the next one if it was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path
from shutil import rmtree

__all__ = ["ScratchFolder"]

_PREFIX = "azml-serve-"
_LOCK = "lock"


class ScratchFolder:
    """A folder of one server, for its owner alone.

    Making one removes those that killed servers have left: nobody holds their lock.

    Args:
        place: Where; the folder for temporary files if None.
    """

    def __init__(self, place: Path | None = None) -> None:
        where = Path(place or tempfile.gettempdir())
        for left in where.glob(f"{_PREFIX}*"):
            _remove_if_left(left)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=where))
        # Under another name at first: what has no lock yet must not look abandoned.
        unready = self.path / f"{_LOCK}.new"
        self._lock = unready.open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unready.rename(self.path / _LOCK)

    def close(self) -> None:
        """Remove it."""
        rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _remove_if_left(folder: Path) -> None:
    """Remove a folder of ours whose server has ended; others are not touched."""
    with contextlib.suppress(OSError):
        found = folder.lstat()
        if found.st_uid != os.geteuid():
            return
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(folder / _LOCK, flags)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
