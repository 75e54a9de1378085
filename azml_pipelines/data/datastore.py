"""Datastores: named roots that data lies below, and how they are registered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.argument_checks import check_workspace
from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.azure_only import AzureOnlyDatastores
from azml_pipelines.data.datastore_home import DatastoreHome, DatastoreSettings
from azml_pipelines.data.datastore_kinds import (
    AzureBlobDatastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
    LocalFolderDatastore,
    UrlDatastore,
    open_datastore,
)
from azml_pipelines.data.datastore_registration import (
    checked_name,
    container_settings,
    kind_of_url,
    plain_options,
    register_container,
)
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.store_secrets import referenced_options
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AbstractDatastore",
    "AzureBlobDatastore",
    "AzureDataLakeGen2Datastore",
    "AzureFileDatastore",
    "Datastore",
    "DatastoreHome",
    "DatastoreSettings",
    "LocalFolderDatastore",
    "UrlDatastore",
    "open_datastore",
]


class Datastore(AzureOnlyDatastores):
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
        check_workspace(workspace)
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
        """Register a blob container.

        What the configuration has in the place of the account is used. Otherwise one
        with credentials is on Azure, and one without is a folder of the workspace.
        Secrets are not written down: give ``env:NAME``, or they are kept in a variable
        of this process. The remaining arguments are version 1's and mean nothing here.

        Args:
            workspace: Where to register it.
            datastore_name: Letters, digits and ``_``; capitals become small.
            sas_token: A signature, better as ``env:NAME``.
            account_key: Better as ``env:NAME``.
            endpoint: ``core.windows.net`` by default.
            overwrite: Replace one of this name.

        Raises:
            UserErrorException: A name is not allowed, or taken.
        """
        return register_container(
            workspace,
            container_settings(
                "AzureBlob",
                datastore_name,
                container_name,
                account_name,
                protocol,
                endpoint,
            ),
            {"account_key": account_key, "sas_token": sas_token},
            overwrite=overwrite,
            kind=AzureBlobDatastore,
        )

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
        """Register a file share: a folder, or what the configuration has in its place.

        Its folder is another one than that of a container of the same name; all else
        is as in ``register_azure_blob_container``.
        """
        return register_container(
            workspace,
            container_settings(
                "AzureFile",
                datastore_name,
                file_share_name,
                account_name,
                protocol,
                endpoint,
            ),
            {"account_key": account_key, "sas_token": sas_token},
            overwrite=overwrite,
            kind=AzureFileDatastore,
        )

    @staticmethod
    def register_azure_data_lake_gen2(  # noqa: PLR0917 - version 1's signature
        workspace: DatastoreHome,
        datastore_name: str,
        filesystem: str,
        account_name: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        grant_workspace_access: bool = False,
    ) -> AzureDataLakeGen2Datastore:
        """Register a file system of Azure Data Lake Storage Gen2.

        Opened with a service principal, whose secret is better given as ``env:NAME``;
        without one, it is a folder of the workspace. All else is as in
        ``register_azure_blob_container``.
        """
        return register_container(
            workspace,
            container_settings(
                "AzureDataLakeGen2",
                datastore_name,
                filesystem,
                account_name,
                protocol,
                endpoint,
            ),
            {
                "tenant_id": tenant_id,
                "client_id": client_id,
                "client_secret": client_secret,
            },
            overwrite=overwrite,
            kind=AzureDataLakeGen2Datastore,
        )

    @staticmethod
    def register_url(
        workspace: DatastoreHome,
        datastore_name: str,
        url: str,
        *,
        options: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> UrlDatastore:
        """Register any store that fsspec can open; our extension.

        Args:
            workspace: Where to register it.
            datastore_name: Letters, digits and ``_``; capitals become small.
            url: ``s3://bucket/folder``, ``gs://bucket``, ``memory://name`` and others.
            options: fsspec's arguments for it: for S3 ``key``, ``secret``,
                ``endpoint_url``, ``anon``. Secrets are better given as ``env:NAME``.
            overwrite: Replace the settings of a datastore of this name.

        Raises:
            UserErrorException: The URL is none, an option cannot be written down, or
                the name is not allowed, or taken.
        """
        check_workspace(workspace)
        name = checked_name(datastore_name)
        settings = DatastoreSettings(
            name=name,
            datastore_type=kind_of_url(url),
            url=url.rstrip("/") if url.count("/") > len("//") else url,
            options=referenced_options(name, plain_options(options)),
        )
        workspace.save_datastore(settings, overwrite=overwrite)
        return UrlDatastore(workspace, settings)

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
        check_workspace(workspace)
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
            name=checked_name(datastore_name),
            datastore_type="LocalFolder",
            url=folder_url(folder),
        )
        workspace.save_datastore(settings, overwrite=overwrite)
        return LocalFolderDatastore(workspace, settings)
