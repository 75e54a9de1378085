"""Where a step writes, and how that gets to a remote store when the step has ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from azml_pipelines.data.datastore_transfer import files_below
from azml_pipelines.data.file_copy import is_unfinished
from azml_pipelines.data.file_store import (
    StoreError,
    StoreLocation,
    is_local,
    open_store,
)
from azml_pipelines.engine.step_inputs import output_directory
from azml_pipelines.errors import OutputError
from azml_pipelines.failpoints import point
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from azml_pipelines.data.file_store import FileStore
    from azml_pipelines.plan.run_plan import OutputPlan

__all__ = ["OutputPlace", "open_output", "put_files"]

_THREADS = 8
_BETWEEN_CHECKS = 4 * _THREADS


@dataclass(frozen=True)
class OutputPlace:
    """A local folder to write to, and perhaps a store that gets what is in it."""

    folder: Path
    location: StoreLocation | None = None
    """None when the folder is the output itself."""
    path: str = ""
    """Of the output on the store."""

    def told(self, name: str) -> str:
        """Return what people call something in here."""
        if self.location is None:
            return str(self.folder / name)
        return f"{shown(f'{self.path}/{name}')} of the {self.location}"

    def holds(self, name: str) -> bool:
        """Whether there is a file or a folder of that name, where the output goes.

        Raises:
            OutputError: The store does not say.
        """
        if self.location is None:
            place = self.folder / name
            return place.exists() or place.is_symlink()
        path = f"{self.path}/{name}"
        try:
            store = open_store(self.location)
            return store.find(path) is not None or any(True for _ in store.files(path))
        except StoreError as error:
            msg = f"nobody can say whether {name} exists already: {error.message}"
            raise OutputError(msg) from error

    def deliver(self, last: str, check: Callable[[], None]) -> None:
        """Bring every file to the store; doing it again changes nothing.

        Each file appears there whole or not at all. It is the orchestrator alone that
        puts files, after everything else, so nothing of an attempt that lost gets
        there. Where a folder of that name has been there, it then holds the files of
        this one and no others.

        Args:
            last: The file, or folder, that comes when all the others are there; empty
                where there is no such thing.
            check: Raises when the run is no longer ours to finish; asked every now
                and then, so that whoever has lost it writes next to nothing more.

        Raises:
            OutputError: The store does not take them.
        """
        if self.location is None:
            return
        names = [name for name in files_below(self.folder) if not is_unfinished(name)]
        try:
            store = open_store(self.location)
            inner = f"{last}/"
            rows = [one for one in names if one == last or one.startswith(inner)]
            others = sorted(set(names).difference(rows))
            for some in (others, rows):
                point("deliver.put")
                put_files(store, self.folder, some, self.path, check)
            point("deliver.delivered")
            if last and (self.folder / last).is_dir():
                check()
                for file in list(store.files(f"{self.path}/{last}")):
                    if file.path.removeprefix(f"{self.path}/") not in rows:
                        store.delete(file.path)
        except StoreError as error:
            msg = f"the output is complete in {self.folder}, but: {error.message}"
            raise OutputError(msg) from error


def put_files(
    store: FileStore,
    folder: Path,
    names: Iterable[str],
    path: str,
    check: Callable[[], None],
) -> None:
    """Put files of a folder below a path of a store, some at the same time.

    Raises:
        StoreError: The store does not take them.
    """

    def put(name: str) -> None:
        point("output.put")
        store.put(folder / name, f"{path}/{name}")

    waiting = iter(names)
    with ThreadPoolExecutor(_THREADS, "deliver") as pool:
        while some := list(islice(waiting, _BETWEEN_CHECKS)):
            check()
            for _ in pool.map(put, some):
                pass


def open_output(output: OutputPlan | None, fallback: Path) -> OutputPlace:
    """Return where a step writes.

    Args:
        output: Of the step, if it has one.
        fallback: A local folder for what is not written to its place at once.

    Raises:
        OutputError: The folder cannot be made.
    """
    folder = output_directory(output, fallback)
    if output is None or is_local(output.url):
        return OutputPlace(folder)
    location = StoreLocation(output.url, output.options, output.datastore)
    return OutputPlace(folder, location, output.path_on_datastore)
