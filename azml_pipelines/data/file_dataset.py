"""A dataset of files: images, documents, anything that a script opens by path."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from azml_pipelines.data.abstract_dataset import AbstractDataset
from azml_pipelines.data.azure_only import AzureOnlyFiles
from azml_pipelines.data.consumption import DatasetConsumptionConfig
from azml_pipelines.data.expression import DatasetExpression
from azml_pipelines.data.file_copy import copy_file
from azml_pipelines.data.file_mount import MountContext
from azml_pipelines.data.file_store import open_store
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.remote_files import bring_files
from azml_pipelines.data.remote_listing import is_remote, list_remote
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.data.definition import DatasetDefinition

__all__ = ["FileDataset"]

_METADATA = ("Size", "LastModifiedTime", "CreationTime", "Extension", "CanSeek")


class FileDataset(AbstractDataset, AzureOnlyFiles):
    """Files on datastores or local paths; made by ``Dataset.File.from_files``."""

    kind: Literal["file"] = "file"

    @staticmethod
    def file_metadata(col: str) -> DatasetExpression:
        """Return a fact about files for a filter.

        Args:
            col: ``Size``, ``LastModifiedTime``, ``CreationTime``, ``Extension`` or
                ``CanSeek``.

        Raises:
            UserErrorException: It is none of these.
        """
        if col not in _METADATA:
            msg = f"col must be one of {', '.join(_METADATA)}, not {shown(col)}."
            raise UserErrorException(msg)
        return DatasetExpression(["col", col])

    def to_path(self) -> list[str]:
        """List the files.

        Returns:
            One path per file, relative to the folder that all of them share, each with
            a leading ``/``; in the order of the dataset.

        Raises:
            UserErrorException: The dataset cannot be listed.
        """
        return [f"/{path}" for path in list_files(self.definition).paths]

    def download(
        self,
        target_path: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        ignore_not_found: bool = False,
    ) -> list[str]:
        """Copy the files to ``target_path/<entry of to_path()>``, or none of them.

        Args:
            target_path: A local folder, made when it is not there; ``None`` makes one
                in the system's folder for temporary files.
            overwrite: Replace files that exist already.
            ignore_not_found: Leave out files that vanish while others are copied.

        Returns:
            Absolute local paths, in the order of the dataset.

        Raises:
            UserErrorException: A file exists already, has vanished, or cannot be
                written.
        """
        if is_remote(self.definition):
            return _download_remote(
                self.definition,
                _target_folder(target_path),
                overwrite=overwrite,
                ignore_not_found=ignore_not_found,
            )
        listing = list_files(self.definition)
        # A file that several sources name is one file in a folder.
        paths = list(dict.fromkeys(listing.paths))
        folder = _target_folder(target_path)
        if not overwrite:
            _refuse_existing(folder, paths)
        written = []
        for path in paths:
            try:
                copy_file(Path(listing.root, path), folder / path)
            except FileNotFoundError as error:
                if ignore_not_found:
                    continue
                msg = (
                    f"The file {shown(path)} of the dataset vanished before it was "
                    f"copied from {shown(listing.root)}. Pass ignore_not_found=True to "
                    "go on."
                )
                raise UserErrorException(msg, inner_exception=error) from error
            written.append(str(folder / path))
        return written

    def mount(self, mount_point: str | os.PathLike[str] | None = None) -> MountContext:
        """Show the files in a folder of links, to be used in a ``with`` statement.

        Args:
            mount_point: An empty or new folder; ``None`` makes a temporary one.

        Raises:
            UserErrorException: The folder is not empty.
        """
        return MountContext(self.definition, mount_point)

    def as_named_input(self, name: str) -> DatasetConsumptionConfig:
        """Name this dataset as the input of a step.

        Raises:
            UserErrorException: ``name`` is no identifier.
        """
        return DatasetConsumptionConfig(name, self)

    def as_mount(
        self, path_on_compute: str | os.PathLike[str] | None = None
    ) -> DatasetConsumptionConfig:
        """Make this dataset the input of a step, which gets local paths."""
        return DatasetConsumptionConfig(None, self, "mount", path_on_compute)

    def as_download(
        self, path_on_compute: str | os.PathLike[str] | None = None
    ) -> DatasetConsumptionConfig:
        """Make this dataset the input of a step, which gets local copies."""
        return DatasetConsumptionConfig(None, self, "download", path_on_compute)

    def as_hdfs(self) -> DatasetConsumptionConfig:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        return DatasetConsumptionConfig(None, self, "hdfs")


def _download_remote(
    definition: DatasetDefinition,
    folder: Path,
    *,
    overwrite: bool,
    ignore_not_found: bool,
) -> list[str]:
    """Fetch the files of a dataset on a remote store."""
    listing = list_remote(definition)
    files = list({file.path: file for file in listing.files}.values())
    if not overwrite:
        _refuse_existing(folder, [file.path for file in files])
    store = open_store(listing.location)
    if ignore_not_found:
        files = [file for file in files if store.find(file.path) is not None]
    brought = bring_files(store, iter(files), folder, overwrite=True)
    return [str(path) for path in brought]


def _target_folder(target_path: str | os.PathLike[str] | None) -> Path:
    if target_path is None:
        return Path(tempfile.mkdtemp(prefix="azml-download-"))
    folder = Path(target_path).expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _refuse_existing(folder: Path, paths: list[str]) -> None:
    for path in paths:
        if os.path.lexists(folder / path):
            msg = (
                f"{shown(str(folder / path))} exists already, so nothing was "
                "downloaded. Pass overwrite=True, or another target_path."
            )
            raise UserErrorException(msg)
