"""Files as their text: compressed ones are unpacked while they are read."""

from __future__ import annotations

import os
from typing import IO, BinaryIO, Optional, cast

__all__ = ["TextFile", "is_compressed"]

_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
_XZ, _ZSTANDARD = b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
_SKIP = 4 << 20


def is_compressed(path: str) -> bool:
    """Whether a file begins as compressed ones do; its name means nothing."""
    with open(path, "rb") as file:
        return file.read(6).startswith((_GZIP, _BZIP2, _XZ, _ZSTANDARD))


def _unpacked(path: str) -> BinaryIO:
    """Open a compressed file as a stream of what was packed."""
    with open(path, "rb") as file:
        magic = file.read(6)
    opened: IO[bytes]
    if magic.startswith(_GZIP):
        import gzip  # noqa: PLC0415 - few files are compressed, and few in each way

        opened = cast("IO[bytes]", gzip.open(path, "rb"))  # noqa: SIM115 - closed by TextFile
    elif magic.startswith(_BZIP2):
        import bz2  # noqa: PLC0415

        opened = bz2.open(path, "rb")  # noqa: SIM115 - the same
    elif magic.startswith(_XZ):
        import lzma  # noqa: PLC0415

        opened = lzma.open(path, "rb")  # noqa: SIM115 - the same
    else:
        import pyarrow as pa  # noqa: PLC0415

        opened = pa.input_stream(path, compression="zstd")
    return cast("BinaryIO", opened)


class TextFile:
    """Reads pieces of files by their offset in the text.

    A compressed file stays open between pieces, because it can be read in one direction
    only: pieces in ascending order cost one pass, any other begins anew.
    """

    def __init__(self) -> None:
        self._path: Optional[str] = None  # noqa: UP045 - loaded by workers, Python 3.9
        self._file: Optional[BinaryIO] = None  # noqa: UP045
        self._position = 0
        self._identity: Optional[tuple[int, int, int]] = None  # noqa: UP045

    def rest(self, path: str, start: int, most: int) -> Optional[bytes]:  # noqa: UP045
        """Return the text from ``start`` on; None, and little read, if it is too long.

        Args:
            path: Of the file.
            start: Offset in the text.
            most: Bytes of text that are not too long.

        Raises:
            OSError: See ``read``.
        """
        if not is_compressed(path) and os.stat(path).st_size - start > most:
            return None
        text = self.read(path, start, most + 1)
        return text if len(text) <= most else None

    def read(self, path: str, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start`` on; fewer at the end of the text.

        Raises:
            OSError: The file is gone, cannot be read, or is no whole compressed file.
        """
        if not is_compressed(path):
            with open(path, "rb") as file:
                file.seek(start)
                return file.read(length)
        try:
            return self._read_unpacked(path, start, length)
        except (EOFError, ValueError) as error:
            self.close()
            msg = f"{path}: the compressed file is damaged: {error}"
            raise OSError(msg) from error
        except Exception as error:
            self.close()
            if type(error).__module__ in {"zlib", "_lzma", "lzma"}:
                msg = f"{path}: the compressed file is damaged: {error}"
                raise OSError(msg) from error
            raise

    def _read_unpacked(self, path: str, start: int, length: int) -> bytes:
        found = os.stat(path)
        identity = (found.st_ino, found.st_size, found.st_mtime_ns)
        if self._path != path or identity != self._identity or start < self._position:
            self.close()
            self._file = _unpacked(path)
            self._path, self._identity = path, identity
        file = self._file
        if file is None:
            return b""
        while self._position < start:
            skipped = len(file.read(min(_SKIP, start - self._position)))
            if not skipped:
                return b""
            self._position += skipped
        blocks = []
        while length > 0 and (block := file.read(min(length, _SKIP))):
            blocks.append(block)
            length -= len(block)
            self._position += len(block)
        return b"".join(blocks)

    def close(self) -> None:
        """Close the file that is kept open, if there is one."""
        if self._file is not None:
            self._file.close()
        self._file = self._path = self._identity = None
        self._position = 0
