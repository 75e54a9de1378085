"""What a workspace remembers of datastores, and what datastores need of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, JsonValue

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.data.abstract_datastore import AbstractDatastore

__all__ = ["DatastoreHome", "DatastoreSettings", "DatastoreType"]

DatastoreType = Literal[
    "AzureBlob", "AzureFile", "AzureDataLakeGen2", "LocalFolder", "S3", "Gcs", "Url"
]


class DatastoreSettings(BaseModel):
    """What a workspace remembers of a datastore: secrets only as ``env:NAME``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    datastore_type: DatastoreType
    url: str
    """Root of the data, as fsspec writes it: ``file:///data/blobstore``."""
    container_name: str | None = None
    """Blob container or file share."""
    account_name: str | None = None
    protocol: str | None = None
    endpoint: str | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)
    """How the store is opened: fsspec's arguments; secrets stand as ``env:NAME``."""


class DatastoreHome(Protocol):
    """What datastores need of a workspace."""

    def get_datastore(self, name: str | None) -> AbstractDatastore:
        """Return the datastore of that name, or the default one for ``None``.

        Raises:
            UserErrorException: There is none; the message lists those that exist.
        """
        ...

    def save_datastore(self, settings: DatastoreSettings, *, overwrite: bool) -> None:
        """Remember a datastore.

        Raises:
            UserErrorException: The name is taken, and ``overwrite`` is false.
        """
        ...

    def delete_datastore(self, name: str) -> None:
        """Forget a datastore; its data stays."""
        ...

    def set_default_datastore(self, name: str) -> None:
        """Make a datastore the default."""
        ...

    def datastore_folder(self, name: str) -> Path:
        """Return the folder for a datastore that has no place of its own.

        ``name`` is a relative path: ``<account>/<container>``.
        """
        ...

    def storage_account(self, account_name: str) -> str | None:
        """Return what the workspace's configuration has in the place of an account.

        A folder, the address of a server that speaks Azure's protocol, or any other URL
        that fsspec knows; ``None`` when it says nothing.
        """
        ...
