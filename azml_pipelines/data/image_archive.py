"""An image archive becomes a root filesystem, and nothing outside of it is touched.

Archives are those of ``docker save`` and ``podman save``, in docker's form or OCI's.
Layers hold absolute links by right: they are followed inside of the filesystem only.
Devices are left out; owners and special bits are not kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from typing import IO, Any, Optional

from azml_pipelines.data.model_archive import BadArchiveError

__all__ = ["ImageConfig", "unpack_image"]

MOST_MEMBERS = 2_000_000
MOST_BYTES = 64 << 30
_MOST_LINKS = 40
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_CHUNK = 1 << 20
_LARGEST_DOCUMENT = 8 << 20


@dataclass(frozen=True)
class ImageConfig:
    """What an image says about how it is started."""

    entrypoint: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    """``NAME=VALUE`` each."""
    folder: str = "/"


def unpack_image(path: str, folder: str) -> ImageConfig:
    """Unpack an image archive into an empty folder.

    Args:
        path: The archive.
        folder: It exists and is empty. After an error it holds part of the image.

    Returns:
        What the image says about its start.

    Raises:
        BadArchiveError: It is no image, or not safe to unpack.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            config, layers = _manifest(archive)
            tree = _Tree(folder)
            for layer in layers:
                with _member(archive, layer) as stream:
                    tree.apply(stream)
    except (tarfile.TarError, OSError, ValueError, KeyError, zlib.error) as error:
        if isinstance(error, BadArchiveError):
            raise
        msg = f"{path} is no image archive that can be unpacked: {error}"
        raise BadArchiveError(msg) from error
    return _config(config)


def _manifest(archive: tarfile.TarFile) -> tuple[Any, list[str]]:
    """Return the configuration of the image, and the names of its layers in order."""
    names = set(archive.getnames())
    if "manifest.json" in names:
        [manifest] = _document(archive, "manifest.json")[:1]
        return _document(archive, manifest["Config"]), manifest["Layers"]
    index = _document(archive, "index.json")
    manifest = _document(archive, _blob(index["manifests"][0]))
    while "manifests" in manifest:
        manifest = _document(archive, _blob(manifest["manifests"][0]))
    layers = []
    for layer in manifest["layers"]:
        if "zstd" in layer.get("mediaType", ""):
            msg = "its layers are compressed with zstd; save it with gzip, or without"
            raise BadArchiveError(msg)
        layers.append(_blob(layer))
    return _document(archive, _blob(manifest["config"])), layers


def _blob(descriptor: Any) -> str:  # noqa: ANN401 - any JSON
    algorithm, _, digest = descriptor["digest"].partition(":")
    return f"blobs/{algorithm}/{digest}"


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    stream = archive.extractfile(name)
    if stream is None:
        msg = f"{name} is no file"
        raise BadArchiveError(msg)
    return stream


def _document(archive: tarfile.TarFile, name: str) -> Any:  # noqa: ANN401 - any JSON
    with _member(archive, name) as stream:
        text = stream.read(_LARGEST_DOCUMENT + 1)
    if len(text) > _LARGEST_DOCUMENT:
        msg = f"{name} is larger than such a document can be"
        raise BadArchiveError(msg)
    return json.loads(text)


def _config(content: Any) -> ImageConfig:  # noqa: ANN401 - any JSON
    config = content.get("config") or {}
    return ImageConfig(
        tuple(config.get("Entrypoint") or ()),
        tuple(config.get("Env") or ()),
        config.get("WorkingDir") or "/",
    )


class _Tree:
    """A root filesystem that grows layer by layer."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._members = 0
        self._bytes = 0

    def apply(self, stream: IO[bytes]) -> None:
        """Put one layer over those before."""
        added: set[str] = set()
        with tarfile.open(fileobj=stream, mode="r|*") as layer:
            for member in layer:
                self._count(member)
                self._take(layer, member, added)

    def _count(self, member: tarfile.TarInfo) -> None:
        self._members += 1
        self._bytes += member.size
        if self._members > MOST_MEMBERS or self._bytes > MOST_BYTES:
            msg = (
                f"the image has more than {MOST_MEMBERS} members or {MOST_BYTES} bytes"
            )
            raise BadArchiveError(msg)

    def _take(
        self, layer: tarfile.TarFile, member: tarfile.TarInfo, added: set[str]
    ) -> None:
        parent, name = os.path.split(os.path.normpath("/" + member.name))
        if not name:
            return
        folder = self.inside(parent)
        os.makedirs(folder, exist_ok=True)
        if name == _OPAQUE:
            for other in os.listdir(folder):
                if os.path.join(folder, other) not in added:
                    _remove(os.path.join(folder, other))
            return
        if name.startswith(_WHITEOUT):
            _remove(os.path.join(folder, name[len(_WHITEOUT) :]))
            return
        target = os.path.join(folder, name)
        added.add(target)
        self._make(layer, member, target)

    def _make(
        self, layer: tarfile.TarFile, member: tarfile.TarInfo, target: str
    ) -> None:
        if member.isdir():
            if os.path.islink(target) or not os.path.isdir(target):
                _remove(target)
                os.mkdir(target)
            os.chmod(target, (member.mode & 0o777) | 0o700)
            return
        _remove(target)
        if member.issym():
            os.symlink(member.linkname, target)
        elif member.islnk():
            where, what = os.path.split(os.path.normpath("/" + member.linkname))
            source = os.path.join(self.inside(where), what)
            os.link(source, target, follow_symlinks=False)
        elif member.isreg():
            self._write(layer, member, target)

    def _write(
        self, layer: tarfile.TarFile, member: tarfile.TarInfo, target: str
    ) -> None:
        source = layer.extractfile(member)
        if source is None:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        mode = (member.mode & 0o777) | 0o400
        with source, os.fdopen(os.open(target, flags, 0o600), "wb") as file:
            shutil.copyfileobj(source, file, _CHUNK)
            os.fchmod(file.fileno(), mode)

    def inside(self, path: str) -> str:
        """Return where a path of the image leads, with all its links, in the tree.

        Raises:
            BadArchiveError: Its links go round in circles.
        """
        parts = [part for part in reversed(path.split("/")) if part]
        place: list[str] = []
        links = 0
        while parts:
            part = parts.pop()
            if part in {".", ".."}:
                place[len(place) - (part == "..") :] = []
                continue
            here = os.path.join(self._root, *place, part)
            target = _link_of(here)
            if target is None:
                place.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                msg = f"the links of {path[:80]!r} go round in circles"
                raise BadArchiveError(msg)
            if target.startswith("/"):
                place.clear()
            parts += [one for one in reversed(target.split("/")) if one]
        return os.path.join(self._root, *place)


def _link_of(path: str) -> Optional[str]:  # noqa: UP045 - worker/ runs on Python 3.9 too
    try:
        return os.readlink(path)
    except OSError:
        return None


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
