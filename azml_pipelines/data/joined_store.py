"""Several stores as one: the first name of a path says which of them it is on."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azml_pipelines.data.file_store import StoreLocation, is_local, open_store
from azml_pipelines.data.local_url import local_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.data.file_store import FileStore, StoredFile

__all__ = ["JoinedStore", "is_joined", "join", "local_place", "owner_of"]

_JOINED = "joined://"
_STORES = "stores"


def join(locations: Sequence[StoreLocation]) -> tuple[StoreLocation, list[str]]:
    """Make one location of several, and say what each one's paths begin with there.

    Locations that are the same have the same name, which is that of the datastore, or
    the last one of the URL. Equal names of different stores get a number.
    """
    names: list[str] = []
    stores: dict[str, StoreLocation] = {}
    for location in locations:
        known = next((name for name, one in stores.items() if one == location), None)
        name = known or _free_name(location, stores)
        stores[name] = location
        names.append(name)
    members = {
        name: {"url": one.url, "options": dict(one.options), "name": one.name}
        for name, one in stores.items()
    }
    return StoreLocation(_JOINED + "+".join(stores), {_STORES: members}), names


def _free_name(location: StoreLocation, taken: dict[str, StoreLocation]) -> str:
    parts = urlsplit(location.url)
    base = location.name or posixpath.basename(parts.path.rstrip("/")) or parts.netloc
    # One with a dot before it would be hidden, and wildcards would be a pattern.
    base = re.sub(r"[^\w.-]", "_", base).lstrip(".") or "store"
    name, number = base, 2
    while name in taken:
        name = f"{base}-{number}"
        number += 1
    return name


def is_joined(location: StoreLocation) -> bool:
    """Whether a location is one that ``join`` has made."""
    return location.url.startswith(_JOINED)


def _members(location: StoreLocation) -> dict[str, StoreLocation]:
    stores = location.options[_STORES]
    return {
        name: StoreLocation(one["url"], one["options"], one["name"])
        for name, one in stores.items()
    }


def owner_of(location: StoreLocation, path: str) -> tuple[StoreLocation, str]:
    """Return the one store that a path is on, and its path there."""
    if not is_joined(location):
        return location, path
    name, _, inner = path.partition("/")
    return _members(location)[name], inner


def local_place(location: StoreLocation, path: str) -> Path | None:
    """Return where a file is that is on this machine already; else None."""
    owner, inner = owner_of(location, path)
    return Path(local_folder(owner.url), inner) if is_local(owner.url) else None


class JoinedStore:
    """Keeps the promises of ``FileStore``, each store for its own paths.

    Args:
        location: One that ``join`` has made.

    Raises:
        StoreError: One of the stores cannot be opened.
    """

    def __init__(self, location: StoreLocation) -> None:
        self.location = location
        self._stores = {
            name: open_store(one) for name, one in _members(location).items()
        }

    def files(self, folder: str = "") -> Iterator[StoredFile]:
        """See ``FileStore``."""
        first, _, inner = folder.partition("/")
        for name in [first] if folder else sorted(self._stores):
            for file in self._stores[name].files(inner):
                yield replace(file, path=f"{name}/{file.path}")

    def find(self, path: str) -> StoredFile | None:
        """See ``FileStore``."""
        store, inner = self._at(path)
        found = store.find(inner) if inner else None
        return None if found is None else replace(found, path=path)

    def fetch(self, file: StoredFile, destination: Path) -> None:
        """See ``FileStore``."""
        store, inner = self._at(file.path)
        store.fetch(replace(file, path=inner), destination)

    def put(self, source: Path, path: str) -> StoredFile:
        """See ``FileStore``."""
        store, inner = self._at(path)
        return replace(store.put(source, inner), path=path)

    def delete(self, path: str) -> None:
        """See ``FileStore``."""
        store, inner = self._at(path)
        store.delete(inner)

    def check(self) -> None:
        """See ``FileStore``."""
        for store in self._stores.values():
            store.check()

    def _at(self, path: str) -> tuple[FileStore, str]:
        name, _, inner = path.partition("/")
        return self._stores[name], inner
