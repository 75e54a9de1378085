"""Files into and out of a datastore on a remote store."""

from __future__ import annotations

import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from azml_pipelines.data.datastore_transfer import Transfer
from azml_pipelines.data.file_store import StoreLocation, is_local, open_store
from azml_pipelines.data.remote_files import bring_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from azml_pipelines.data.datastore_home import DatastoreSettings
    from azml_pipelines.data.file_store import StoredFile

__all__ = ["RemoteTransfer", "open_transfer"]

_log = logging.getLogger(__name__)
_THREADS = 8


def open_transfer(
    settings: DatastoreSettings, *, show_progress: bool
) -> Transfer | RemoteTransfer:
    """Return what copies files to and from a datastore."""
    if is_local(settings.url):
        return Transfer(settings, show_progress=show_progress)
    return RemoteTransfer(settings, show_progress=show_progress)


class RemoteTransfer:
    """Copies between local folders and a remote store; see ``Transfer``.

    Args:
        settings: Of the datastore.
        show_progress: Write one line of summary to standard output.
    """

    def __init__(self, settings: DatastoreSettings, *, show_progress: bool) -> None:
        location = StoreLocation(settings.url, settings.options, settings.name)
        self._store = open_store(location)
        self._name = settings.name
        self._show_progress = show_progress

    def upload(
        self, root: Path, files: Iterable[str], target: str, *, overwrite: bool
    ) -> None:
        """See ``Transfer``."""
        start = f"{target}/" if target else ""
        there: set[str] = set()
        if not overwrite:
            there = {file.path for file in self._store.files(target)}
        wanted, skipped = [], 0
        for file in files:
            if start + file in there:
                skipped += 1
                self._kept(start + file)
            else:
                wanted.append(file)
        with ThreadPoolExecutor(_THREADS, "upload") as pool:
            for _ in pool.map(
                lambda file: self._store.put(root / file, start + file), wanted
            ):
                pass
        self._report(
            "Uploaded", len(wanted), skipped, f"to {self._name}:{target or '/'}"
        )

    def download(self, target: Path, prefix: str, *, overwrite: bool) -> int:
        """See ``Transfer``."""
        target.mkdir(parents=True, exist_ok=True)
        skipped = 0

        def wanted() -> Iterator[StoredFile]:
            nonlocal skipped
            for file in self._store.files(prefix.rpartition("/")[0].strip("/")):
                if not file.path.startswith(prefix.lstrip("/")):
                    continue
                if not overwrite and os.path.lexists(target / file.path):
                    skipped += 1
                    self._kept(str(target / file.path))
                    continue
                yield file

        count = sum(
            1 for _ in bring_files(self._store, wanted(), target, overwrite=overwrite)
        )
        self._report("Downloaded", count, skipped, f"from {self._name}:{prefix or '/'}")
        return count

    @staticmethod
    def _kept(path: str) -> None:
        _log.warning(
            "%s exists already and is kept; pass overwrite=True to replace it.", path
        )

    def _report(self, verb: str, count: int, skipped: int, where: str) -> None:
        if self._show_progress:
            kept = f" ({skipped} kept as they were)" if skipped else ""
            sys.stdout.write(f"{verb} {count} files {where}{kept}.\n")
