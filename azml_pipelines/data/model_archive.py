"""A model archive becomes a folder, and nothing outside of it is touched.

Archives come from elsewhere. Only plain files and folders with relative names are
taken; links, devices and names that lead out are refused, and so is what grows beyond
all bounds while it is unpacked.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BadArchiveError", "file_sha256", "unpack", "unpacked_model"]

MOST_MEMBERS = 10_000
MOST_BYTES = 1 << 30
"""Of all members together, unless the caller says otherwise."""
MOST_RATIO = 100
"""Bytes of the members to bytes of the archive."""
_SMALL = 1 << 20
"""So much may always come out, however small the archive is."""
_CHUNK = 1 << 20
_LONGEST_PATH = 1024
_LONGEST_HEAD = 1 << 20
_ABOUT_THE_NEXT = frozenset({
    tarfile.GNUTYPE_LONGLINK, tarfile.GNUTYPE_LONGNAME, tarfile.SOLARIS_XHDTYPE,
    tarfile.XGLTYPE, tarfile.XHDTYPE,
})  # fmt: skip


class BadArchiveError(Exception):
    """The archive is not safe to unpack, not what was submitted, or no archive."""


def file_sha256(path: str) -> str:
    """Return the digest of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def unpacked_model(path: str, sha256: Optional[str], folder: str) -> str:  # noqa: UP045 - Python 3.9
    """Return the folder of a model; an archive is unpacked once for all who ask.

    Args:
        path: A folder, which is returned as it is, or an archive.
        sha256: What the archive's digest has to be; None takes any.
        folder: Where it is unpacked; processes that share it wait for each other.

    Raises:
        BadArchiveError: The archive is another one, or not safe.
    """
    if os.path.isdir(path):
        return path
    found = file_sha256(path)
    if sha256 is not None and found != sha256:
        msg = f"{path} is not the archive that was submitted; submit the run again"
        raise BadArchiveError(msg)
    target = os.path.join(folder, f"model-{found[:16]}")
    with open(f"{target}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(target):
            unfinished = tempfile.mkdtemp(prefix="unpacking-", dir=folder)
            try:
                unpack(path, unfinished)
                os.rename(unfinished, target)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return target


def unpack(path: str, folder: str, most_bytes: int = MOST_BYTES) -> None:
    """Unpack a tar archive, compressed or not, into an empty folder.

    Args:
        path: The archive.
        folder: It exists and is empty. After an error it holds part of the members.
        most_bytes: What the members may have together.

    Raises:
        BadArchiveError: See there.
    """
    allowed = min(most_bytes, max(os.path.getsize(path) * MOST_RATIO, _SMALL))
    seen: set[str] = set()
    total = 0
    try:
        with tarfile.open(path, "r|*", tarinfo=_Head) as archive:
            for member in _members(archive):
                name = _checked_name(member, seen)
                total += member.size
                if total > allowed:
                    msg = (
                        f"{path} unpacks to more than {allowed} bytes, "
                        f"{MOST_RATIO} times its size or {most_bytes} at most"
                    )
                    raise BadArchiveError(msg)
                _write(archive, member, os.path.join(folder, name))
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        msg = f"{path} cannot be unpacked: {error}"
        raise BadArchiveError(msg) from error


class _Head(tarfile.TarInfo):
    """A member whose long name or attributes are not longer than any can be.

    They are read at one go, before the member itself is seen.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Head:
        """Read a head; see there."""
        head = super().frombuf(buf, encoding, errors)
        if head.type in _ABOUT_THE_NEXT and head.size > _LONGEST_HEAD:
            msg = f"the archive describes a member with {head.size} bytes"
            raise BadArchiveError(msg)
        return head


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for number, member in enumerate(archive):
        if number >= MOST_MEMBERS:
            msg = f"the archive has more than {MOST_MEMBERS} members"
            raise BadArchiveError(msg)
        yield member


def _checked_name(member: tarfile.TarInfo, seen: set[str]) -> str:
    """Return the name of a member, relative and in its shortest form."""
    name = os.path.normpath(member.name)
    said = f"member {member.name[:80]!r}"
    if not (member.isreg() or member.isdir()):
        msg = f"{said} is neither a file nor a folder; links and devices are refused"
        raise BadArchiveError(msg)
    if os.path.isabs(name) or name.split(os.sep)[0] == ".." or "\0" in name:
        msg = f"{said} leads out of the model's folder"
        raise BadArchiveError(msg)
    if len(name) > _LONGEST_PATH:
        msg = f"{said} has a name of {len(name)} characters"
        raise BadArchiveError(msg)
    # Two names that some disks take for one would write over each other there.
    folded = name.casefold()
    if member.isreg() and folded in seen:
        msg = f"{said} is there twice, or only its case differs"
        raise BadArchiveError(msg)
    seen.add(folded)
    return name


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: str) -> None:
    if member.isdir():
        os.makedirs(target, mode=0o700, exist_ok=True)
        return
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    source = archive.extractfile(member)
    if source is None:
        msg = f"member {member.name!r} cannot be read"
        raise BadArchiveError(msg)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    mode = 0o700 if member.mode & 0o100 else 0o600
    with source, os.fdopen(os.open(target, flags, mode), "wb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
