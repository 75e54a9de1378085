"""Components that are registered: ``components/<name>/<version>/component.yml``.

As with models, the folders themselves say which versions there are.
"""

from __future__ import annotations

import errno
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines import strict_yaml
from azml_pipelines.azure_v2.component import read_component
from azml_pipelines.azure_v2.document import read_document
from azml_pipelines.azure_v2.freezing import copied
from azml_pipelines.store.private_folder import make_private, write_private
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.run.workspace import Workspace

__all__ = ["RegisteredComponent", "list_components", "register_component"]

_DOCUMENT = "component.yml"
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(r"[a-zA-Z0-9][\w-]{0,254}")


@dataclass(frozen=True)
class RegisteredComponent:
    """One version of a component."""

    name: str
    version: str
    kind: str


def register_component(workspace: Workspace, file: str | Path) -> RegisteredComponent:
    """Keep a component with its code as it is now, under its name and version.

    Without a version it becomes the next whole number. The same again is no error.

    Raises:
        BadDocumentError: It is no component, or that version holds something else.
        UserErrorException: Its code is too big.
    """
    document = read_document(file)
    component = read_component(document.content, document.top)
    name = document.content.get("name")
    if name is None:
        text = "is missing. Add it."
        raise (document.top / "name").problem(text)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        text = f"is {shown(name)}; use letters, digits, '-' and '_'."
        raise (document.top / "name").problem(text)
    folder = workspace.folder.components / name
    given = document.content.get("version")
    version = None if given is None else str(given)
    if version is not None and not _VERSION.fullmatch(version):
        # It names a folder: nothing may lead elsewhere.
        text = f"is {shown(version)}; use letters, digits, '.', '-' and '_'."
        raise (document.top / "version").problem(text)
    workspace.prepare_storage()
    new = workspace.folder.components / f".{uuid4().hex}"
    make_private(new, workspace.folder.storage)
    try:
        content = copied(document.content, document.top, new, workspace)
        written = strict_yaml.dump(content)
        write_private(new / _DOCUMENT, written)
        make_private(folder, workspace.folder.storage)
        if version is None:
            version = _next(folder)
            while not _moved(new, folder / version):
                version = _next(folder)
        elif not _moved(new, folder / version) and (
            _files(folder / version) != _files(new)
        ):
            text = (
                f"{shown(version)} of {shown(name)} is registered with another "
                "content. Give another version."
            )
            raise (document.top / "version").problem(text)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return RegisteredComponent(name, version, component.kind)


def list_components(workspace: Workspace) -> list[RegisteredComponent]:
    """Return every version of every component, by name."""
    found = sorted(workspace.folder.components.glob(f"[!.]*/*/{_DOCUMENT}"))
    return [
        RegisteredComponent(file.parts[-3], file.parts[-2], read_component_kind(file))
        for file in found
    ]


def read_component_kind(file: Path) -> str:
    """Return the kind of a registered component."""
    document = read_document(file)
    return read_component(document.content, document.top).kind


def _moved(new: Path, place: Path) -> bool:
    """Move a folder; False if another one is there, maybe since a moment ago."""
    try:
        new.rename(place)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
            raise
        return False
    return True


def _next(folder: Path) -> str:
    known = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    return str(1 + max((int(name) for name in known if name.isdecimal()), default=0))


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
