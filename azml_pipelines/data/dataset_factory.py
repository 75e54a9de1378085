"""``Dataset.File`` and ``Dataset.Tabular``: datasets made of paths."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.datastore_transfer import Transfer, files_below
from azml_pipelines.data.definition import DatasetDefinition, DelimitedFormat
from azml_pipelines.data.delimited_options import (
    PromoteHeadersBehavior,
    checked_encoding,
    checked_separator,
    header_mode,
)
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.local_url import relative_path
from azml_pipelines.data.tabular_dataset import TabularDataset, check_readable
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

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
            partition_format: Not supported yet.
            is_file: Whether ``path`` is one file; found out by itself here.

        Raises:
            UserErrorException: ``path`` is none of these.
        """
        _refuse_later("partition_format", partition_format)
        if is_file and validate:
            warnings.warn(
                "is_file=True skips the validation. Pass validate=False as well.",
                stacklevel=2,
            )
        return FileDataset(DatasetDefinition(kind="file", sources=data_sources(path)))

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


class TabularDatasetFactory:
    """Makes tabular datasets; known as ``Dataset.Tabular``."""

    @staticmethod
    def from_delimited_files(  # noqa: PLR0917 - version 1's signature
        path: DatasetPaths,
        validate: bool = True,
        include_path: bool = False,
        infer_column_types: bool = True,
        set_column_types: Mapping[str, object] | None = None,
        separator: str = ",",
        header: bool | str | PromoteHeadersBehavior = True,
        partition_format: str | None = None,
        support_multi_line: bool = False,
        empty_as_string: bool = False,
        encoding: str = "utf8",
    ) -> TabularDataset:
        """Make a dataset of the rows of delimited files.

        Args:
            path: As in ``Dataset.File.from_files``.
            validate: Fail now when there is no record to read.
            include_path: Add a column ``Path``.
            infer_column_types: Find out types from the cells; this, too, fails when
                there is no record. ``False`` is not supported yet.
            set_column_types: Not supported yet.
            header: ``True``: all files start with the same line of names; ``False``:
                names are ``Column1``, …; or a PromoteHeadersBehavior, or its name.
            partition_format: Not supported yet.
            support_multi_line: Quoted cells may hold line ends; files are not cut then.
            empty_as_string: Read empty cells as empty text instead of null.
            encoding: One of version 1's names, such as ``utf8`` and ``windows1252``.

        Raises:
            UserErrorException: An argument is not as described, or there is no record.
        """
        _refuse_later("partition_format", partition_format)
        _refuse_later("set_column_types", set_column_types)
        _refuse_later("infer_column_types", None if infer_column_types else False)
        definition = DatasetDefinition(
            kind="tabular",
            sources=data_sources(path),
            format=DelimitedFormat(
                separator=checked_separator(separator),
                header=header_mode(header),
                encoding=checked_encoding(encoding),
                include_path=include_path,
                empty_as_string=empty_as_string,
                support_multi_line=support_multi_line,
            ),
        )
        if validate or infer_column_types:
            check_readable(definition)
        return TabularDataset(definition)


def _refuse_later(argument: str, value: object) -> None:
    """Refuse an argument that this release would otherwise ignore."""
    if value is not None:
        msg = (
            f"{argument}={shown(value)} is not supported yet. Leave {argument} out, or "
            "wait for a later release."
        )
        raise UserErrorException(msg)
