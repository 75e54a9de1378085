"""``Dataset.File`` and ``Dataset.Tabular``: datasets made of paths."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.datastore_transfer import Transfer, files_below
from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.local_url import relative_path
from azml_pipelines.data.tabular_factory import (
    TabularDatasetFactory,
    partition_definition,
)
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import os

    from azml_pipelines.data.dataset_paths import DatasetPaths

__all__ = ["FileDatasetFactory", "TabularDatasetFactory"]


class FileDatasetFactory:
    """Makes file datasets; known as ``Dataset.File``."""

    @staticmethod
    def from_files(
        path: DatasetPaths,
        validate: bool = True,
        partition_format: str | None = None,
        is_file: bool = False,
    ) -> FileDataset:
        """Make a dataset of files. Nothing is read, and the files need not exist yet.

        Args:
            path: ``(datastore, 'relative/path')``, a DataReference, a DataPath, or a
                list of these; as our extension also local paths, plain or
                ``file://``. A folder is every file below it; ``*`` in a path stands
                for one name, ``**`` for any depth.
            validate: As in version 1, only used together with ``partition_format``.
            partition_format: Columns in the path, such as ``/{user}/{genre}.wav`` or
                ``/{day:yyyy/MM/dd}/x.csv``.
            is_file: Whether ``path`` is one file; found out by itself here.

        Raises:
            UserErrorException: ``path`` is none of these, or a file does not match
                the partition format.
            PartitionFormatError: ``partition_format`` is none; a ``ValueError``.
        """
        if is_file and validate:
            warnings.warn(
                "is_file=True skips the validation. Pass validate=False as well.",
                stacklevel=2,
            )
        dataset = FileDataset(
            DatasetDefinition(
                kind="file",
                sources=data_sources(path),
                partition=partition_definition(partition_format),
            )
        )
        if partition_format is not None and validate:
            dataset.get_partition_key_values()
        return dataset

    @staticmethod
    def upload_directory(
        src_dir: str | os.PathLike[str],
        target: tuple[AbstractDatastore, str] | DataPath,
        pattern: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> FileDataset:
        """Copy a local folder to a datastore and make a dataset of what is there then.

        Args:
            src_dir: A local folder.
            target: ``(datastore, 'folder')`` or a DataPath.
            pattern: Which files, relative to ``src_dir``: ``*.png``, ``**/*.png``.
            overwrite: Replace files that are there already instead of skipping them.
            show_progress: Write one line of summary to standard output.

        Raises:
            UserErrorException: There is no such folder, or ``target`` is none of these.
        """
        match target:
            case (AbstractDatastore() as datastore, str() as folder):
                pass
            case DataPath():
                datastore, folder = target.datastore, target.path_on_datastore or ""
            case _:
                msg = (
                    "target must be (datastore, 'folder') or a DataPath, "
                    f"not {shown(target)}."
                )
                raise UserErrorException(msg)
        files = files_below(src_dir, pattern or "**")
        transfer = Transfer(datastore.settings, show_progress=show_progress)
        transfer.upload(
            Path(src_dir).expanduser().absolute(),
            files,
            relative_path(folder),
            overwrite=overwrite,
        )
        return FileDatasetFactory.from_files((datastore, folder))
