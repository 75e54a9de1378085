"""The outputs of a script: written aside, and brought to their place on success.

A script writes beside the place of its output, under a name that no dataset lists. When
it has succeeded, one rename brings each output to its place; where something is there
already, one rename for each file. What a failed try has written is gone with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.datastore_transfer import files_below
from azml_pipelines.data.file_copy import UNFINISHED
from azml_pipelines.data.file_store import (
    StoreError,
    StoreLocation,
    is_local,
    open_store,
)
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.data.output_writer import remove
from azml_pipelines.engine.output_place import put_files
from azml_pipelines.errors import OutputError
from azml_pipelines.failpoints import point

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.data.output_writer import OutputWriter
    from azml_pipelines.plan.run_plan import OutputPlan

__all__ = ["StagedOutput", "stage_output"]


@dataclass(frozen=True)
class StagedOutput:
    """One output of a step that is at work."""

    plan: OutputPlan
    place: Path
    """Where it goes; for a remote store, where it is kept until it is brought there."""
    staged: Path
    """Where the script writes it, a folder or a file."""
    writer: OutputWriter

    def prepare(self) -> None:
        """Make room for a try: nothing is left there of an earlier one.

        Raises:
            OutputError: The folder cannot be made.
        """
        try:
            if self.place.parent.is_dir():
                self.writer.forget_earlier(self.place)
            _remove(self.staged)
            folder = self.staged.parent
            is_folder = self.plan.is_directory
            if is_folder or (is_folder is None and self.plan.form == "dataset"):
                folder = self.staged
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            msg = f"the output folder {self.place} cannot be made: {error.strerror}"
            raise OutputError(msg) from error

    def publish(self, check: Callable[[], None]) -> None:
        """Bring what was written to its place; doing it again changes nothing.

        Args:
            check: See ``OutputPlace.deliver``.

        Raises:
            OutputError: It cannot be brought there.
        """
        try:
            if not self.staged.exists() and not self.place.exists():
                # Whoever reads it finds nothing in it, rather than nothing.
                self.staged.mkdir(parents=True, mode=0o700)
            if self.staged.exists():
                self.writer.confirm()
                point("script_output.rename")
                _move(self.staged, self.place)
        except OSError as error:
            msg = f"the output {self.place} cannot be written: {error.strerror}"
            raise OutputError(msg) from error
        if not is_local(self.plan.url):
            self._upload(check)

    def discard(self) -> None:
        """Forget what was written."""
        _remove(self.staged)

    def _upload(self, check: Callable[[], None]) -> None:
        location = StoreLocation(self.plan.url, self.plan.options, self.plan.datastore)
        path = self.plan.path_on_datastore
        try:
            store = open_store(location)
            if self.place.is_file():
                store.put(self.place, path)
                return
            put_files(store, self.place, sorted(files_below(self.place)), path, check)
        except StoreError as error:
            msg = f"the output is complete in {self.place}, but: {error.message}"
            raise OutputError(msg) from error


def stage_output(
    plan: OutputPlan, fallback: Path, writer: OutputWriter
) -> StagedOutput:
    """Return where an output is written and where it goes.

    Args:
        plan: The output.
        fallback: A local folder for those of remote stores.
        writer: Who writes it.
    """
    place = fallback / plan.name
    if is_local(plan.url):
        place = Path(local_folder(plan.url)) / plan.path_on_datastore
    # On the disk of its place, so that a rename is enough.
    staged = writer.aside(place) / plan.name
    return StagedOutput(plan, place, staged, writer)


def _move(source: Path, destination: Path) -> None:
    """Rename, file by file where the destination is a folder already."""
    destination.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if source.is_symlink() or not source.is_dir() or not destination.is_dir():
        if destination.is_dir() and not any(destination.iterdir()):
            destination.rmdir()
        source.replace(destination)
        return
    for entry in sorted(source.iterdir()):
        _move(entry, destination / entry.name)
    source.rmdir()


def _remove(place: Path) -> None:
    remove(place)
    aside = place.parent
    if (
        aside.name.startswith(UNFINISHED)
        and aside.is_dir()
        and not any(aside.iterdir())
    ):
        aside.rmdir()
