"""``Dataset``: the door to datasets, new and registered ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.argument_checks import check_text, check_workspace
from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.azure_only import EarlierDataset
from azml_pipelines.data.data_reference import DataPath, DataReference
from azml_pipelines.data.dataset_factory import (
    FileDatasetFactory,
    TabularDatasetFactory,
)
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.mltable import read_mltable
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.data.abstract_dataset import AbstractDataset
    from azml_pipelines.data.dataset_home import DatasetHome, RegisteredDataset
    from azml_pipelines.data.dataset_paths import DatasetPath
    from azml_pipelines.data.datastore_home import DatastoreHome

__all__ = [
    "Dataset",
    "FileDatasetFactory",
    "TabularDatasetFactory",
    "open_dataset",
]


class Dataset(EarlierDataset):
    """Makes datasets, and finds registered ones.

    ``Dataset.File.from_files(…)`` and ``Dataset.Tabular.from_delimited_files(…)`` make
    them.
    """

    File = FileDatasetFactory
    Tabular = TabularDatasetFactory

    @staticmethod
    def from_mltable(
        folder: DatasetPath, *, workspace: DatastoreHome | None = None
    ) -> FileDataset | TabularDataset:
        """Return the dataset that an MLTable folder describes; an extension of ours.

        Args:
            folder: A folder with a file ``MLTable``: a local path,
                ``(datastore, 'folder')``, a DataPath or a DataReference.
            workspace: Knows the datastores of ``azureml://`` paths in the file; that of
                the datastore is used if None.

        Raises:
            UserErrorException: The file is missing, or asks for what is not there.
        """
        match folder:
            case (AbstractDatastore() as datastore, _):
                home = datastore.workspace
            case DataPath() | DataReference():
                home = folder.datastore.workspace
            case _:
                return read_mltable(Path(os.fspath(folder)), workspace)
        (source,) = data_sources(folder)
        return read_mltable(source, workspace or home)

    @staticmethod
    def get_by_name(
        workspace: DatasetHome, name: str, version: int | str = "latest"
    ) -> FileDataset | TabularDataset:
        """Return a registered dataset.

        Args:
            workspace: Where it is registered.
            name: What it is called there.
            version: A number from 1, also as text, or ``latest``.

        Raises:
            UserErrorException: ``version`` is neither, or there is no such dataset.
        """
        check_workspace(workspace)
        registered = workspace.find_dataset(name, _version_number(name, version))
        return open_dataset(workspace, registered)

    @staticmethod
    def get_by_id(workspace: DatasetHome, id: str) -> FileDataset | TabularDataset:
        """Return the registered version with that GUID.

        Raises:
            UserErrorException: There is none.
        """
        check_workspace(workspace)
        check_text("id", id)
        return open_dataset(workspace, workspace.find_dataset_by_id(id))

    @staticmethod
    def get_all(workspace: DatasetHome) -> Mapping[str, AbstractDataset]:
        """Return the latest version of every registered dataset, by name; lazy."""
        return workspace.datasets


def open_dataset(
    workspace: DatasetHome, registered: RegisteredDataset
) -> FileDataset | TabularDataset:
    """Return the dataset object for what a workspace remembers."""
    kind = FileDataset if registered.definition.kind == "file" else TabularDataset
    return kind(registered.definition, registered=registered, home=workspace)


def _version_number(name: str, version: int | str) -> int | None:
    if version == "latest":
        return None
    if isinstance(version, str) and version.isdecimal():
        version = int(version)
    if isinstance(version, int) and not isinstance(version, bool) and version > 0:
        return version
    msg = (
        f"version of dataset {shown(name)} must be a number from 1 or 'latest', "
        f"not {shown(version)}."
    )
    raise UserErrorException(msg)
