"""What stores list, page by page, as files with size, tag and MD5."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.file_store import StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["list_pages", "stored_file"]

_MD5 = re.compile(r"[0-9a-f]{32}")
_PAGE = 5000
_PAGE_SECONDS = 60
_LOOK_SECONDS = 15
"""Until a look at a store is given up. A store that is there needs a fraction of one,
but a machine with much else to do may need seconds to load what speaks to it."""
_S3 = "S3FileSystem"
_AZURE = "AzureBlobFileSystem"
_GOOGLE = frozenset({"GCSFileSystem", "ExtendedGcsFileSystem"})


def list_pages(
    fs: Any,  # noqa: ANN401 - fsspec's
    root: str,
    folder: str,
    *,
    most: int | None = None,
) -> Iterator[list[StoredFile]]:
    """Return the files below a folder in pages; each ``next()`` is one call or more.

    A page that failed can be asked for again. S3, Azure and Google list sorted by path,
    page by page; every other store is asked for all at once and sorted here.

    Args:
        fs: An open filesystem.
        root: Path of the store's root on it.
        folder: Relative to the root; empty for all.
        most: Files that are enough, of the first page.
    """
    kind = type(fs).__name__
    if kind == _S3:
        return _S3Pages(fs, root, folder, most)
    if kind == _AZURE:
        return _AzurePages(fs, root, folder, most)
    if kind in _GOOGLE:
        return _GooglePages(fs, root, folder, most)
    return _OnePage(fs, root, folder, most)


def stored_file(path: str, info: dict[str, Any]) -> StoredFile:
    """Return a file as an entry of fsspec describes it."""
    tag = _first(info, "ETag", "etag", "generation", "mtime", "LastModified", "updated")
    if tag is None:
        tag = _first(info, "last_modified", "modified", "created", "sha", "uid")
    if isinstance(tag, datetime):
        tag = tag.timestamp()
    text = str(tag).strip('"')
    return StoredFile(path, int(info.get("size") or 0), text, _md5_of(info, text))


def _first(info: dict[str, Any], *names: str) -> object:
    return next((info[name] for name in names if info.get(name) is not None), None)


def _md5_of(info: dict[str, Any], tag: str) -> str | None:
    settings = info.get("content_settings")
    content = settings and settings.get("content_md5")
    if content:
        return bytes(content).hex()
    if info.get("md5Hash"):
        import base64  # noqa: PLC0415 - only Google writes it so

        return base64.b64decode(info["md5Hash"]).hex()
    # The tag of what was put in one piece; several pieces have "-3" behind it.
    return tag if "ETag" in info and _MD5.fullmatch(tag) else None


class _Pages:
    """Pages of one listing."""

    def __init__(self, fs: Any, root: str, folder: str, most: int | None) -> None:  # noqa: ANN401 - fsspec's
        self._fs = fs
        self._container, _, inner = root.strip("/").partition("/")
        self._inside = f"{inner}/" if inner else ""
        self._prefix = self._inside + (f"{folder}/" if folder else "")
        self._most = most
        self._token: str | None = None
        self._ended = False

    def __iter__(self) -> Iterator[list[StoredFile]]:
        return self

    def __next__(self) -> list[StoredFile]:
        if self._ended:
            raise StopIteration
        page = self._next_page()
        self._ended = self._token is None
        return page

    def _next_page(self) -> list[StoredFile]:
        raise NotImplementedError

    def _relative(self, name: str) -> str:
        return name.removeprefix(self._inside)


class _S3Pages(_Pages):
    """S3 sorts by the bytes of the whole key, as we do."""

    def _next_page(self) -> list[StoredFile]:
        more: dict[str, Any] = {}
        if self._token:
            more["ContinuationToken"] = self._token
        if self._most:
            more["MaxKeys"] = self._most
        found = self._fs.call_s3(
            "list_objects_v2",
            Bucket=self._container,
            Prefix=self._prefix,
            timeout=_LOOK_SECONDS if self._most else _PAGE_SECONDS,
            **more,
        )
        self._token = found.get("NextContinuationToken")
        return [
            stored_file(self._relative(one["Key"]), {"size": one["Size"], **one})
            for one in found.get("Contents", [])
            if not one["Key"].endswith("/")
        ]


class _AzurePages(_Pages):
    """Azure sorts by name; folders of a hierarchical namespace are left out."""

    def _next_page(self) -> list[StoredFile]:
        from fsspec.asyn import sync  # noqa: PLC0415 - only remote stores need it

        seconds = _LOOK_SECONDS if self._most else _PAGE_SECONDS
        blobs = sync(self._fs.loop, self._blobs, timeout=seconds)
        return [
            stored_file(
                self._relative(blob.name),
                {
                    "size": blob.size,
                    "etag": blob.etag,
                    "content_settings": blob.content_settings,
                },
            )
            for blob in blobs
            if not _is_folder(blob)
        ]

    async def _blobs(self) -> list[Any]:
        async with self._fs.service_client.get_container_client(
            container=self._container
        ) as client:
            pages = client.list_blobs(
                name_starts_with=self._prefix,
                include=["metadata"],
                results_per_page=self._most or _PAGE,
            ).by_page(self._token)
            blobs = [blob async for blob in await anext(pages)]
            self._token = pages.continuation_token or None
        return blobs


def _is_folder(blob: Any) -> bool:  # noqa: ANN401 - Azure's
    metadata = blob.metadata or {}
    marks = ("hdi_isfolder", "Hdi_isfolder", "is_directory")
    return blob.name.endswith("/") or any(metadata.get(m) == "true" for m in marks)


class _GooglePages(_Pages):
    """Google sorts by the bytes of the name, too."""

    def _next_page(self) -> list[StoredFile]:
        from fsspec.asyn import sync  # noqa: PLC0415 - only remote stores need it

        found = sync(
            self._fs.loop,
            self._fs._call,  # noqa: SLF001 - nothing public gives one page
            "GET",
            "b/{}/o",
            self._container,
            prefix=self._prefix or None,
            pageToken=self._token,
            maxResults=self._most or _PAGE,
            json_out=True,
            timeout=_LOOK_SECONDS if self._most else _PAGE_SECONDS,
        )
        self._token = found.get("nextPageToken")
        return [
            stored_file(self._relative(one["name"]), one)
            for one in found.get("items", [])
            if not one["name"].endswith("/")
        ]


class _OnePage(_Pages):
    """Everything at once, for stores that promise no order."""

    def __init__(self, fs: Any, root: str, folder: str, most: int | None) -> None:  # noqa: ANN401 - fsspec's
        super().__init__(fs, root, folder, most)
        self._start = root.rstrip("/")
        self._folder = f"{self._start}/{folder}" if folder else self._start or "/"

    def _next_page(self) -> list[StoredFile]:
        if self._most:
            self._fs.ls(self._folder, detail=False)
            return []
        try:
            found = self._fs.find(self._folder, detail=True)
        except FileNotFoundError:
            found = {}
        start = f"{self._start}/"
        files = [
            stored_file(name.removeprefix(start), info)
            for name, info in found.items()
            if info.get("type") == "file" and name != self._folder
        ]
        return sorted(files, key=lambda file: file.path)
