"""A store behind fsspec: S3, Azure, Google, memory, or whatever else it knows."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.file_store import (
    DamagedFileError,
    MissingFileError,
    StoredFile,
    StoreError,
    StoreLocation,
    check_unchanged,
)
from azml_pipelines.data.store_attempts import StoreAttempts
from azml_pipelines.data.store_listing import list_pages, stored_file
from azml_pipelines.data.store_options import (
    PATIENCE,
    UNSORTED,
    opened_filesystem,
    reach,
)
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FsspecStore"]

_CHECK_SECONDS = 4.0
"""For how long a look that fails is tried again; silence is waited for longer."""
_CALL_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 250_000
_TRIES = 4


class FsspecStore:
    """Keeps the promises of ``FileStore``.

    Args:
        location: Where it is; its secrets are looked up here.
        attempts: How often and how long a call is tried again.

    Raises:
        StoreError: It cannot be opened.
    """

    def __init__(
        self, location: StoreLocation, attempts: StoreAttempts | None = None
    ) -> None:
        self.location = location
        opened = opened_filesystem(location)
        self._fs: Any = opened.filesystem
        self._root = opened.root
        self._attempts = attempts or StoreAttempts(str(location), opened.masker)
        if PATIENCE in location.options:
            seconds = float(location.options[PATIENCE])
            self._attempts = self._attempts.within(seconds)
        self._odd_tags = False

    def __repr__(self) -> str:
        return f"FsspecStore({self.location})"

    def files(self, folder: str = "") -> Iterator[StoredFile]:
        """See ``FileStore``."""
        if self.location.options.get(UNSORTED):
            yield from sorted(self._listed(folder), key=lambda file: file.path)
            return
        last = ""
        for file in self._listed(folder):
            if file.path <= last:
                msg = (
                    f"The {self.location} lists {shown(file.path)} after "
                    f"{shown(last)}, out of order. Register it with the option "
                    f"{UNSORTED}=True, or with register_azure_data_lake_gen2(…)."
                )
                raise StoreError(msg)
            last = file.path
            yield file

    def _listed(self, folder: str) -> Iterator[StoredFile]:
        """Yield files in the order of the store."""
        pages = list_pages(self._fs, self._root, folder)
        while (page := self._page(pages, folder, self._attempts)) is not None:
            yield from page

    def find(self, path: str) -> StoredFile | None:
        """See ``FileStore``."""
        return self._attempts.run("find", path, lambda: self._look(path))

    def fetch(self, file: StoredFile, destination: Path) -> None:
        """See ``FileStore``.

        Size and, where the store tells it, MD5 are compared with what was listed. Where
        it does not, the tag must still be the same after the last byte.
        """
        digests: list[str] = []
        seconds = _CALL_SECONDS + file.size / _SLOWEST_BYTES_PER_SECOND

        def get() -> None:
            whole = self._whole(file.path)
            self._call("get_file", whole, str(destination), seconds=seconds)

        for _ in range(_TRIES):
            with contextlib.suppress(FileNotFoundError):
                self._attempts.run("fetch", file.path, get)
                digest = self._digest(file, destination)
                if digest is not None and self._is_whole(file, digest, digests):
                    return
            check_unchanged(self, file)
        msg = (
            f"{shown(file.path)} of the {self.location} arrives damaged, {_TRIES} "
            f"times in a row: it should have {file.size} bytes. Look at the network "
            "between here and the store, or copy the file there anew."
        )
        raise DamagedFileError(msg)

    def put(self, source: Path, path: str) -> StoredFile:
        """See ``FileStore``."""
        size = source.stat().st_size
        md5 = _md5(source)
        seconds = _CALL_SECONDS + size / _SLOWEST_BYTES_PER_SECOND

        tries = 0

        def upload() -> StoredFile:
            nonlocal tries
            tries += 1
            # The answer to the last try may have been lost although the file arrived.
            found = self._look(path) if tries > 1 else None
            if found is None or (found.size, found.md5) != (size, md5):
                self._make_folder(path)
                self._call("put_file", str(source), self._whole(path), seconds=seconds)
                found = self._look(path)
            if found is None or found.size != size or found.md5 not in {md5, None}:
                raise _NotStoredError
            return found

        try:
            return self._attempts.run("put", path, upload, retried=_NotStoredError)
        except FileNotFoundError:
            msg = (
                f"There is no such place as the {self.location}, to put {shown(path)} "
                "there. Make the bucket or container, or correct the URL."
            )
            raise MissingFileError(msg) from None
        except _NotStoredError:
            msg = (
                f"{shown(path)} was written to the {self.location}, but what is there "
                f"now is not these {size} bytes. Does somebody else write there?"
            )
            raise DamagedFileError(msg) from None

    def delete(self, path: str) -> None:
        """See ``FileStore``."""

        def remove() -> None:
            with contextlib.suppress(FileNotFoundError):
                self._call("rm_file", self._whole(path))

        self._attempts.run("delete", path, remove)

    def check(self) -> None:
        """See ``FileStore``."""
        attempts = self._attempts.within(_CHECK_SECONDS)
        # The packages of some stores try for minutes where nobody listens.
        attempts.run("reach", "", lambda: reach(self.location, _CHECK_SECONDS))
        pages = list_pages(self._fs, self._root, "", most=1)
        self._page(pages, "", attempts)

    def _page(
        self, pages: Iterator[list[StoredFile]], folder: str, attempts: StoreAttempts
    ) -> list[StoredFile] | None:
        try:
            return attempts.run("list", folder, lambda: next(pages, None))
        except FileNotFoundError:
            msg = (
                f"There is no such place as the {self.location}. Make the bucket or "
                "container, or correct the URL."
            )
        raise MissingFileError(msg)

    def _whole(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}"

    def _call(self, method: str, *arguments: object, seconds: float = 60.0) -> Any:  # noqa: ANN401 - fsspec's
        """Call the filesystem, and stop waiting after some seconds where it can be."""
        within = getattr(self._fs, f"_{method}", None)
        if getattr(self._fs, "async_impl", False) and inspect.iscoroutinefunction(
            within
        ):
            from fsspec.asyn import sync  # noqa: PLC0415 - only remote stores need it

            return sync(self._fs.loop, within, *arguments, timeout=seconds)
        return getattr(self._fs, method)(*arguments)

    def _look(self, path: str) -> StoredFile | None:
        try:
            info = self._call("info", self._whole(path))
        except FileNotFoundError:
            return None
        return stored_file(path, info) if info.get("type") == "file" else None

    def _make_folder(self, path: str) -> None:
        """Make the folder of a file where a store has real folders."""
        protocol = self._fs.protocol
        names = {protocol} if isinstance(protocol, str) else set(protocol)
        if names & {"memory", "sftp", "ssh", "smb", "ftp", "hdfs", "webhdfs", "local"}:
            folder = self._whole(path).rpartition("/")[0]
            self._fs.makedirs(folder, exist_ok=True)

    def _digest(self, file: StoredFile, destination: Path) -> str | None:
        """Return the MD5 of what has arrived; empty when nobody would compare it."""
        if destination.stat().st_size != file.size:
            return None
        return _md5(destination) if file.md5 and not self._odd_tags else ""

    def _is_whole(self, file: StoredFile, digest: str, digests: list[str]) -> bool:
        if not digest:
            found = self.find(file.path)
            return found is not None and found.tag == file.tag
        if digest == file.md5:
            return True
        # Where a store encrypts, its tag may look like an MD5 and be none: the same
        # bytes twice, of the right size and with the tag unchanged, are the file.
        self._odd_tags = digest in digests
        digests.append(digest)
        return self._odd_tags


class _NotStoredError(Exception):
    """What was put is not there, or is something else."""


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, _new_md5).hexdigest()


def _new_md5() -> Any:  # noqa: ANN401 - hashlib's own type is private
    return hashlib.md5(usedforsecurity=False)
