"""Datastores: named roots that data lies below. Here each one is a local folder."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.datastore_home import DatastoreHome, DatastoreSettings
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

__all__ = [
    "AbstractDatastore",
    "AzureBlobDatastore",
    "AzureFileDatastore",
    "Datastore",
    "DatastoreHome",
    "DatastoreSettings",
    "LocalFolderDatastore",
    "open_datastore",
]


class _AzureStorageDatastore(AbstractDatastore):
    """What blob containers and file shares have in common; no credential is kept."""

    account_key: str | None = None
    sas_token: str | None = None
    is_sas = False
    credential_type = "None"

    @property
    def container_name(self) -> str | None:
        """Blob container or file share."""
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
    """A blob container; without Azure, a folder of the workspace."""


class AzureFileDatastore(_AzureStorageDatastore):
    """A file share; without Azure, a folder of the workspace."""


class LocalFolderDatastore(AbstractDatastore):
    """A folder of this machine; our extension."""


def open_datastore(
    workspace: DatastoreHome, settings: DatastoreSettings
) -> AbstractDatastore:
    """Return the datastore object for what a workspace remembers."""
    match settings.datastore_type:
        case "AzureBlob":
            return AzureBlobDatastore(workspace, settings)
        case "AzureFile":
            return AzureFileDatastore(workspace, settings)
        case "LocalFolder":
            return LocalFolderDatastore(workspace, settings)


class Datastore:
    """The door to datastores: ``Datastore(workspace, name)`` returns a concrete one.

    Args:
        workspace: Where it is registered.
        name: ``None`` is the default datastore.

    Raises:
        UserErrorException: No datastore has that name.
    """

    def __new__(  # type: ignore[misc] # a factory, as in version 1
        cls, workspace: DatastoreHome, name: str | None = None
    ) -> AbstractDatastore:
        """Return the datastore, which is no instance of this class."""
        return workspace.get_datastore(name.lower() if isinstance(name, str) else name)

    @staticmethod
    def get(workspace: DatastoreHome, datastore_name: str) -> AbstractDatastore:
        """Return a registered datastore.

        Raises:
            UserErrorException: No datastore has that name.
        """
        if not isinstance(datastore_name, str):
            return workspace.get_datastore(datastore_name)  # says what is known
        return workspace.get_datastore(datastore_name.lower())

    @staticmethod
    def get_default(workspace: DatastoreHome) -> AbstractDatastore:
        """Return the default datastore."""
        return workspace.get_datastore(None)

    @staticmethod
    def register_azure_blob_container(  # noqa: PLR0917 - version 1's signature
        workspace: DatastoreHome,
        datastore_name: str,
        container_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
        blob_cache_timeout: int | None = None,
        grant_workspace_access: bool = False,
        subscription_id: str | None = None,
        resource_group: str | None = None,
    ) -> AzureBlobDatastore:
        """Register a blob container; without Azure, a folder of the workspace.

        The folder is made empty, as ``str(datastore)`` shows; put the container's files
        there. Containers of the same account and name are the same folder. The
        remaining arguments are version 1's; credentials are not kept.

        Args:
            workspace: Where to register it.
            datastore_name: Letters, digits and ``_``; capitals become small.
            container_name: Name of the container.
            account_name: Name of the storage account.
            protocol: ``https`` by default.
            endpoint: ``core.windows.net`` by default.
            overwrite: Replace the settings of a datastore of this name.

        Raises:
            UserErrorException: A name is not allowed, or taken.
        """
        settings = DatastoreSettings(
            name=_checked_name(datastore_name),
            datastore_type="AzureBlob",
            url=_folder_of(workspace, account_name, container_name),
            container_name=container_name,
            account_name=account_name,
            protocol=protocol or "https",
            endpoint=endpoint or "core.windows.net",
        )
        workspace.save_datastore(settings, overwrite=overwrite)
        return AzureBlobDatastore(workspace, settings)

    @staticmethod
    def register_azure_file_share(  # noqa: PLR0917 - version 1's signature
        workspace: DatastoreHome,
        datastore_name: str,
        file_share_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
    ) -> AzureFileDatastore:
        """Register a file share; without Azure, a folder of the workspace.

        All as in ``register_azure_blob_container``.
        """
        settings = DatastoreSettings(
            name=_checked_name(datastore_name),
            datastore_type="AzureFile",
            url=_folder_of(workspace, account_name, file_share_name, kind=".file"),
            container_name=file_share_name,
            account_name=account_name,
            protocol=protocol or "https",
            endpoint=endpoint or "core.windows.net",
        )
        workspace.save_datastore(settings, overwrite=overwrite)
        return AzureFileDatastore(workspace, settings)

    @staticmethod
    def register_local_folder(
        workspace: DatastoreHome,
        datastore_name: str,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
    ) -> LocalFolderDatastore:
        """Register a folder of this machine; our extension.

        Args:
            workspace: Where to register it.
            datastore_name: Letters, digits and ``_``; capitals become small.
            path: An existing folder.
            overwrite: Replace the settings of a datastore of this name.

        Raises:
            UserErrorException: There is no such folder, or the name is not allowed, or
                taken.
        """
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            msg = f"path={shown(path)} is not allowed. Give an existing folder."
            raise UserErrorException(msg)
        folder = Path(path).expanduser().absolute()
        # Unlike pathlib, os.path says no to a path that no system can have.
        if not os.path.isdir(folder):  # noqa: PTH112
            msg = (
                f"There is no folder {shown(str(folder))} for datastore "
                f"{shown(datastore_name)}. Make it first, or correct path=."
            )
            raise UserErrorException(msg)
        settings = DatastoreSettings(
            name=_checked_name(datastore_name),
            datastore_type="LocalFolder",
            url=folder_url(folder),
        )
        workspace.save_datastore(settings, overwrite=overwrite)
        return LocalFolderDatastore(workspace, settings)


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_]{1,255}", name):
        msg = (
            "datastore_name may hold only letters, digits and underscores, 255 at "
            f"most, not {shown(name)}."
        )
        raise UserErrorException(msg)
    if name != name.lower():
        warnings.warn(
            f"The datastore name {shown(name)} has capital letters; it is registered "
            f"as {shown(name.lower())}.",
            stacklevel=3,
        )
    return name.lower()


def _folder_of(
    workspace: DatastoreHome, account: str, container: str, *, kind: str = ""
) -> str:
    """Make the folder that stands for a container, and return its URL."""
    for name in (account, container):
        # They become names of folders: nothing may lead elsewhere.
        if not isinstance(name, str) or not re.fullmatch(r"[\w$][\w$.-]{0,62}", name):
            msg = (
                f"{shown(name)} is no name of a storage account, container or file "
                "share. Use letters, digits and hyphens."
            )
            raise UserErrorException(msg)
    folder = workspace.datastore_folder(f"{account}{kind}/{container}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder_url(folder)
