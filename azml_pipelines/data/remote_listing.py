"""The files of a dataset on a remote store, found lazily and in the same order."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from azml_pipelines.data.file_operations import chosen_files
from azml_pipelines.data.file_store import (
    StoredFile,
    StoreError,
    StoreLocation,
    is_local,
    open_store,
)
from azml_pipelines.data.joined_store import join, owner_of
from azml_pipelines.data.local_url import relative_path
from azml_pipelines.data.path_pattern import EVERYTHING, PathMatcher, split_pattern
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.data.definition import DatasetDefinition, DataSource
    from azml_pipelines.data.file_store import FileStore
    from azml_pipelines.data.path_pattern import Wildcards

__all__ = ["RemoteListing", "is_remote", "list_remote", "located"]

_LONGEST_NAME = 255


@dataclass(frozen=True)
class RemoteListing:
    """The files of a dataset."""

    location: StoreLocation
    """A folder of the store that is a parent of all files; paths are relative to it."""
    files: Iterator[StoredFile]
    """Can be read once."""
    single: str | None = None
    """The path of the file that is the whole dataset."""


@dataclass(frozen=True)
class _Place:
    """Where one source looks; paths are relative to the store."""

    folder: str
    pattern: tuple[str, ...] = EVERYTHING
    file: StoredFile | None = None
    wildcards: Wildcards = "stars"


def is_remote(definition: DatasetDefinition) -> bool:
    """Whether any of the files has no local path."""
    return any(not is_local(source.url) for source in definition.sources)


def list_remote(definition: DatasetDefinition) -> RemoteListing:
    """Find the files of a dataset; the rules are those of ``list_files``.

    Raises:
        UserErrorException: One of several sources does not exist.
        StoreError: The store cannot be opened or listed.
    """
    location, paths = located(definition.sources)
    store = open_store(location)
    places = [
        _place(store, path, source.wildcards)
        for path, source in zip(paths, definition.sources, strict=True)
    ]
    if len(places) > 1:
        _refuse_missing(store, paths, places)
    folder = posixpath.commonpath([f"/{place.folder}" for place in places]).strip("/")
    url = f"{location.url.rstrip('/')}/{folder}" if folder else location.url
    only = places[0].file if len(places) == 1 else None
    start = f"{folder}/" if folder else ""
    return RemoteListing(
        replace(location, url=url),
        _chosen(definition, _files(store, places, start)),
        only.path.removeprefix(start) if only else None,
    )


def _chosen(
    definition: DatasetDefinition, files: Iterator[StoredFile]
) -> Iterator[StoredFile]:
    """Yield the files that are left by the operations of a file dataset."""
    if definition.kind == "file" and definition.operations:
        return chosen_files(files, _facts, definition.operations)
    return files


def _facts(file: StoredFile, _names: set[str]) -> dict[str, object]:
    """Return what a filter may ask about a file."""
    suffix = posixpath.splitext(file.path)[1]
    return {"Extension": suffix, "Size": file.size, "CanSeek": True}


def located(sources: Sequence[DataSource]) -> tuple[StoreLocation, list[str]]:
    """Return the store that all sources are on, and the path of each of them there.

    Several stores are joined into one, in which each has a folder of its name.
    """
    paths = [relative_path(source.path) for source in sources]
    stores = [
        StoreLocation(source.url, source.options, source.datastore)
        for source in sources
    ]
    first = stores[0]
    if all((one.url, one.options) == (first.url, first.options) for one in stores):
        return first, paths
    location, names = join(stores)
    return location, [
        f"{name}/{path}" if path else name
        for name, path in zip(names, paths, strict=True)
    ]


def _place(store: FileStore, path: str, wildcards: Wildcards) -> _Place:
    folder, pattern = split_pattern(path, wildcards)
    if pattern:
        return _Place(folder, pattern, wildcards=wildcards)
    file = store.find(path) if path else None
    if file is not None:
        return _Place(posixpath.dirname(path), file=file)
    return _Place(path)


def _refuse_missing(
    store: FileStore, paths: Sequence[str], places: Sequence[_Place]
) -> None:
    for path, place in zip(paths, places, strict=True):
        whole = place.file is None and place.pattern == EVERYTHING
        if whole and next(store.files(place.folder), None) is None:
            location, inner = owner_of(store.location, path)
            msg = (
                f"The dataset names {shown(inner)} of the {location}, but there "
                "is no such file or folder. Correct the path, or leave it out."
            )
            raise UserErrorException(msg)


def _files(
    store: FileStore, places: Sequence[_Place], start: str
) -> Iterator[StoredFile]:
    for place in places:
        if place.file is not None:
            yield _checked(store, place.file, start)
            continue
        matcher = PathMatcher(place.pattern, wildcards=place.wildcards)
        below = f"{place.folder}/" if place.folder else ""
        for file in store.files(place.folder):
            if _matches(matcher, file.path.removeprefix(below)):
                yield _checked(store, file, start)


def _matches(matcher: PathMatcher, path: str) -> bool:
    *folders, name = path.split("/")
    states = matcher.start
    for folder in folders:
        states = matcher.below(states, folder)
        if not states:
            return False
    return matcher.accepts(states, name)


def _checked(store: FileStore, file: StoredFile, start: str) -> StoredFile:
    """Return a file relative to ``start``, if its path can be that of a local file.

    Raises:
        StoreError: Stores allow names that would lead out of a folder.
    """
    for name in file.path.split("/"):
        too_long = len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME
        if name in {"", ".", ".."} or "\0" in name or too_long:
            msg = (
                f"{shown(file.path)} of the {store.location} has a path that no local "
                "file can have. Rename it, or leave it out with a pattern."
            )
            raise StoreError(msg)
    return replace(file, path=file.path.removeprefix(start))
