"""A workspace small enough for the tests of this room: folders and dictionaries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from azml_pipelines.data.dataset import Dataset, open_dataset
from azml_pipelines.data.dataset_home import RegisteredDataset
from azml_pipelines.data.datastore import DatastoreSettings, open_datastore
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from azml_pipelines.data.abstract_datastore import AbstractDatastore
    from azml_pipelines.data.dataset_home import DatasetHome
    from azml_pipelines.data.datastore_home import DatastoreHome
    from azml_pipelines.data.file_dataset import FileDataset
    from azml_pipelines.data.tabular_dataset import TabularDataset


class FolderHome:
    """Keeps the promises of ``DatastoreHome`` and ``DatasetHome``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.accounts: dict[str, str] = {}
        self._datastores: dict[str, DatastoreSettings] = {}
        self._versions: dict[str, list[RegisteredDataset]] = {}
        self._default = "workspaceblobstore"
        folder = self.datastore_folder(self._default)
        folder.mkdir(parents=True)
        settings = DatastoreSettings(
            name=self._default, datastore_type="AzureBlob", url=folder_url(folder)
        )
        self.save_datastore(settings, overwrite=False)

    def storage_account(self, account_name: str) -> str | None:
        return self.accounts.get(account_name)

    def datastore_folder(self, name: str) -> Path:
        return self._root / "datastores" / name

    def get_datastore(self, name: str | None) -> AbstractDatastore:
        settings = self._datastores.get(name or self._default)
        if settings is None:
            msg = f"No datastore {name!r}; known: {', '.join(self._datastores)}."
            raise UserErrorException(msg)
        return open_datastore(self, settings)

    def save_datastore(self, settings: DatastoreSettings, *, overwrite: bool) -> None:
        if settings.name in self._datastores and not overwrite:
            msg = f"The datastore {settings.name!r} exists already."
            raise UserErrorException(msg)
        self._datastores[settings.name] = settings

    def delete_datastore(self, name: str) -> None:
        del self._datastores[name]

    def set_default_datastore(self, name: str) -> None:
        self._default = name

    @property
    def datasets(self) -> Mapping[str, FileDataset | TabularDataset]:
        return {
            name: open_dataset(self, versions[-1])
            for name, versions in self._versions.items()
        }

    def save_dataset(
        self,
        name: str,
        definition: DatasetDefinition,
        *,
        description: str | None,
        tags: Mapping[str, str] | None,
        create_new_version: bool,
    ) -> RegisteredDataset:
        versions = self._versions.setdefault(name, [])
        if versions and versions[-1].definition == definition:
            return versions[-1]
        if versions and not create_new_version:
            msg = f"The dataset {name!r} exists already."
            raise UserErrorException(msg)
        number = len(versions) + 1
        versions.append(
            RegisteredDataset(
                str(uuid4()), name, number, description, dict(tags or {}), definition
            )
        )
        return versions[-1]

    def find_dataset(self, name: str, version: int | None) -> RegisteredDataset:
        versions = self._versions.get(name, [])
        place = (version or len(versions)) - 1
        if not 0 <= place < len(versions):
            msg = f"No dataset {name!r} version {version}; known: {[*self._versions]}."
            raise UserErrorException(msg)
        return versions[place]

    def find_dataset_by_id(self, dataset_id: str) -> RegisteredDataset:
        for versions in self._versions.values():
            for registered in versions:
                if registered.id == dataset_id:
                    return registered
        msg = f"No dataset has the id {dataset_id!r}."
        raise UserErrorException(msg)

    def update_dataset(
        self, dataset_id: str, *, description: str | None, tags: Mapping[str, str]
    ) -> RegisteredDataset:
        old = self.find_dataset_by_id(dataset_id)
        new = replace(old, description=description, tags=dict(tags))
        self._versions[old.name][old.version - 1] = new
        return new

    def delete_dataset(self, name: str) -> None:
        del self._versions[name]


if TYPE_CHECKING:

    def _keeps_the_promises(home: FolderHome) -> tuple[DatastoreHome, DatasetHome]:
        return home, home


@pytest.fixture
def home(tmp_path: Path) -> FolderHome:
    """A workspace with the datastore ``workspaceblobstore``, the default."""
    return FolderHome(tmp_path / "workspace")


@pytest.fixture
def store(home: FolderHome) -> AbstractDatastore:
    """The default datastore."""
    return home.get_datastore(None)


@pytest.fixture
def root(home: FolderHome) -> Path:
    """The folder of the default datastore."""
    return home.datastore_folder("workspaceblobstore")


@pytest.fixture
def write() -> Callable[..., None]:
    """Write files below a folder; each holds its own path unless told otherwise."""

    def write(folder: Path, *paths: str, text: str | None = None) -> None:
        for path in paths:
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path if text is None else text)

    return write


@pytest.fixture
def files_in() -> Callable[[Path], dict[str, str]]:
    """Read every file below a folder: path to text."""

    def files_in(folder: Path) -> dict[str, str]:
        return {
            file.relative_to(folder).as_posix(): file.read_text()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }

    return files_in


@pytest.fixture
def definition() -> Callable[..., DatasetDefinition]:
    """Define a file dataset over paths of one local root."""

    def definition(
        root: Path, *paths: str, datastore: str | None = "store"
    ) -> DatasetDefinition:
        url = folder_url(root)
        sources = tuple(
            DataSource(url=url, path=path, datastore=datastore) for path in paths
        )
        return DatasetDefinition(kind="file", sources=sources)

    return definition


@pytest.fixture
def mltable(tmp_path: Path) -> Callable[[str], FileDataset | TabularDataset]:
    """Write an MLTable beside ``a/1.csv``, and read it."""
    for year in (1, 2):
        folder = tmp_path / f"y{year}"
        folder.mkdir()
        (folder / "sales.csv").write_text(
            "store;amount;day\nA;1;2024-01-02\nB;2;2024-01-03\nA;30;2024-01-04\n"
        )

    def read(text: str) -> FileDataset | TabularDataset:
        (tmp_path / "MLTable").write_text(text)
        return Dataset.from_mltable(tmp_path)

    return read
