"""The file into which one worker process appends the rows of its mini-batches."""

from __future__ import annotations

import fcntl
import os

from azml_pipelines.failpoints import clip, point, write

__all__ = ["PartFile"]

_ABOVE_STANDARD = 10


class PartFile:
    """A write-once file: created by one process, appended to by it, never reopened."""

    def __init__(self, folder: str, name: str) -> None:
        self._folder = folder
        self._path = os.path.join(folder, name)
        self._descriptor = -1
        self._end = 0
        self._headers: dict[bytes, int] = {}

    def append(self, text: bytes) -> int:
        """Write rows at the end and return the offset of their first byte.

        Raises:
            OSError: The rows were not written; the file ends where it ended before.
        """
        if not text:
            return self._end
        if self._descriptor < 0:
            point("part.create")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            low = os.open(self._path, flags, 0o600)
            # A script that closes its standard output must not print into this file.
            self._descriptor = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _ABOVE_STANDARD)
            os.close(low)
        start = self._end
        try:
            written = os.write(self._descriptor, clip("part.write", text))
            while written < len(text):
                written += os.write(self._descriptor, text[written:])
        except OSError:
            os.ftruncate(self._descriptor, start)
            os.lseek(self._descriptor, start, os.SEEK_SET)
            raise
        self._end = start + written
        return start

    def note_header(self, header: bytes, mini_batch: int) -> None:
        """Keep a header line for the commit, which takes that of the first mini-batch.

        Once per process and text, unless an earlier mini-batch comes late.
        """
        if not header or self._headers.get(header, mini_batch + 1) <= mini_batch:
            return
        self._headers[header] = mini_batch
        name = f"header-{mini_batch:012d}"
        # A name that no commit looks for, should this process be killed in between.
        temporary = os.path.join(self._folder, f".{name}.{os.getpid()}")
        with open(temporary, "wb") as file:
            write("header.write", file, header)
        point("header.rename")
        os.replace(temporary, os.path.join(self._folder, name))
