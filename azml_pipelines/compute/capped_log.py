"""What user code prints, within bounds: the beginning, the end, what was dropped."""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from azml_pipelines.masking import Masker, StreamMasker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["CappedLog", "LogDrain"]

_HEAD_BYTES = 1 << 20
_TAIL_BYTES = 3 << 20
_BLOCK = 1 << 16
_IDLE_SECONDS = 0.2
_LAST_SECONDS = 5.0


class CappedLog:
    """A log file of at most 4 MB: its first MB, then what came last, without secrets.

    The beginning is written at once. The end waits in memory, unread, until nothing has
    come for a moment: a flood is dropped before anybody spends time on it.

    Args:
        path: Appended to.
        masker: Knows the secrets.
        head: Bytes kept from the beginning.
        tail: Bytes kept from the end.
    """

    def __init__(
        self,
        path: Path,
        masker: Masker,
        head: int = _HEAD_BYTES,
        tail: int = _TAIL_BYTES,
    ) -> None:
        self._path = path
        self._masker = masker
        self._stream = StreamMasker(masker)
        self._room = head
        self._tail = tail
        self._end: deque[bytes] = deque()
        self._end_size = 0
        self._dropped = 0
        self._head_size = 0
        self.settled = True
        """Whether all that is kept is in the file."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            self._head_size = path.stat().st_size
            self._room = max(head - self._head_size, 0)

    def write(self, data: bytes) -> None:
        """Add ``data``; a full disk loses it and harms nobody."""
        head, rest = data[: self._room], data[self._room :]
        if head:
            self._room -= len(head)
            self._append(self._stream.feed(head))
        if rest:
            if head or not self._end_size:
                self._append(self._stream.close())
            self._keep(rest)

    def settle(self, *, ended: bool = False) -> None:
        """Bring the file up to date: the end, as it is now, behind the beginning.

        Args:
            ended: Nothing follows; until then a line that has not ended is kept back,
                for it may hold half a secret.
        """
        if ended:
            self._append(self._stream.close())
        if self._end_size and not self.settled:
            end = b"".join(self._end)
            note = b""
            if self._dropped:
                # What is left of a line may be what is left of a secret.
                cut = end.find(b"\n", 0, _BLOCK) + 1
                note = f"\n… {self._dropped + cut} bytes dropped …\n".encode()
                end = end[cut:]
            with contextlib.suppress(OSError), self._path.open("r+b") as file:
                file.truncate(self._head_size)
                file.seek(self._head_size)
                file.write(note + self._masker.data(end))
        self.settled = True

    def _keep(self, data: bytes) -> None:
        self._end.append(data)
        self._end_size += len(data)
        self.settled = False
        while self._end_size > self._tail:
            first = self._end.popleft()
            over = min(self._end_size - self._tail, len(first))
            if over < len(first):
                self._end.appendleft(first[over:])
            self._end_size -= over
            self._dropped += over

    def _append(self, data: bytes) -> None:
        if not data:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, flags, 0o600)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                self._head_size += file.write(data)


class LogDrain:
    """One thread per node that empties the output pipes of its workers into logs.

    Args:
        masker: Knows the secrets of the workers; by default those of a known shape.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        masker: Masker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
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
            log = self._logs.setdefault(path, CappedLog(path, self._masker))
        self._selector.register(read, selectors.EVENT_READ, log)
        os.write(self._wake_write, b"+")
        return write

    def close(self) -> None:
        """Take in what is left, and finish the logs.

        All writers have ended, but for those that user code has let escape: after a few
        seconds nobody listens to them any more.
        """
        os.write(self._wake_write, b".")
        self._thread.join()
        for log in self._logs.values():
            log.settle(ended=True)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _drain(self) -> None:
        ending: float | None = None
        unsettled: set[CappedLog] = set()
        while True:
            idle = _IDLE_SECONDS if unsettled else None
            ready = self._selector.select(timeout=idle if ending is None else 0)
            if ending is not None and (not ready or self._clock() > ending):
                break
            if not ready:
                for log in unsettled:
                    log.settle()
                unsettled.clear()
            for key, _ in ready:
                data = os.read(key.fd, _BLOCK)
                if key.fd == self._wake_read:
                    if b"." in data:
                        ending = self._clock() + _LAST_SECONDS
                elif data:
                    key.data.write(data)
                    unsettled.add(key.data)
                else:
                    self._selector.unregister(key.fd)
                    os.close(key.fd)
        self._close_pipes()

    def _close_pipes(self) -> None:
        for key in list(self._selector.get_map().values()):
            if key.fd != self._wake_read:
                os.close(key.fd)
        self._selector.close()
