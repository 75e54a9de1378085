"""What lies below the place that a schedule watches, on any datastore."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_store import StoreLocation, open_store
from azml_pipelines.data.remote_listing import list_remote
from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.catalog_schedules import SeenFile
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.schedule.definition import DataTrigger

__all__ = ["MOST_FILES", "all_as_taken", "marks_below", "sources_of"]

MOST_FILES = 100_000
"""More files than these are not looked at: each look lists them all."""


def marks_below(workspace: Workspace, trigger: DataTrigger) -> dict[str, str]:
    """Return a mark of every file, by its path relative to the datastore.

    The mark changes with the content: size, and entity tag or time of change. Names
    that start with a dot are no files unless the pattern spells them out.

    Raises:
        StoreError: The datastore cannot be listed.
        UserErrorException: There is no such datastore, or there are more than
            ``MOST_FILES`` files.
    """
    (source,) = data_sources((workspace.get_datastore(trigger.datastore), trigger.path))
    listing = list_remote(DatasetDefinition(kind="file", sources=(source,)))
    below = listing.location.url.removeprefix(source.url.rstrip("/")).strip("/")
    prefix = f"{below}/" if below else ""
    marks = {
        f"{prefix}{file.path}": f"{file.size}:{file.tag}"
        for file in islice(listing.files, MOST_FILES + 1)
    }
    if not marks:
        # A datastore that is not there for a moment has not lost its files.
        open_store(StoreLocation(source.url, source.options, source.datastore)).check()
    if len(marks) > MOST_FILES:
        msg = (
            f"There are more than {MOST_FILES:,} files at {shown(trigger.path)} of "
            f"datastore {shown(trigger.datastore)}, too many to look at again and "
            "again. Give path_on_datastore a folder that holds fewer, and move away "
            "what has been processed."
        )
        raise UserErrorException(msg)
    return marks


def all_as_taken(marks: dict[str, str]) -> dict[str, SeenFile]:
    """Return files as a schedule sees them that begins now: none of them is new."""
    return {path: SeenFile(taken=mark) for path, mark in marks.items()}


def sources_of(
    workspace: Workspace, trigger: DataTrigger, paths: Iterable[str]
) -> tuple[DataSource, ...]:
    """Return files of the watched datastore as a dataset reads them."""
    settings = workspace.get_datastore(trigger.datastore).settings
    return tuple(
        DataSource(
            url=settings.url,
            path=path,
            datastore=settings.name,
            options=settings.options,
        )
        for path in paths
    )
