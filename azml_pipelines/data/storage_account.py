"""Where the containers of a storage account are: on Azure, elsewhere, in a folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.store_secrets import referenced_options
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.data.datastore_home import DatastoreHome

__all__ = ["ContainerPlace", "checked_place", "container_place"]

_AZURE = "azure"
_PUBLIC = "core.windows.net"


@dataclass(frozen=True)
class ContainerPlace:
    """Where one container is, and how it is opened."""

    url: str
    options: dict[str, Any] = field(default_factory=dict)


def container_place(
    workspace: DatastoreHome,
    datastore: str,
    account: str,
    container: str,
    *,
    host: str | None = None,
    kind: str = "",
    credentials: dict[str, Any] | None = None,
) -> ContainerPlace:
    """Find out where a container is.

    What the workspace's configuration says of the account comes first: a folder, the
    address of a server, another URL, or ``azure``. Without a word there, an account
    with credentials is on Azure, and one without is a folder of the workspace.

    Args:
        workspace: Whose configuration counts.
        datastore: Its name, for that of variables.
        account: The storage account.
        container: The container, file system or file share.
        host: ``https://ENDPOINT``; by default that of Azure's public cloud.
        kind: Added to the account's name where it is a folder.
        credentials: Arguments of adlfs; those that are None are left out.

    Raises:
        UserErrorException: A name is not allowed, or the configuration is wrong.
    """
    checked_place(account)
    checked_place(container)
    given = {name: value for name, value in (credentials or {}).items() if value}
    mapped = workspace.storage_account(account)
    if mapped is None and not (given and not kind):
        folder = workspace.datastore_folder(f"{account}{kind}/{container}")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return ContainerPlace(folder_url(folder))
    if mapped is None or mapped == _AZURE:
        mapped = f"{host or 'https://' + account + '.blob.' + _PUBLIC}"
    if kind and mapped.startswith(("http://", "https://")):
        raise UserErrorException(_no_share(account, container))
    if mapped.startswith(("http://", "https://")):
        options = {"account_name": account, **referenced_options(datastore, given)}
        if mapped != f"https://{account}.blob.{_PUBLIC}":
            options["endpoint"] = mapped.rstrip("/")
        return ContainerPlace(f"abfs://{container}", options)
    if "://" in mapped:
        return ContainerPlace(f"{mapped.rstrip('/')}/{container}")
    return ContainerPlace(folder_url(os.path.join(mapped, container)))  # noqa: PTH118 - text stays text


def _no_share(account: str, share: str) -> str:
    return (
        f"The file share {shown(share)} of account {shown(account)} cannot be read "
        "over the network. Mount it on this machine, and give that folder as the place "
        f"of {shown(account)} in config.json; without one, the share is a folder of "
        "the workspace."
    )


def checked_place(name: object) -> str:
    """Return the name of an account, a container or a file share.

    It may become that of a folder: nothing may lead elsewhere.

    Raises:
        UserErrorException: It is none.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[\w$][\w$.-]{0,62}", name):
        msg = (
            f"{shown(name)} is no name of a storage account, container or file "
            "share. Use letters, digits and hyphens."
        )
        raise UserErrorException(msg)
    return name
