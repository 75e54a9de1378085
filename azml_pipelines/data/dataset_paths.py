"""What users may give as ``path`` to a dataset becomes sources. No I/O."""

# pathlib.Path keeps "..", which os.path.abspath resolves.
# ruff: noqa: PTH100, PTH111

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.data_reference import DataPath, DataReference
from azml_pipelines.data.definition import DataSource
from azml_pipelines.data.local_url import folder_url, relative_path
from azml_pipelines.data.path_pattern import has_wildcard, split_pattern
from azml_pipelines.data.store_url import source_of_url
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["DatasetPath", "DatasetPaths", "data_sources"]

DatasetPath: TypeAlias = (
    "str | os.PathLike[str] | tuple[AbstractDatastore, str] | DataPath | DataReference"
)
DatasetPaths: TypeAlias = "DatasetPath | list[DatasetPath]"
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


def data_sources(path: object) -> tuple[DataSource, ...]:
    """Return the sources that ``path``, or each item of the list ``path``, names.

    Accepted are ``(datastore, 'relative/path')``, DataPath and DataReference as in
    version 1, and, as our extension, local paths: plain or ``file://`` URLs, whose
    percent-encoding is decoded.

    Raises:
        UserErrorException: ``path`` is none of these, is empty, leads out of its
            datastore, or is a URL of a place that cannot be read.
    """
    if isinstance(path, tuple) and path and all(map(_is_source, path)):
        return path
    items = path if isinstance(path, list) else [path]
    if not items:
        msg = (
            "path is an empty list, so the dataset would have no data. "
            f"Pass {_ACCEPTED}."
        )
        raise UserErrorException(msg)
    return tuple(_source(item) for item in items)


def _is_source(item: object) -> bool:
    return isinstance(item, DataSource)


_ACCEPTED = (
    "(datastore, 'relative/path'), datastore.path('relative/path'), a DataPath, "
    "a local path, or a list of these"
)


def _source(item: object) -> DataSource:
    match item:
        case (AbstractDatastore() as datastore, str() | os.PathLike() as path):
            return _on_datastore(datastore, path)
        case DataPath() | DataReference():
            return _on_datastore(item.datastore, item.path_on_datastore or "")
        case str() if _URL.match(item):
            remote = source_of_url(item)
            if remote is not None:
                return remote.model_copy(update={"path": _pattern(remote.path)})
            return _local(_path_of_url(item))
        case str() | os.PathLike() if os.fspath(item):
            return _local(item)
    msg = (
        f"path={shown(item)} is no place that a dataset can read from. Pass "
        f"{_ACCEPTED}."
    )
    raise UserErrorException(msg)


def _on_datastore(
    datastore: AbstractDatastore, path: str | os.PathLike[str]
) -> DataSource:
    return DataSource(
        url=datastore.settings.url,
        path=_pattern(path),
        datastore=datastore.name,
        options=datastore.settings.options,
    )


def _local(path: str | os.PathLike[str]) -> DataSource:
    """Split a local path before its last name, or before its first wildcard.

    Nothing is looked up: the path need not exist yet.
    """
    text = os.fspath(path)
    slash = "/" if text.endswith("/") else ""
    absolute = os.path.abspath(os.path.expanduser(text)) + slash
    start, pattern = split_pattern(_pattern(absolute))
    if pattern:
        return DataSource(url=folder_url(f"/{start}"), path="/".join(pattern))
    folder, _, name = start.rpartition("/")
    return DataSource(url=folder_url(f"/{folder}"), path=name)


def _pattern(path: str | os.PathLike[str]) -> str:
    """Return a normal path; ``images/*/`` means every file below those folders."""
    pattern = relative_path(path)
    if has_wildcard(pattern) and os.fspath(path).endswith("/"):
        pattern = f"{pattern.removesuffix('/**')}/**"
    split_pattern(pattern)
    return pattern


def _path_of_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme.lower() != "file" or parts.netloc not in {"", "localhost"}:
        msg = (
            f"path={shown(url)} cannot be read: local files, s3://, gs://, abfss:// "
            "and the addresses of Azure's blobs can. Register it with "
            "Datastore.register_url, or copy it into a folder."
        )
        raise UserErrorException(msg)
    return unquote(url[len(parts.scheme) + len("://") + len(parts.netloc) :])
