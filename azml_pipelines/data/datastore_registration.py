"""What is checked and found out when a datastore is registered."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from azml_pipelines.argument_checks import check_text, check_workspace
from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.datastore_home import DatastoreSettings
from azml_pipelines.data.storage_account import checked_place, container_place
from azml_pipelines.data.store_options import UNSORTED
from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import holds_secret
from azml_pipelines.wording import did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.data.datastore_home import DatastoreHome, DatastoreType

__all__ = [
    "checked_name",
    "container_settings",
    "kind_of_url",
    "plain_options",
    "register_container",
]

D = TypeVar("D", bound=AbstractDatastore)
_KINDS: dict[str, DatastoreType] = {"s3": "S3", "s3a": "S3", "gs": "Gcs", "gcs": "Gcs"}
_LATE_KINDS = frozenset({"file", "local", "http", "https"})


def container_settings(  # noqa: PLR0917 - what three of version 1's signatures share
    kind: DatastoreType,
    name: str,
    container: str,
    account: str,
    protocol: str | None,
    endpoint: str | None,
) -> DatastoreSettings:
    """Return what is known of a container before anybody knows where it is.

    Raises:
        UserErrorException: A name is not allowed.
    """
    check_text("protocol", protocol)
    check_text("endpoint", endpoint)
    return DatastoreSettings(
        name=checked_name(name),
        datastore_type=kind,
        url="",
        container_name=checked_place(container),
        account_name=checked_place(account),
        protocol=protocol or "https",
        endpoint=endpoint or "core.windows.net",
    )


def register_container(
    workspace: DatastoreHome,
    settings: DatastoreSettings,
    credentials: Mapping[str, str | None],
    *,
    overwrite: bool,
    kind: type[D],
) -> D:
    """Find out where a container is, and register it.

    Args:
        workspace: Where to register it.
        settings: All but the URL and the options.
        credentials: What it is opened with; those that are None are left out.
        overwrite: Replace the settings of a datastore of this name.
        kind: The class of the datastore.
    """
    check_workspace(workspace)
    account = str(settings.account_name)
    host = None
    if (settings.protocol, settings.endpoint) != ("https", "core.windows.net"):
        host = f"{settings.protocol}://{account}.blob.{settings.endpoint}"
    place = container_place(
        workspace,
        settings.name,
        settings.account_name or "",
        settings.container_name or "",
        host=host,
        kind=".file" if settings.datastore_type == "AzureFile" else "",
        credentials=dict(credentials),
    )
    options = place.options
    if settings.datastore_type == "AzureDataLakeGen2" and options:
        options = {**options, UNSORTED: True}
    whole = settings.model_copy(update={"url": place.url, "options": options})
    workspace.save_datastore(whole, overwrite=overwrite)
    return kind(workspace, whole)


def checked_name(name: str) -> str:
    """Return the name of a datastore in small letters.

    Raises:
        UserErrorException: It is not allowed.
    """
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


def kind_of_url(url: object) -> DatastoreType:
    """Return what kind of datastore a URL means.

    Raises:
        UserErrorException: It is no URL of a store, or has a secret in it.
    """
    match = isinstance(url, str) and re.fullmatch(r"([a-z][a-z0-9+.-]*)://\S*", url)
    if not match or match[1] in _LATE_KINDS:
        msg = (
            f"url={shown(url)} is no URL of a store. Give one like s3://bucket/folder, "
            "gs://bucket or abfs://container; a folder: register_local_folder(…)."
        )
        raise UserErrorException(msg)
    if holds_secret(str(url)):
        msg = (
            f"url={shown(url)} holds a secret, and would be written down. Give it in "
            "options={…} as 'env:NAME'."
        )
        raise UserErrorException(msg)
    _check_known(match[1])
    return _KINDS.get(match[1], "Url")


def _check_known(scheme: str) -> None:
    import fsspec  # noqa: PLC0415 - slow to load

    known = fsspec.available_protocols()
    if scheme not in known:
        msg = (
            f"url: nothing here opens {shown(scheme + '://')}."
            f"{did_you_mean(scheme, known)} Known are s3, gs, abfs, memory and "
            "what else fsspec has; install the package that adds another."
        )
        raise UserErrorException(msg)


def plain_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return options that can be written down.

    Raises:
        UserErrorException: They are no mapping from text to what JSON can hold.
    """
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(options or {})))
    except (TypeError, ValueError) as error:
        msg = (
            "options can hold texts, numbers, booleans and mappings of them only: "
            f"{shown(str(error))[1:-1]}."
        )
        raise UserErrorException(msg) from None
    return plain
