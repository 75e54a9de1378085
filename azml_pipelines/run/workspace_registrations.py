"""What a workspace offers to the rooms below: they save and find things by name."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from azml_pipelines.compute.target import ComputeTarget
from azml_pipelines.data.datastore import open_datastore
from azml_pipelines.data.datastore_home import DatastoreSettings, DatastoreType
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.errors import UserErrorException
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.run.dataset_mapping import DatasetMapping
from azml_pipelines.run.workspace_storage import read_storage
from azml_pipelines.store.private_folder import check_private, make_private
from azml_pipelines.store.workspace_folder import WorkspaceFolder
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from azml_pipelines.data.dataset_home import RegisteredDataset
    from azml_pipelines.data.datastore import AbstractDatastore
    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.pipeline.environment_definition import (
        EnvironmentDefinition,
        RegisteredEnvironment,
    )
    from azml_pipelines.store.catalog import Catalog, ComputeRecord

__all__ = ["WorkspaceRegistrations"]

_DEFAULT_DATASTORE = "workspaceblobstore"
_BUILT_IN: dict[str, DatastoreType] = {
    _DEFAULT_DATASTORE: "AzureBlob",
    "workspacefilestore": "AzureFile",
}


class WorkspaceRegistrations:
    """Datastores, datasets, environments and compute targets of a workspace.

    Implements ``DatastoreHome``, ``DatasetHome``, ``EnvironmentHome`` and
    ``ComputeHome``. Two datastores always exist; they are not in the catalog, so a
    workspace whose folder is moved finds them again.

    Args:
        root: The folder whose storage this is; nothing is made before it is needed.

    Raises:
        WorkspaceException: The storage is somebody else's, or others may write there.
    """

    def __init__(self, root: Path) -> None:
        self.folder = WorkspaceFolder(root)
        check_private(self.folder.storage)

    def prepare_storage(self) -> None:
        """Make the storage folder, for its owner only and invisible to git."""
        storage = self.folder.storage
        storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(storage, missing=False)
        for folder in (self.folder.datastores, self.folder.models, self.folder.runs):
            folder.mkdir(mode=0o700, exist_ok=True)
        ignore = storage / ".gitignore"
        with suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(ignore, flags, 0o600), "w") as file:
                file.write("*\n")

    @cached_property
    def catalog(self) -> Catalog:
        """What is registered under which name; an extension of version 1."""
        from azml_pipelines.store.catalog_place import open_catalog  # noqa: PLC0415 - SQLAlchemy

        self.prepare_storage()
        return open_catalog(self.folder)

    @property
    def datastores(self) -> dict[str, AbstractDatastore]:
        """Every datastore by name, as registered now."""
        known = {name: self._built_in(name) for name in _BUILT_IN}
        known |= {one.name: one for one in self.catalog.datastores.all()}
        return {name: open_datastore(self, known[name]) for name in sorted(known)}

    def get_datastore(self, name: str | None) -> AbstractDatastore:
        """Return a datastore, the default one when ``name`` is None.

        Raises:
            UserErrorException: Unknown; the message lists those that exist.
        """
        saved = self.catalog.datastores
        if name is None:
            name = saved.default or _DEFAULT_DATASTORE
        settings = saved.find(name) if _is_text(name) else None
        if settings is None and _is_text(name) and name in _BUILT_IN:
            settings = self._built_in(name)
        if settings is None:
            msg = (
                f"No datastore is called {shown(name)} in this workspace; known: "
                f"{listed(self.datastores)}. Register one with "
                "Datastore.register_local_folder(…)."
            )
            raise UserErrorException(msg)
        return open_datastore(self, settings)

    def get_default_datastore(self) -> AbstractDatastore:
        """Return the default datastore: ``workspaceblobstore``, unless one was set."""
        return self.get_datastore(None)

    def set_default_datastore(self, name: str) -> None:
        """Make another datastore the default one.

        Raises:
            UserErrorException: No datastore has this name.
        """
        self.catalog.datastores.set_default(self.get_datastore(name).name)

    def save_datastore(self, settings: DatastoreSettings, *, overwrite: bool) -> None:
        """Remember a datastore.

        Raises:
            UserErrorException: The name is taken and ``overwrite`` is False.
        """
        if settings.name in _BUILT_IN and not overwrite:
            msg = (
                f"A datastore called {shown(settings.name)} exists in every workspace; "
                "choose another name, or pass overwrite=True to replace it."
            )
            raise UserErrorException(msg)
        self.catalog.datastores.save(settings, overwrite=overwrite)

    def delete_datastore(self, name: str) -> None:
        """Forget a datastore; its files stay.

        Raises:
            UserErrorException: Unknown, or one that exists in every workspace.
        """
        if self.catalog.datastores.delete(name):
            return
        self.get_datastore(name)
        msg = (
            f"Datastore {shown(name)} exists in every workspace and cannot be "
            "unregistered."
        )
        raise UserErrorException(msg)

    def storage_account(self, account_name: str) -> str | None:
        """Return what ``config.json`` has in the place of a storage account.

        Raises:
            UserErrorException: The configuration cannot be read.
        """
        return read_storage(self.folder.root).account(account_name)

    def datastore_folder(self, name: str) -> Path:
        """Return the folder of a datastore that has no place of its own."""
        self.prepare_storage()
        folder = self.folder.datastore(name)
        make_private(folder.parent, self.folder.storage)
        return folder

    @property
    def datasets(self) -> DatasetMapping:
        """The latest version of every registered dataset, by name."""
        return DatasetMapping(self, self.catalog.datasets.latest())

    def save_dataset(
        self,
        name: str,
        definition: DatasetDefinition,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        create_new_version: bool = False,
    ) -> RegisteredDataset:
        """Register a definition; an equal one is the version that is there already.

        Raises:
            UserErrorException: The name stands for another definition and
                ``create_new_version`` is False.
        """
        return self.catalog.datasets.save(
            name,
            definition,
            description=description,
            tags=tags,
            create_new_version=create_new_version,
        )

    def find_dataset(self, name: str, version: int | None = None) -> RegisteredDataset:
        """Return one version of a dataset, the latest one when ``version`` is None.

        Raises:
            UserErrorException: Unknown; the message lists what is registered.
        """
        return self.catalog.datasets.find(_text("dataset", name), version)

    def find_dataset_by_id(self, dataset_id: str) -> RegisteredDataset:
        """Return the version of a dataset with this id.

        Raises:
            UserErrorException: There is none.
        """
        return self.catalog.datasets.find_id(dataset_id)

    def update_dataset(
        self, dataset_id: str, *, description: str | None, tags: Mapping[str, str]
    ) -> RegisteredDataset:
        """Replace description and tags of one version of a dataset."""
        return self.catalog.datasets.update(
            dataset_id, description=description, tags=tags
        )

    def delete_dataset(self, name: str) -> None:
        """Forget every version of a dataset; its data stays."""
        self.catalog.datasets.delete(name)

    @property
    def environments(self) -> dict[str, Environment]:
        """The latest version of every registered environment, by name."""
        return Environment.list(self)

    def save_environment(
        self, name: str, definition: EnvironmentDefinition
    ) -> RegisteredEnvironment:
        """Store a new version of an environment; an equal one is the same version."""
        return self.catalog.environments.save(name, definition)

    def find_environment(
        self, name: str, version: int | None = None
    ) -> RegisteredEnvironment | None:
        """Return a version of an environment, the latest one for None, or None."""
        return self.catalog.environments.find(_text("environment", name), version)

    def list_environments(self) -> list[RegisteredEnvironment]:
        """Return the latest version of every environment."""
        return self.catalog.environments.latest()

    @property
    def compute_targets(self) -> dict[str, ComputeTarget]:
        """Every compute target by name; ``local`` always exists."""
        return {target.name: target for target in ComputeTarget.list(self)}

    def save_compute(self, name: str, kind: str, settings: str) -> ComputeRecord:
        """Remember a compute target, replacing its settings if it exists."""
        return self.catalog.computes.save(name, kind, settings)

    def find_compute(self, name: str) -> ComputeRecord | None:
        """Return what was saved about a compute target, or None."""
        return self.catalog.computes.find(name) if _is_text(name) else None

    def list_computes(self) -> list[ComputeRecord]:
        """Return all saved compute targets, sorted by name."""
        return self.catalog.computes.all()

    def delete_compute(self, name: str) -> None:
        """Forget a compute target."""
        self.catalog.computes.delete(name)

    def _built_in(self, name: str) -> DatastoreSettings:
        folder = self.datastore_folder(name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return DatastoreSettings(
            name=name,
            datastore_type=_BUILT_IN[name],
            url=folder_url(folder),
            container_name=f"azureml-{name.removeprefix('workspace')}",
            account_name="local",
            protocol="https",
            endpoint="core.windows.net",
        )


def _is_text(name: object) -> bool:
    """Whether a name can be looked up: it is text, and Unicode."""
    return isinstance(name, str) and not any(
        "\ud800" <= one <= "\udfff" for one in name
    )


def _text(kind: str, name: str) -> str:
    if not _is_text(name):
        msg = f"No {kind} is called {shown(name)}: a name is text. Give another one."
        raise UserErrorException(msg)
    return name
