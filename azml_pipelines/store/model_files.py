"""The files of registered models: ``models/<name>/<version>/<what was registered>``.

The folders themselves say which versions exist, so that a worker process finds a model
with the standard library alone, and half a copy is never a version.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from typing import TYPE_CHECKING

from azml_pipelines.errors import ModelNotFoundException
from azml_pipelines.store.workspace_folder import STORAGE_FOLDER
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["add_version", "latest_version", "model_names", "model_path", "versions"]

_FOLDER = re.compile(r"(?!\.)[^/\0]{1,255}")


def model_names(folder: Path) -> list[str]:
    """The names of all models that have a version, sorted."""
    if not folder.is_dir():
        return []
    return sorted(one.name for one in folder.iterdir() if versions(folder, one.name))


def versions(folder: Path, name: str) -> list[int]:
    """The versions of one model, ascending; none for an unknown name."""
    # Unlike pathlib, os.path says no to a name that no system can have.
    if not _FOLDER.fullmatch(name) or not os.path.isdir(folder / name):  # noqa: PTH112
        return []
    place = folder / name
    return sorted(int(one.name) for one in place.iterdir() if one.name.isdecimal())


def latest_version(folder: Path, name: str) -> int | None:
    """Return the highest version of a model, or None when it has none."""
    return max(versions(folder, name), default=None)


def model_path(folder: Path, name: str, version: int | None = None) -> Path:
    """Return the copy of the file or of the folder that was registered.

    Args:
        folder: The folder with all models of a workspace.
        name: The name that was given at registration.
        version: None means the latest one.

    Raises:
        ModelNotFoundException: There is no such model, or no such version of it.
    """
    known = versions(folder, name)
    wanted = version if version is not None else max(known, default=None)
    if wanted is None or wanted not in known:
        raise ModelNotFoundException(_not_found(folder, name, version, known))
    return next((folder / name / str(wanted)).iterdir())


def add_version(folder: Path, name: str, source: Path) -> int:
    """Copy a file or a folder as the next version of a model and return its number.

    The copy is complete before it has a number, and no two callers get the same one.
    """
    place = folder / name
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = tempfile.mkdtemp(prefix=".new-", dir=place)
    try:
        copy = os.path.join(unfinished, source.resolve().name)  # noqa: PTH118 - text
        if source.is_dir():
            # A workspace's own storage inside of the folder would copy itself for ever.
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns(STORAGE_FOLDER))
        else:
            shutil.copy2(source, copy)
        _only_for_the_owner(unfinished)
        return _number(place, unfinished)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _number(place: Path, unfinished: str) -> int:
    """Rename to the first free number; a rename onto a full folder fails."""
    number = max(versions(place.parent, place.name), default=0)
    while True:
        number += 1
        try:
            os.rename(unfinished, place / str(number))  # noqa: PTH104 - text
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return number


def _only_for_the_owner(folder: str) -> None:
    """Take group's and others' rights away; keep whether a file is executable."""
    for parent, _, files in os.walk(folder):
        os.chmod(parent, 0o700)  # noqa: PTH101 - text
        for file in files:
            path = os.path.join(parent, file)  # noqa: PTH118 - text
            os.chmod(path, (os.stat(path).st_mode & 0o700) | 0o600)  # noqa: PTH101,PTH116


def _not_found(folder: Path, name: str, version: int | None, known: list[int]) -> str:
    if known:
        return (
            f"ModelNotFound: model {shown(name)} has no version {shown(version)}; "
            f"it has {listed(str(one) for one in known)}."
        )
    names = listed(repr(one) for one in model_names(folder))
    return (
        f"ModelNotFound: no model is called {shown(name)} in this workspace; "
        f"registered: {names}. Register it with Model.register()."
    )
