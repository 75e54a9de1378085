"""The folder of a model: what it holds by digest, and a copy that nobody changes.

Loaded by worker processes, which make sure that a model is still the one that was
submitted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BadModelFolderError", "folder_sha256", "keep_model"]

MOST_FILES = 20_000
_CHUNK = 1 << 20
_LEFT_OUT = frozenset({"__pycache__", ".git", ".ipynb_checkpoints"})


class BadModelFolderError(Exception):
    """The folder holds what is no part of a model: links that lead out of it."""


def folder_sha256(folder: str) -> str:
    """Return one digest of all files of a folder and of their names.

    Raises:
        BadModelFolderError: A link leads out of it, or there are too many files.
        OSError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for name, path in _files(folder):
        _add(digest, name, _file_digest(path, None))
    return digest.hexdigest()


def keep_model(folder: str, place: str) -> tuple[str, str]:
    """Copy a model to where it is known by what it holds.

    Args:
        folder: Of the model.
        place: Gets a folder that is called as the digest; what is there already, is
            not copied again.

    Returns:
        The copy, and the digest.

    Raises:
        BadModelFolderError: A link leads out of it, or there are too many files.
        OSError: A file cannot be read or written.
    """
    sha256 = folder_sha256(folder)
    target = os.path.join(place, sha256)
    if os.path.isdir(target) and folder_sha256(target) == sha256:
        os.utime(target)  # a clean-up leaves what was kept a moment ago
        return target, sha256
    os.makedirs(place, mode=0o700, exist_ok=True)
    unfinished = tempfile.mkdtemp(prefix=".new-", dir=place)
    try:
        digest = hashlib.sha256()
        for name, path in _files(folder):
            copy = os.path.join(unfinished, name)
            os.makedirs(os.path.dirname(copy), mode=0o700, exist_ok=True)
            _add(digest, name, _file_digest(path, copy))
        # What was copied, also if somebody has written to the model meanwhile.
        sha256 = digest.hexdigest()
        target = os.path.join(place, sha256)
        _put(unfinished, target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target, sha256


def _put(unfinished: str, target: str) -> None:
    """Rename a copy to its place; one that is there is the same, or is damaged."""
    if os.path.isdir(target):
        damaged = tempfile.mkdtemp(prefix=".gone-", dir=os.path.dirname(target))
        os.rename(target, os.path.join(damaged, "model"))
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        os.rename(unfinished, target)
    except OSError:
        if not os.path.isdir(target):
            raise


def _files(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the files below a folder, as relative names with ``/`` and as paths."""
    real = os.path.realpath(folder)
    found: list[tuple[str, str]] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            if os.path.islink(path):
                inside = os.path.relpath(path, folder)
                _check_link(path, inside, real, is_folder=name in folders)
        for name in files:
            path = os.path.join(parent, name)
            if not os.path.isfile(path):
                msg = f"{os.path.relpath(path, folder)!r} is no file"
                raise BadModelFolderError(msg)
            found.append((os.path.relpath(path, folder).replace(os.sep, "/"), path))
        if len(found) > MOST_FILES:
            msg = f"it holds more than {MOST_FILES} files"
            raise BadModelFolderError(msg)
    return iter(sorted(found))


def _check_link(path: str, name: str, folder: str, *, is_folder: bool) -> None:
    target = os.path.realpath(path)
    if is_folder or not target.startswith(os.path.join(folder, "")):
        msg = f"{name!r} is a link to a folder, or leads out of the model"
        raise BadModelFolderError(msg)


def _add(digest: hashlib._Hash, name: str, content: str) -> None:
    digest.update(f"{content} {name}\n".encode("utf-8", "surrogateescape"))


def _file_digest(path: str, copy: str | None) -> str:
    """Return the digest of a file, and copy it on the way if there is a place."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        if copy is None:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        else:
            # Not as the model has it: a copy runs nowhere and is nobody else's.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(copy, flags, 0o600), "wb") as written:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    written.write(chunk)
    return digest.hexdigest()
