"""The seam to wherever bytes lie: list, look, fetch, put and delete whole files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "ChangedFileError",
    "DamagedFileError",
    "FileStore",
    "MissingFileError",
    "StoreDeniedError",
    "StoreError",
    "StoreLocation",
    "StoreUnreachableError",
    "StoredFile",
    "check_unchanged",
    "is_local",
    "open_store",
]

_LOCAL = "file://"


class StoreError(UserErrorException):
    """A store did not do what it was asked for; no message holds a secret."""

    reason = "unreadable"
    """The word for it among the reasons of failed items."""


class MissingFileError(StoreError):
    """There is no such file."""

    reason = "missing"


class ChangedFileError(StoreError):
    """The file is not the one that was listed."""

    reason = "changed_since_plan"


class DamagedFileError(StoreError):
    """The bytes that arrive are, try after try, not those that the store has."""

    reason = "damaged"


class StoreDeniedError(StoreError):
    """The store knows us and says no, or does not know us."""

    reason = "denied"


class StoreUnreachableError(StoreError):
    """The store has not answered as one, for as long as we are willing to wait."""

    reason = "unreachable"


@dataclass(frozen=True)
class StoreLocation:
    """Where a store is and how it is opened; nothing in it is a secret."""

    url: str
    """Its root, as fsspec writes it: ``s3://bucket/folder``."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """fsspec's arguments; secrets stand as ``env:NAME``."""
    name: str | None = None
    """What people call it: the datastore."""

    @property
    def host(self) -> str:
        """The options that say whose server it is, as text."""
        names = ("account_name", "client_kwargs", "endpoint", "endpoint_url", "host")
        return json.dumps([self.options.get(name) for name in names], sort_keys=True)

    def __str__(self) -> str:
        return f"datastore {self.name!r} ({self.url})" if self.name else self.url


@dataclass(frozen=True)
class StoredFile:
    """One file as its store described it at some moment."""

    path: str
    """Relative to the root of the store."""
    size: int
    tag: str
    """Changes whenever the content does: the entity tag, or the time of change."""
    md5: str | None = None
    """Of the content, in hexadecimal, where the store says so."""


class FileStore(Protocol):
    """Whole files, by paths relative to the store's root.

    Every method raises a ``StoreError`` that names the store, and only in bounded time.
    """

    location: StoreLocation

    def files(self, folder: str = "") -> Iterator[StoredFile]:
        """Yield every file below ``folder`` at any depth, sorted by path, lazily."""
        ...

    def find(self, path: str) -> StoredFile | None:
        """Return what is known of one file; ``None`` when there is none."""
        ...

    def fetch(self, file: StoredFile, destination: Path) -> None:
        """Write the bytes of ``file`` to a local path.

        Raises:
            MissingFileError: It is gone.
            ChangedFileError: It is not the file that was listed.
        """
        ...

    def put(self, source: Path, path: str) -> StoredFile:
        """Write a local file to ``path``: whole or not at all.

        Doing it again, also after an answer was lost, leaves the same one file.
        """
        ...

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        ...

    def check(self) -> None:
        """Make sure within seconds that the root can be listed."""
        ...


def check_unchanged(store: FileStore, file: StoredFile) -> None:
    """Compare a file with what was listed.

    Raises:
        MissingFileError: It is gone.
        ChangedFileError: It is another one.
    """
    found = store.find(file.path)
    if found is None:
        msg = f"{shown(file.path)} is no longer in the {store.location}."
        raise MissingFileError(msg)
    if (found.size, found.tag) != (file.size, file.tag):
        msg = (
            f"{shown(file.path)} of the {store.location} has changed since it was "
            f"listed: {file.size} bytes then, {found.size} now."
        )
        raise ChangedFileError(msg)


def is_local(url: str) -> bool:
    """Whether the files at ``url`` have local paths already."""
    return url.startswith(f"{_LOCAL}/")


def open_store(location: StoreLocation) -> FileStore:
    """Return the store at a place; only now are its secrets looked up.

    Raises:
        StoreError: The place has a kind that is not known here, its package is not
            installed, or a secret is not set.
    """
    if is_local(location.url):
        from azml_pipelines.data.local_store import LocalStore  # noqa: PLC0415 - a circle

        return LocalStore(location)
    from azml_pipelines.data.joined_store import (  # noqa: PLC0415 - a circle
        JoinedStore,
        is_joined,
    )

    if is_joined(location):
        return JoinedStore(location)
    from azml_pipelines.data.fsspec_store import FsspecStore  # noqa: PLC0415 - a circle

    return FsspecStore(location)
