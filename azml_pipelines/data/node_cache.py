"""Files of remote stores on this machine: fetched once, shared, bounded.

    <folder>/objects/ab/abcdef…    the bytes; named by store, path, size and tag
    <folder>/incoming/             being fetched, each locked by who does it
    <folder>/leases/<holder>/      links to what somebody uses; locked by the holder

A lease is a hard link, so the number of links says whether a file is in use, and it
stays true whoever is killed: the leases of a dead holder are swept away.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import threading
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.data.joined_store import owner_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from azml_pipelines.data.file_store import StoredFile, StoreLocation

__all__ = ["DEFAULT_CACHE_BYTES", "CacheLease", "NodeCache", "cache_key"]

DEFAULT_CACHE_BYTES = 20 << 30
_TARGET = 0.9
_STEP = 0.05


def cache_key(location: StoreLocation, file: StoredFile) -> str:
    """Return the name of a file's bytes in a cache: one for each version of a file.

    Args:
        location: The store, or any folder of it.
        file: As it was listed there.
    """
    location, path = owner_of(location, file.path)
    whole = f"{location.url.rstrip('/')}/{path}"
    text = "\0".join((location.host, whole, str(file.size), file.tag))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class NodeCache:
    """One cache folder, used by any number of processes at the same time.

    Args:
        folder: Made for its owner only; on a local disk.
        most_bytes: What is not in use is removed, the longest unused first, when the
            files together need more.
    """

    def __init__(self, folder: Path, most_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._folder = folder
        self._most = most_bytes
        self._lock = threading.Lock()
        self._bytes = 0
        self._next_look = 0.0
        for name in ("objects", "incoming", "leases"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def lease(self) -> CacheLease:
        """Start to use files; see ``CacheLease``."""
        return CacheLease(self, self._folder / "leases" / uuid4().hex)

    def place(self, key: str) -> Path:
        """Return where the bytes of ``key`` are, when they are there."""
        return self._folder / "objects" / key[:2] / key

    def provide(self, key: str, fetch: Callable[[Path], None], link: Path) -> None:
        """Make ``link`` a hard link to the bytes of ``key``; fetch them if need be.

        Two that want the same file at the same time fetch it once.

        Args:
            key: See ``cache_key``.
            fetch: Writes the file to the path it is given.
            link: In the same file system; one that is there already stays.

        Raises:
            OSError: The disk is full, or the folder cannot be used.
        """
        while not self._linked(key, link):
            size = 0
            with self._incoming(key) as incoming:
                place = self.place(key)
                if incoming is None or place.exists():
                    continue
                fetch(incoming)
                incoming.chmod(0o400)
                size = incoming.stat().st_size
                place.parent.mkdir(mode=0o700, exist_ok=True)
                # Linked first: what has just come must not be swept at once.
                with contextlib.suppress(FileExistsError):
                    os.link(incoming, link)
                incoming.replace(place)
            self._count(size)

    def trim(self, *, dry_run: bool = False) -> tuple[int, int]:
        """Remove what is not in use until the rest fits; one process at a time.

        Args:
            dry_run: Only say what would go.

        Returns:
            How many files went, and their bytes; nothing when another is at it.
        """
        with contextlib.ExitStack() as stack:
            lock = stack.enter_context((self._folder / "trim.lock").open("w"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0, 0
            if not dry_run:
                self._sweep()
            files = sorted(self._files())
            total = sum(size for _, size, _ in files)
            gone: list[int] = []
            if total > self._most:
                gone = list(self._evict(files, total, dry_run=dry_run))
            with self._lock:
                self._bytes = total - (0 if dry_run else sum(gone))
                self._next_look = max(self._bytes, self._most) + _STEP * self._most
            return len(gone), sum(gone)

    def _linked(self, key: str, link: Path) -> bool:
        place = self.place(key)
        with self._sweeping(fcntl.LOCK_SH):
            try:
                os.link(place, link)
            except FileExistsError:
                if not place.exists():
                    place.parent.mkdir(mode=0o700, exist_ok=True)
                    os.link(link, place)
            except FileNotFoundError:
                if link.parent.is_dir():
                    return False
                raise
        # Used now: the last to be removed.
        with contextlib.suppress(FileNotFoundError):
            os.utime(place)
        return True

    @contextlib.contextmanager
    def _sweeping(self, mode: int) -> Iterator[None]:
        """Keep files from being removed while they are linked, and the reverse."""
        with (self._folder / "sweep.lock").open("a") as lock:
            fcntl.flock(lock, mode)
            yield

    @contextlib.contextmanager
    def _incoming(self, key: str) -> Iterator[Path | None]:
        """Hold the only right to fetch a file; None when another has just done it."""
        path = self._folder / "incoming" / key
        guard = path.with_suffix(".lock")
        with guard.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_at(lock.fileno(), guard):
                yield None
                return
            try:
                path.unlink(missing_ok=True)
                yield path
            finally:
                path.unlink(missing_ok=True)
                guard.unlink(missing_ok=True)

    def _count(self, size: int) -> None:
        with self._lock:
            self._bytes += size
            due = self._bytes > self._next_look
        if due:
            self.trim()

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield when each file was used last, its size and its path."""
        for file in (self._folder / "objects").glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                found = file.stat()
                yield found.st_mtime, found.st_size, file

    def _evict(
        self, files: list[tuple[float, int, Path]], total: int, *, dry_run: bool
    ) -> Iterator[int]:
        """Remove files, the longest unused first, and yield the bytes of each."""
        for _, size, file in files:
            if total <= _TARGET * self._most:
                break
            with (
                self._sweeping(fcntl.LOCK_EX),
                contextlib.suppress(FileNotFoundError),
            ):
                if file.stat().st_nlink == 1:
                    if not dry_run:
                        file.unlink()
                    total -= size
                    yield size

    def _sweep(self) -> None:
        """Remove what processes that were killed have left behind."""
        for name in ("leases", "incoming"):
            for guard in (self._folder / name).glob("*.lock"):
                with (
                    contextlib.suppress(FileNotFoundError, BlockingIOError),
                    guard.open("r+") as lock,
                ):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if _is_at(lock.fileno(), guard):
                        left = guard.with_suffix("")
                        shutil.rmtree(left, ignore_errors=True)
                        with contextlib.suppress(OSError):
                            left.unlink(missing_ok=True)
                        guard.unlink(missing_ok=True)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still has that path."""
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


class CacheLease:
    """Keeps files of a cache from being removed while somebody uses them.

    Args:
        cache: The cache.
        folder: For the links, a name that nobody else has.
    """

    def __init__(self, cache: NodeCache, folder: Path) -> None:
        self._cache = cache
        self._folder = folder
        guard = folder.with_suffix(".lock")
        # A folder without a locked lock is swept away, and a new lock may be, too.
        while True:
            self._lock = os.open(guard, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            if _is_at(self._lock, guard):
                break
            os.close(self._lock)
        folder.mkdir(mode=0o700)

    def hold(self, key: str, fetch: Callable[[Path], None]) -> Path:
        """Return the local path of a file that stays until it is let go."""
        self._cache.provide(key, fetch, self._folder / key)
        return self._cache.place(key)

    def let_go(self, key: str) -> None:
        """Allow a file to be removed again."""
        (self._folder / key).unlink(missing_ok=True)

    def close(self) -> None:
        """Let everything go."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.with_suffix(".lock").unlink(missing_ok=True)
        os.close(self._lock)
