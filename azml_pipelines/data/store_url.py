"""URLs of files on remote stores: which store they mean, and where on it. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from azml_pipelines.data.definition import DataSource
from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import holds_secret
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["source_of_url"]

_PLAIN = frozenset({"s3", "s3a", "gs", "gcs", "memory"})
_AZURE = frozenset({"abfs", "abfss", "wasb", "wasbs"})
_HOST = re.compile(r"([\w-]+)\.(?:blob|dfs)\.core\.windows\.net")


def source_of_url(url: str) -> DataSource | None:
    """Return the source that a URL means; None for URLs of other kinds.

    Known are ``s3``, ``gs``, ``memory``, and version 1's ways to write a place on
    Azure: ``wasbs`` and ``abfss`` with ``container@account…``, and ``https`` with the
    address of a blob.

    Raises:
        UserErrorException: There is a secret in it, as in version 1 refused.
    """
    if holds_secret(url):
        msg = (
            f"path={shown(url)} holds a secret, and would be written down. Register a "
            "datastore with sas_token='env:NAME' and pass (datastore, 'path')."
        )
        raise UserErrorException(msg)
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    # What follows ? and # belongs to the path: fsspec does not split it off either.
    path = url.partition("://")[2].partition("/")[2]
    if scheme in _PLAIN:
        return DataSource(url=f"{scheme}://{parts.netloc}", path=path)
    container, at, host = parts.netloc.rpartition("@")
    match = _HOST.fullmatch(host)
    if scheme in _AZURE and at and match:
        return _on_azure(match[1], container, path)
    if scheme in {"http", "https"} and match:
        container, _, rest = path.partition("/")
        return _on_azure(match[1], container, unquote(rest))
    return None


def _on_azure(account: str, container: str, path: str) -> DataSource:
    options: dict[str, JsonValue] = {"account_name": account}
    return DataSource(url=f"abfs://{container}", path=path, options=options)
