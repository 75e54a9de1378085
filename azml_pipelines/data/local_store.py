"""A local folder as a store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.file_copy import copy_file, is_unfinished
from azml_pipelines.data.file_store import (
    MissingFileError,
    StoredFile,
    StoreError,
    StoreLocation,
    check_unchanged,
)
from azml_pipelines.data.folder_walk import check_inside, walk_files
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.data.path_pattern import EVERYTHING, PathMatcher
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LocalStore"]


class LocalStore:
    """Keeps the promises of ``FileStore``; links must not lead out of the folder.

    Args:
        location: Its URL is a ``file://`` one.
    """

    def __init__(self, location: StoreLocation) -> None:
        self.location = location
        self._root = Path(local_folder(location.url))
        self._inside = [os.path.realpath(self._root)]

    def files(self, folder: str = "") -> Iterator[StoredFile]:
        """See ``FileStore``."""
        start = f"{folder}/" if folder else ""
        if (self._root / folder).exists():
            check_inside(str(self._root / folder), self._inside)
        matcher = PathMatcher(EVERYTHING, hidden=True)
        for path in walk_files(str(self._root / folder), matcher, allowed=self._inside):
            if not is_unfinished(path) and (found := self.find(start + path)):
                yield found

    def find(self, path: str) -> StoredFile | None:
        """See ``FileStore``."""
        file = self._root / path
        try:
            found = file.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not file.is_file():
            return None
        return StoredFile(path, found.st_size, str(found.st_mtime_ns))

    def fetch(self, file: StoredFile, destination: Path) -> None:
        """See ``FileStore``."""
        check_inside(str(self._root / file.path), self._inside)
        try:
            copy_file(self._root / file.path, destination)
        except FileNotFoundError as error:
            msg = f"{shown(file.path)} is no longer in the {self.location}."
            raise MissingFileError(msg) from error
        check_unchanged(self, file)

    def put(self, source: Path, path: str) -> StoredFile:
        """See ``FileStore``."""
        destination = self._root / path
        check_inside(str(destination.parent), self._inside)
        copy_file(source, destination)
        found = self.find(path)
        if found is None:
            msg = f"{shown(path)} vanished from the {self.location} at once."
            raise MissingFileError(msg)
        return found

    def delete(self, path: str) -> None:
        """See ``FileStore``."""
        check_inside(str((self._root / path).parent), self._inside)
        (self._root / path).unlink(missing_ok=True)

    def check(self) -> None:
        """See ``FileStore``."""
        try:
            os.scandir(self._root).close()
        except OSError as error:
            msg = (
                f"The {self.location} cannot be listed: {error.strerror}. Make the "
                "folder, or correct the path."
            )
            raise StoreError(msg) from error
