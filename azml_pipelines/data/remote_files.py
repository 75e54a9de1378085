"""Remote files brought to this machine all at once: downloads and side inputs."""

from __future__ import annotations

import contextlib
import errno
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from azml_pipelines.data.definition import DataSource
from azml_pipelines.data.file_copy import copy_file
from azml_pipelines.data.file_store import open_store
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.node_cache import cache_key
from azml_pipelines.data.remote_listing import list_remote, located

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.data.file_store import FileStore, StoredFile
    from azml_pipelines.data.node_cache import NodeCache

__all__ = ["bring_all", "bring_files"]

_THREADS = 16
_AHEAD = 4 * _THREADS


def bring_all(
    definition: DatasetDefinition, folder: Path, cache: NodeCache | None = None
) -> DatasetDefinition:
    """Bring the files of a remote dataset into a folder.

    Args:
        definition: Of the dataset.
        folder: Made when it is not there; what is in it already stays.
        cache: Where the bytes may be already, in the same file system.

    Returns:
        The same dataset, local.

    Raises:
        StoreError: The store cannot be read, or a file has changed meanwhile.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    listing = list_remote(definition)
    # The paths from the root of the store are kept: columns may be made of them.
    location, paths = located(definition.sources)
    root = location.url.rstrip("/")
    inner = folder / listing.location.url.removeprefix(root).strip("/")
    for _ in bring_files(open_store(listing.location), listing.files, inner, cache):
        pass
    sources = tuple(
        DataSource(url=folder_url(folder), path=path, wildcards=source.wildcards)
        for path, source in zip(paths, definition.sources, strict=True)
    )
    changes: dict[str, object] = {"sources": sources}
    if definition.kind == "file":
        changes["operations"] = ()  # Only the files that they leave were brought.
    return definition.model_copy(update=changes)


def bring_files(
    store: FileStore,
    files: Iterator[StoredFile],
    folder: Path,
    cache: NodeCache | None = None,
    *,
    overwrite: bool = False,
) -> Iterator[Path]:
    """Fetch files, several at the same time.

    Args:
        store: Where they are.
        files: Paths are relative to the store.
        folder: Gets them, at the same paths.
        cache: Where the bytes may be already.
        overwrite: Replace what is in the folder already instead of leaving it.

    Yields:
        Each file when it is there, in the order of ``files``.
    """

    def bring(file: StoredFile) -> Path:
        place = folder / file.path
        if overwrite or not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if cache is None:
                _fetch(store, file, place)
            else:
                _provide(cache, store, file, place)
        return place

    with ThreadPoolExecutor(_THREADS, "bring-files") as pool:
        hand: list[Future[Path]] = []
        try:
            for file in files:
                hand.append(pool.submit(bring, file))
                if len(hand) >= _AHEAD:
                    yield hand.pop(0).result()
            while hand:
                yield hand.pop(0).result()
        finally:
            for future in hand:
                future.cancel()


def _fetch(store: FileStore, file: StoredFile, place: Path) -> None:
    """Fetch a file so that it appears whole or not at all."""
    unfinished = place.with_name(f".azml-unfinished-{os.getpid()}-{place.name}"[:200])
    try:
        store.fetch(file, unfinished)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


def _provide(cache: NodeCache, store: FileStore, file: StoredFile, place: Path) -> None:
    key = cache_key(store.location, file)

    def fetch(path: Path) -> None:
        store.fetch(file, path)

    try:
        cache.provide(key, fetch, place)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK}:
            raise
        with contextlib.closing(cache.lease()) as lease:
            copy_file(lease.hold(key, fetch), place)
