"""Brings the files of bundles to this machine, in the order of their need."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import queue
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.file_store import (
    FileStore,
    StoreDeniedError,
    StoredFile,
    StoreError,
    check_unchanged,
)
from azml_pipelines.data.joined_store import local_place
from azml_pipelines.data.node_cache import cache_key
from azml_pipelines.data.supply import failure_mark
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from azml_pipelines.data.node_cache import CacheLease

__all__ = ["Prefetch", "SuppliedFolder", "files_of"]

_THREADS = 16


def files_of(line: bytes) -> tuple[int, list[StoredFile]]:
    """Return the input that a line of the mini-batch list belongs to, and its files.

    Lines of inputs that are read where they are name no sizes and tags, and so no
    files.
    """
    number, _, payload, *rest = json.loads(line)
    marks = rest[-1] if rest and isinstance(rest[-1], list) else []
    files = zip(payload, marks, strict=False)
    return number, [StoredFile(path, *mark) for path, mark in files]


@dataclass(frozen=True)
class SuppliedFolder:
    """One remote input: its store, and the local folder where its files appear."""

    store: FileStore
    folder: Path

    def bring(self, file: StoredFile, key: str, lease: CacheLease) -> None:
        """Let a file be seen in the folder: itself if it is local, else from a cache.

        Raises:
            StoreError: It cannot be had.
            OSError: It cannot be written here.
        """
        here = local_place(self.store.location, file.path)
        if here is None:
            here = lease.hold(key, lambda path: self.store.fetch(file, path))
        else:
            check_unchanged(self.store, file)
        self.appear(file, here)

    def appear(self, file: StoredFile, place: Path) -> None:
        """Let a file be seen in the folder."""
        link = self.folder / file.path
        link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = link.with_name(f".azml-{threading.get_ident()}")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(place)
        temporary.replace(link)

    def fail(self, file: StoredFile, error: Exception) -> None:
        """Say why a file does not come."""
        mark = Path(failure_mark(str(self.folder), file.path))
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = mark.with_name(f"{mark.name}.{threading.get_ident()}")
        told = {"reason": getattr(error, "reason", "unreadable"), "message": str(error)}
        temporary.write_text(json.dumps(told), encoding="utf-8")
        temporary.replace(mark)

    def forget_failure(self, file: StoredFile) -> None:
        """Take back that a file does not come."""
        Path(failure_mark(str(self.folder), file.path)).unlink(missing_ok=True)


@dataclass
class _Wanted:
    """One file that somebody needs."""

    number: int
    file: StoredFile
    key: str
    users: int = 0
    state: str = "new"
    """``new``, ``queued``, ``here`` or ``failed``."""


@dataclass(order=True)
class _Task:
    """A file to fetch; that of the mini-batch that comes first comes first."""

    turn: int
    """Bundles that are processed at the same time have the same one."""
    position: int
    sequence: int
    wanted: _Wanted | None = field(compare=False)


class Prefetch:
    """Keeps some threads busy with the files of the bundles in hand.

    Args:
        inputs: The remote inputs, by their number.
        lease: Of the cache.
        abreast: Bundles that are processed at the same time. What is taken beyond them
            waits for a worker, and its files wait for those of the ones before.
        threads: Files that are fetched at the same time.
    """

    def __init__(
        self,
        inputs: Mapping[int, SuppliedFolder],
        lease: CacheLease,
        abreast: int = 1,
        threads: int = _THREADS,
    ) -> None:
        self._inputs = inputs
        self._lease = lease
        self._abreast = abreast
        self._taken = 0
        self._lock = threading.Lock()
        self._wanted: dict[tuple[int, str], _Wanted] = {}
        self._bundles: dict[int, list[_Wanted]] = {}
        self._tasks: queue.PriorityQueue[_Task] = queue.PriorityQueue()
        self._sequence = itertools.count()
        self._threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def take(self, bundle: int, lines: Iterable[bytes]) -> None:
        """Bring the files of some lines; they stay until the bundle is dropped."""
        with self._lock:
            turn = self._taken // self._abreast
            self._taken += 1
            mine = self._bundles.setdefault(bundle, [])
            for position, line in enumerate(lines):
                number, files = files_of(line)
                for file in files if number in self._inputs else ():
                    mine.append(self._want(number, file, (turn, position)))

    def drop(self, bundle: int) -> None:
        """Note that nobody needs the files of a bundle any more, as far as it goes."""
        with self._lock:
            for wanted in self._bundles.pop(bundle, ()):
                wanted.users -= 1
                if not wanted.users:
                    self._forget(wanted)

    def close(self) -> None:
        """Stop; what is being fetched is left to itself."""
        for _ in self._threads:
            self._tasks.put(_Task(-1, 0, next(self._sequence), None))

    def _want(self, number: int, file: StoredFile, when: tuple[int, int]) -> _Wanted:
        name = number, file.path
        wanted = self._wanted.get(name)
        if wanted is None:
            location = self._inputs[number].store.location
            wanted = _Wanted(number, file, cache_key(location, file))
            self._wanted[name] = wanted
        wanted.users += 1
        if wanted.state in {"new", "failed"}:
            self._inputs[number].forget_failure(file)
            wanted.state = "queued"
            self._tasks.put(_Task(*when, next(self._sequence), wanted))
        return wanted

    def _forget(self, wanted: _Wanted) -> None:
        if wanted.state != "queued":
            self._lease.let_go(wanted.key)
            self._wanted.pop((wanted.number, wanted.file.path), None)

    def _work(self) -> None:
        while (wanted := self._tasks.get().wanted) is not None:
            with self._lock:
                needed = wanted.users > 0
            error = self._bring(wanted) if needed else None
            with self._lock:
                wanted.state = "failed" if error or not needed else "here"
                if not wanted.users:
                    self._forget(wanted)

    def _bring(self, wanted: _Wanted) -> Exception | None:
        supplied = self._inputs[wanted.number]
        file = wanted.file
        try:
            supplied.bring(file, wanted.key, self._lease)
        except StoreDeniedError as error:
            found: Exception = _judged(supplied.store, error)
        except StoreError as error:
            found = error
        except OSError as error:
            found = _own_disk(file, error)
        else:
            return None
        with contextlib.suppress(OSError):
            supplied.fail(file, found)
        return found


class _ForbiddenFileError(StoreError):
    """The store gives everything but this file."""

    reason = "unreadable"


class _NoRoomError(StoreError):
    """Files cannot be kept here."""

    reason = "unreachable"


def _judged(store: FileStore, error: StoreDeniedError) -> StoreError:
    """Say whether a no means this one file, or everything."""
    try:
        store.check()
    except StoreError as worse:
        return worse if isinstance(worse, StoreDeniedError) else error
    return _ForbiddenFileError(error.message)


def _own_disk(file: StoredFile, error: OSError) -> StoreError:
    why = error.strerror or str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        msg = (
            f"There is no room for {shown(file.path)} in the cache "
            f"({shown(os.fspath(error.filename or '?'))}): {why}. Make room, or set "
            "another cache folder in config.json."
        )
        return _NoRoomError(msg)
    msg = f"{shown(file.path)} cannot be a local file: {why}."
    return StoreError(msg)
