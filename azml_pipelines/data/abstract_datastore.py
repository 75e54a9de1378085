"""What every datastore can do: point to paths, take files in and give them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.data_reference import DataReference
from azml_pipelines.data.datastore_transfer import files_below, files_relative_to
from azml_pipelines.data.local_url import relative_path
from azml_pipelines.data.remote_transfer import open_transfer

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from azml_pipelines.data.datastore_home import DatastoreHome, DatastoreSettings

__all__ = ["AbstractDatastore"]


class AbstractDatastore:
    """A datastore of a workspace.

    Args:
        workspace: Where it is registered.
        settings: What is registered.
    """

    def __init__(self, workspace: DatastoreHome, settings: DatastoreSettings) -> None:
        self.workspace = workspace
        self.settings = settings

    @property
    def name(self) -> str:
        """Its name in the workspace."""
        return self.settings.name

    @property
    def datastore_type(self) -> str:
        """Version 1's name of its kind: ``AzureBlob``, ``AzureFile``; ours: others."""
        return self.settings.datastore_type

    def set_as_default(self) -> None:
        """Make it the default datastore of its workspace."""
        self.workspace.set_default_datastore(self.name)

    def unregister(self) -> None:
        """Forget it; its data stays where it is."""
        self.workspace.delete_datastore(self.name)

    def path(
        self, path: str | None = None, data_reference_name: str | None = None
    ) -> DataReference:
        """Return a reference to ``path``, or to the whole datastore."""
        return DataReference(self, data_reference_name, path)

    def as_mount(self) -> DataReference:
        """Return a reference to the whole datastore, to be mounted."""
        return self.path().as_mount()

    def as_download(self, path_on_compute: str | None = None) -> DataReference:
        """Return a reference to the whole datastore, to be downloaded."""
        return self.path().as_download(path_on_compute)

    def as_upload(self, path_on_compute: str | None = None) -> DataReference:
        """Return a reference to the whole datastore, to be uploaded to."""
        return self.path().as_upload(path_on_compute)

    def upload(
        self,
        src_dir: str | os.PathLike[str],
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Copy everything in ``src_dir``, not the folder itself, below ``target_path``.

        Args:
            src_dir: A local folder.
            target_path: A folder of the datastore; ``None`` is its root.
            overwrite: Replace files that are there already instead of skipping them.
            show_progress: Write one line of summary to standard output.

        Returns:
            A reference to ``target_path``.

        Raises:
            UserErrorException: ``src_dir`` is no folder, or a file cannot be written.
        """
        target = relative_path(target_path or "")
        transfer = open_transfer(self.settings, show_progress=show_progress)
        root = Path(src_dir).expanduser().absolute()
        transfer.upload(root, files_below(src_dir), target, overwrite=overwrite)
        return self.path(target_path)

    def upload_files(
        self,
        files: Sequence[str | os.PathLike[str]],
        relative_root: str | os.PathLike[str] | None = None,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Copy ``files`` below ``target_path``, keeping their paths.

        Args:
            files: Local files.
            relative_root: The folder that paths are kept below; ``None`` is the nearest
                one that holds all files.
            target_path: A folder of the datastore; ``None`` is its root.
            overwrite: Replace files that are there already instead of skipping them.
            show_progress: Write one line of summary to standard output.

        Returns:
            A reference to ``target_path``.

        Raises:
            UserErrorException: A file is missing or lies elsewhere, or cannot be
                written.
        """
        target = relative_path(target_path or "")
        transfer = open_transfer(self.settings, show_progress=show_progress)
        root, names = files_relative_to(files, relative_root)
        transfer.upload(root, names, target, overwrite=overwrite)
        return self.path(target_path)

    def download(
        self,
        target_path: str | os.PathLike[str],
        prefix: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> int:
        """Copy every file whose path starts with ``prefix`` to a local folder.

        Args:
            target_path: The local folder, made when it is not there; files keep their
                whole path below it: ``target_path/mnist/0.png``.
            prefix: Plain text: ``img/1`` also means ``img/10.png``; ``None``: all.
            overwrite: Replace files that are there already instead of skipping them.
            show_progress: Write one line of summary to standard output.

        Returns:
            Files written; 0 when there are none.

        Raises:
            UserErrorException: A file cannot be written.
        """
        transfer = open_transfer(self.settings, show_progress=show_progress)
        target = Path(target_path).expanduser().absolute()
        return transfer.download(target, prefix or "", overwrite=overwrite)

    def __str__(self) -> str:
        return json.dumps(self._shown(), indent=2)

    def __repr__(self) -> str:
        return str(self)

    def _shown(self) -> dict[str, str | None]:
        return {"name": self.name, "url": self.settings.url}
