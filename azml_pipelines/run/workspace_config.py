"""Which workspace a folder belongs to: ``config.json``, found as version 1 finds it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from azml_pipelines.errors import UserErrorException, WorkspaceException
from azml_pipelines.wording import shown

__all__ = [
    "CONFIG_FILE",
    "LOCAL",
    "WorkspaceConfig",
    "find_config",
    "read_config",
    "write_config",
]

CONFIG_FILE = "config.json"
LOCAL = "local"
"""Stands where Azure has a subscription, a resource group or a region."""
_PROJECT_FILE = "project.json"
_SIDE_FOLDERS = (".azureml", "aml_config")
_SCOPE = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/"
    r"Microsoft\.MachineLearningServices/workspaces/([^/]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class WorkspaceConfig:
    """Who a workspace is, and which folder holds its storage."""

    subscription_id: str
    resource_group: str
    workspace_name: str
    root: Path

    @property
    def scope(self) -> str:
        """The name by which Azure would know the workspace."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/"
            f"{self.resource_group}/providers/Microsoft.MachineLearningServices/"
            f"workspaces/{self.workspace_name}"
        )


def find_config(path: str | os.PathLike[str] | None, file_name: str | None) -> Path:
    """Return the configuration file that holds for ``path``.

    Each place is searched in the whole chain of parents before the next one is: a
    ``.azureml/config.json`` further up wins over a ``config.json`` right here.

    Args:
        path: A file is taken as it is; a folder is where to start; None is the
            working directory.
        file_name: Search for this name only, in place of the usual two.

    Raises:
        UserErrorException: There is none, or ``path`` does not exist.
    """
    start = Path(os.path.abspath(path or "."))  # noqa: PTH100 - keeps symbolic links
    if start.is_file():
        return start
    if not start.is_dir():
        msg = (
            f"{shown(str(path))} does not exist; give a config.json, or a folder with "
            "one."
        )
        raise UserErrorException(msg)
    names = (file_name,) if file_name else (CONFIG_FILE, _PROJECT_FILE)
    for side in (*_SIDE_FOLDERS, "."):
        for name in names:
            for folder in (start, *start.parents):
                candidate = folder / side / name
                if candidate.is_file():
                    return candidate
    msg = (
        f"No {' or '.join(names)} in {start} or above it; make a workspace with "
        "`azml init` or Workspace.create(name), or give path=."
    )
    raise UserErrorException(msg)


def read_config(file: Path) -> WorkspaceConfig:
    """Read a configuration file, downloaded from Azure or made here.

    Raises:
        UserErrorException: It is no JSON, or names no workspace.
        WorkspaceException: It points to a folder that is gone.
    """
    keys = ("subscription_id", "resource_group", "workspace_name")
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        msg = (
            f"{shown(str(file), 120)[1:-1]} cannot be read as JSON "
            f"({shown(str(error))[1:-1]}); correct or remove the file."
        )
        raise UserErrorException(msg, inner_exception=error) from error
    values = content if isinstance(content, dict) else {}
    scope = _SCOPE.match(str(values.get("Scope", "")))
    if scope:
        values |= dict(zip(keys, scope.groups(), strict=True))
    missing = [
        key for key in keys if not (isinstance(values.get(key), str) and values[key])
    ]
    if missing:
        msg = (
            f"{file} names no workspace: {', '.join(missing)} missing or no text; it "
            f"needs the keys {', '.join(keys)}, as Azure's portal writes them."
        )
        raise UserErrorException(msg)
    subscription_id, resource_group, name = (str(values[key]) for key in keys)
    root = _root(file, values.get("root"))
    return WorkspaceConfig(subscription_id, resource_group, name, root)


def write_config(config: WorkspaceConfig, file: Path) -> None:
    """Write a configuration file with which ``read_config`` finds the same storage."""
    content = {
        "subscription_id": config.subscription_id,
        "resource_group": config.resource_group,
        "workspace_name": config.workspace_name,
    }
    if _beside(file) != config.root:
        content["root"] = str(config.root)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    unfinished.replace(file)


def _beside(file: Path) -> Path:
    """Return the folder that a configuration file speaks for."""
    folder = file.parent
    return folder.parent if folder.name in _SIDE_FOLDERS else folder


def _root(file: Path, named: object) -> Path:
    """Return the folder with the storage; ``root`` is our key of ``write_config``."""
    if named is None:
        return _beside(file)
    root = file.parent / str(named)
    if not root.is_dir():
        msg = (
            f"{file} says that its workspace lies in {root}, which does not exist; "
            "correct or remove the key 'root'."
        )
        raise WorkspaceException(msg)
    return root
