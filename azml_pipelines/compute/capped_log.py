"""What user code prints, within bounds: the beginning, the end, what was dropped."""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
from typing import TYPE_CHECKING

from azml_pipelines.masking import Masker, StreamMasker

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CappedLog", "LogDrain"]

_HEAD_BYTES = 1 << 20
_TAIL_BYTES = 7 << 19
_BLOCK = 1 << 16


class CappedLog:
    """A log file of at most 8 MB: its first MB, then what came last.

    The end is kept in two files that take turns until the log is closed, so that it
    never has to be moved while it grows.

    Args:
        path: Appended to.
        head: Bytes kept from the beginning.
        tail: Bytes in each of the two files for the end.
    """

    def __init__(
        self, path: Path, head: int = _HEAD_BYTES, tail: int = _TAIL_BYTES
    ) -> None:
        self._path = path
        self._room = head
        self._tail = tail
        self._turns = [path.with_suffix(".end0"), path.with_suffix(".end1")]
        self._turn = 0
        self._turn_size = 0
        self._dropped = 0
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            self._room = max(head - path.stat().st_size, 0)

    def write(self, data: bytes) -> None:
        """Add ``data``; a full disk loses it and harms nobody."""
        with contextlib.suppress(OSError):
            head, rest = data[: self._room], data[self._room :]
            if head:
                self._append(self._path, head)
                self._room -= len(head)
            if rest:
                self._write_end(rest)

    def close(self) -> None:
        """Put the end behind the beginning."""
        older, newer = self._turns[1 - self._turn], self._turns[self._turn]
        with contextlib.suppress(OSError):
            if self._dropped:
                note = f"\n… {self._dropped} bytes dropped …\n"
                self._append(self._path, note.encode())
            for end in (older, newer):
                if end.exists():
                    self._append(self._path, end.read_bytes())
                    end.unlink()

    def _write_end(self, data: bytes) -> None:
        if self._turn_size + len(data) > self._tail and self._turn_size:
            self._turn = 1 - self._turn
            following = self._turns[self._turn]
            if following.exists():
                self._dropped += following.stat().st_size
                following.unlink()
            self._turn_size = 0
        self._append(self._turns[self._turn], data)
        self._turn_size += len(data)

    @staticmethod
    def _append(path: Path, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            file.write(data)


class LogDrain:
    """One thread per node that empties the output pipes of its workers into logs.

    Args:
        masker: Knows the secrets of the workers; by default those of a known shape.
    """

    def __init__(self, masker: Masker | None = None) -> None:
        self._masker = masker or Masker(())
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._logs: dict[Path, CappedLog] = {}
        self._wake_read, self._wake_write = os.pipe()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def open(self, path: Path) -> int:
        """Return the writing end of a pipe whose output goes to ``path``.

        It is the caller's: hand it to one child process and close it.
        """
        read, write = os.pipe()
        with self._lock:
            log = self._logs.setdefault(path, CappedLog(path))
        stream = StreamMasker(self._masker)
        self._selector.register(read, selectors.EVENT_READ, (log, stream))
        os.write(self._wake_write, b"+")
        return write

    def close(self) -> None:
        """Take in what is left, when all writers have ended, and finish the logs."""
        os.write(self._wake_write, b".")
        self._thread.join()
        for log in self._logs.values():
            log.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _drain(self) -> None:
        ending = False
        while True:
            ready = self._selector.select(timeout=0 if ending else None)
            if ending and not ready:
                break
            for key, _ in ready:
                data = os.read(key.fd, _BLOCK)
                if key.fd == self._wake_read:
                    ending = ending or b"." in data
                elif data:
                    log, stream = key.data
                    log.write(stream.feed(data))
                else:
                    log, stream = key.data
                    log.write(stream.close())
                    self._selector.unregister(key.fd)
                    os.close(key.fd)
        for key in list(self._selector.get_map().values()):
            if key.fd != self._wake_read:
                log, stream = key.data
                log.write(stream.close())
                os.close(key.fd)
        self._selector.close()
