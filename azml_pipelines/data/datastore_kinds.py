"""The concrete datastores, one class for each kind that version 1 knows, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.data.abstract_datastore import AbstractDatastore

if TYPE_CHECKING:
    from azml_pipelines.data.datastore_home import DatastoreHome, DatastoreSettings

__all__ = [
    "AzureBlobDatastore",
    "AzureDataLakeGen2Datastore",
    "AzureFileDatastore",
    "LocalFolderDatastore",
    "UrlDatastore",
    "open_datastore",
]


class _AzureStorageDatastore(AbstractDatastore):
    """What the kinds of Azure storage have in common."""

    @property
    def account_key(self) -> str | None:
        """The reference to the account's key, if it is opened with one."""
        return self._option("account_key")

    @property
    def sas_token(self) -> str | None:
        """The reference to the shared access signature, if it is opened with one."""
        return self._option("sas_token")

    @property
    def is_sas(self) -> bool:
        """Whether it is opened with a shared access signature."""
        return self.sas_token is not None

    @property
    def credential_type(self) -> str:
        """Version 1's word for how it is opened."""
        if self.is_sas:
            return "Sas"
        if self.account_key is not None:
            return "AccountKey"
        return "ServicePrincipal" if self._option("client_id") else "None"

    @property
    def container_name(self) -> str | None:
        """Blob container, file system or file share."""
        return self.settings.container_name

    @property
    def account_name(self) -> str | None:
        """Storage account."""
        return self.settings.account_name

    @property
    def protocol(self) -> str | None:
        """``https`` unless registered otherwise."""
        return self.settings.protocol

    @property
    def endpoint(self) -> str | None:
        """``core.windows.net`` unless registered otherwise."""
        return self.settings.endpoint

    def _option(self, name: str) -> str | None:
        value = self.settings.options.get(name)
        return None if value is None else str(value)

    def _shown(self) -> dict[str, str | None]:
        return {
            "name": self.name,
            "container_name": self.container_name,
            "account_name": self.account_name,
            "protocol": self.protocol,
            "endpoint": self.endpoint,
            "url": self.settings.url,
        }


class AzureBlobDatastore(_AzureStorageDatastore):
    """A blob container, or what the workspace has in its place."""


class AzureFileDatastore(_AzureStorageDatastore):
    """A file share; always a folder, or what the workspace has in its place."""


class AzureDataLakeGen2Datastore(_AzureStorageDatastore):
    """A file system of an account with a hierarchical namespace."""


class LocalFolderDatastore(AbstractDatastore):
    """A folder of this machine; our extension."""


class UrlDatastore(AbstractDatastore):
    """A store that fsspec opens: S3, Google, memory and others; our extension."""


def open_datastore(
    workspace: DatastoreHome, settings: DatastoreSettings
) -> AbstractDatastore:
    """Return the datastore object for what a workspace remembers."""
    match settings.datastore_type:
        case "AzureBlob":
            return AzureBlobDatastore(workspace, settings)
        case "AzureFile":
            return AzureFileDatastore(workspace, settings)
        case "AzureDataLakeGen2":
            return AzureDataLakeGen2Datastore(workspace, settings)
        case "LocalFolder":
            return LocalFolderDatastore(workspace, settings)
        case "S3" | "Gcs" | "Url":
            return UrlDatastore(workspace, settings)
