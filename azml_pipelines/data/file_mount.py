"""A dataset's files shown in a folder of links, for as long as somebody looks."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from azml_pipelines.data.file_copy import copy_file
from azml_pipelines.data.file_store import open_store
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.remote_files import bring_files
from azml_pipelines.data.remote_listing import is_remote, list_remote
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from types import TracebackType

    from azml_pipelines.data.definition import DatasetDefinition

__all__ = ["MountContext", "link_files"]


def link_files(definition: DatasetDefinition, folder: Path) -> list[Path]:
    """Make a link in ``folder`` to each file of a dataset, at the path it has there.

    Where links cannot be made, files are copied; those of remote stores are fetched.

    Returns:
        The links, in the order of the dataset.

    Raises:
        UserErrorException: The dataset cannot be listed, or ``folder`` not be written.
    """
    if is_remote(definition):
        found = list_remote(definition)
        files = {file.path: file for file in found.files}.values()
        return list(bring_files(open_store(found.location), iter(files), folder))
    listing = list_files(definition)
    # A file that several sources name is one file in a folder.
    links: list[Path] = []
    for path in dict.fromkeys(listing.paths):
        link = folder / path
        link.parent.mkdir(parents=True, exist_ok=True)
        source = Path(listing.root, path)
        try:
            link.symlink_to(source)
        except FileExistsError as error:
            msg = f"{shown(str(link))} exists already. Mount at an empty folder."
            raise UserErrorException(msg, inner_exception=error) from error
        except OSError:
            copy_file(source, link)
        links.append(link)
    return links


class MountContext:
    """A mounted FileDataset: ``with dataset.mount() as mount: mount.mount_point``.

    Args:
        definition: Of the dataset.
        mount_point: An empty or new folder; ``None`` makes one in the system's folder
            for temporary files.

    Raises:
        UserErrorException: The folder is not empty.
    """

    def __init__(
        self,
        definition: DatasetDefinition,
        mount_point: str | os.PathLike[str] | None = None,
    ) -> None:
        self._definition = definition
        self._links: list[Path] = []
        self._started = False
        if mount_point is None:
            self._folder = Path(tempfile.mkdtemp(prefix="azml-mount-"))
        else:
            self._folder = Path(mount_point).expanduser().absolute()
            self._check_empty()

    @property
    def mount_point(self) -> str:
        """Absolute path of the folder."""
        return str(self._folder)

    def start(self) -> None:
        """Show the files; a second call changes nothing.

        Raises:
            UserErrorException: The folder is not empty, or the dataset not readable.
        """
        if self._started:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._check_empty()
        self._started = True
        self._links = link_files(self._definition, self._folder)

    def stop(self) -> None:
        """Take the files away; what else was written into the folder stays."""
        folders: set[Path] = set()
        for link in self._links:
            link.unlink(missing_ok=True)
            folders.update(link.relative_to(self._folder).parents)
        # The deepest first, so that a folder is empty when its turn comes.
        for below in sorted(folders, key=lambda below: -len(below.parts)):
            if not any((self._folder / below).iterdir()):
                (self._folder / below).rmdir()
        self._links = []
        self._started = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _check_empty(self) -> None:
        if self._folder.is_dir() and not any(self._folder.iterdir()):
            return
        if os.path.lexists(self._folder):
            msg = (
                f"The mount point {shown(self.mount_point)} is not an empty folder. "
                "Pass an empty or new one, or none."
            )
            raise UserErrorException(msg)
