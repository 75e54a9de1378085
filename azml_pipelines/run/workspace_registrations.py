"""What a workspace offers to the rooms below: they save and find things by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.compute.target import ComputeTarget
from azml_pipelines.data.datastore import open_datastore
from azml_pipelines.data.datastore_home import DatastoreSettings, DatastoreType
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import mask_content, mask_texts
from azml_pipelines.run.dataset_mapping import DatasetMapping
from azml_pipelines.run.workspace_environments import WorkspaceEnvironments
from azml_pipelines.run.workspace_place import checked_name, is_text
from azml_pipelines.run.workspace_storage import read_storage
from azml_pipelines.store.private_folder import make_private
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from azml_pipelines.data.dataset_home import RegisteredDataset
    from azml_pipelines.data.datastore import AbstractDatastore
    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.store.catalog import ComputeRecord

__all__ = ["WorkspaceRegistrations"]

_DEFAULT_DATASTORE = "workspaceblobstore"
_BUILT_IN: dict[str, DatastoreType] = {
    _DEFAULT_DATASTORE: "AzureBlob",
    "workspacefilestore": "AzureFile",
}


class WorkspaceRegistrations(WorkspaceEnvironments):
    """Datastores, datasets, environments and compute targets of a workspace.

    Implements ``DatastoreHome``, ``DatasetHome``, ``EnvironmentHome`` and
    ``ComputeHome``. Two datastores always exist; they are not in the catalog, so a
    workspace whose folder is moved finds them again.
    """

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
        settings = saved.find(name) if is_text(name) else None
        if settings is None and is_text(name) and name in _BUILT_IN:
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
            description=mask_content(description),
            tags=mask_texts(tags or {}),
            create_new_version=create_new_version,
        )

    def find_dataset(self, name: str, version: int | None = None) -> RegisteredDataset:
        """Return one version of a dataset, the latest one when ``version`` is None.

        Raises:
            UserErrorException: Unknown; the message lists what is registered.
        """
        return self.catalog.datasets.find(checked_name("dataset", name), version)

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
            dataset_id, description=mask_content(description), tags=mask_texts(tags)
        )

    def delete_dataset(self, name: str) -> None:
        """Forget every version of a dataset; its data stays."""
        self.catalog.datasets.delete(name)

    def get_default_compute_target(self, type: str) -> ComputeTarget | None:
        """Return the compute target that is called as version 1's default ones are.

        Args:
            type: ``CPU`` or ``GPU``: ``cpu-cluster`` or ``gpu-cluster`` is looked up.

        Returns:
            ``None`` when there is none of that name.

        Raises:
            UserErrorException: ``type`` is neither.
        """
        if type not in {"CPU", "GPU"}:
            msg = f"type={shown(type)} is not allowed. Give 'CPU' or 'GPU'."
            raise UserErrorException(msg)
        return self.compute_targets.get(f"{type.lower()}-cluster")

    @property
    def compute_targets(self) -> dict[str, ComputeTarget]:
        """Every compute target by name; ``local`` always exists."""
        return {target.name: target for target in ComputeTarget.list(self)}

    def save_compute(self, name: str, kind: str, settings: str) -> ComputeRecord:
        """Remember a compute target, replacing its settings if it exists."""
        return self.catalog.computes.save(name, kind, settings)

    def find_compute(self, name: str) -> ComputeRecord | None:
        """Return what was saved about a compute target, or None."""
        return self.catalog.computes.find(name) if is_text(name) else None

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
