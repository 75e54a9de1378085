"""What files hold, by checksum: a file that has not changed is not read again.

A file is known by path, inode, size and both of its times, to the nanosecond. What was
written a moment ago is never kept: another write could leave the same times.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["ContentCache", "FileContent"]

_YOUNG_NS = 100_000_000
_BUSY_SECONDS = 30
_CHUNK = 1000
_TABLE = (
    "CREATE TABLE IF NOT EXISTS content (path BLOB PRIMARY KEY, inode INTEGER,"
    " size INTEGER, modified INTEGER, changed INTEGER, sha256 TEXT) WITHOUT ROWID"
)


class FileContent(NamedTuple):
    """What a file held when it was looked at."""

    size: int
    sha256: str
    changed_ns: int
    """When it or its name was last changed, by the clock of its file system."""


class ContentCache:
    """Digests of local files.

    Args:
        path: Of the cache; it is made when something is kept. None keeps nothing.
        read_only: Use what is kept, but keep nothing more.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        read_only: bool = False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._path = path
        self._read_only = read_only
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._new: list[tuple[object, ...]] = []

    def __enter__(self) -> Self:
        if self._path is not None:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._connection = self._open(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        # A cache that cannot be written, or is no cache, costs time and nothing else.
        with contextlib.suppress(sqlite3.Error):
            self._keep()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def look(self, path: str) -> FileContent:
        """Return what a file holds.

        Raises:
            OSError: It cannot be read, or is written to all the time.
        """
        seen = os.stat(path)  # noqa: PTH116 - a million paths stay text
        facts = _facts(seen)
        known = self._known(path)
        if known is not None and known[:4] == facts:
            return FileContent(seen.st_size, known[4], seen.st_ctime_ns)
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            after = os.fstat(file.fileno())
        if _facts(after) == facts and after.st_ctime_ns < self._clock() - _YOUNG_NS:
            self._new.append((os.fsencode(path), *facts, sha256))
            if len(self._new) >= _CHUNK:
                with contextlib.suppress(sqlite3.Error):
                    self._keep()
        # The later time: whoever asks whether it has changed since will hear that.
        return FileContent(after.st_size, sha256, after.st_ctime_ns)

    def sweep(self, *, dry_run: bool = False) -> int:
        """Forget files that are gone; return how many there were."""
        if self._connection is None:
            return 0
        rows = self._connection.execute("SELECT path FROM content").fetchall()
        gone = [row for row in rows if not os.path.exists(row[0])]  # noqa: PTH110 - bytes
        if not dry_run:
            with self._connection:
                self._connection.executemany("DELETE FROM content WHERE path = ?", gone)
            self._connection.execute("VACUUM")
        return len(gone)

    def _open(self, path: Path) -> sqlite3.Connection | None:
        if self._read_only and not path.exists():
            return None
        if not self._read_only:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={'ro' if self._read_only else 'rw'}",
            uri=True,
            timeout=_BUSY_SECONDS,
        )
        try:
            if not self._read_only:
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute(_TABLE)
        except BaseException:
            connection.close()
            raise
        return connection

    def _known(self, path: str) -> tuple[int, int, int, int, str] | None:
        if self._connection is None:
            return None
        with contextlib.suppress(sqlite3.Error):
            row: tuple[int, int, int, int, str] | None = self._connection.execute(
                "SELECT inode, size, modified, changed, sha256 FROM content"
                " WHERE path = ?",
                (os.fsencode(path),),
            ).fetchone()
            return row
        return None

    def _keep(self) -> None:
        new, self._new = self._new, []
        if self._connection is None or self._read_only or not new:
            return
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO content VALUES (?, ?, ?, ?, ?, ?)", new
            )


def _facts(found: os.stat_result) -> tuple[int, int, int, int]:
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
