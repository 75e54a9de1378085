"""What a workspace keeps: runs and parts by rule, fetched files up to a limit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.node_cache import DEFAULT_CACHE_BYTES, NodeCache
from azml_pipelines.errors import UserErrorException
from azml_pipelines.run.workspace_storage import read_storage
from azml_pipelines.store.clean_up import CleanUp, CleanUpRules, Removed, clean_up
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.run.workspace import Workspace

__all__ = ["clean_up_workspace"]


def clean_up_workspace(
    workspace: Workspace,
    *,
    older_than: float | timedelta | None,
    keep_last: int | None,
    parts_only: bool,
    dry_run: bool,
) -> CleanUp:
    """Do what ``Workspace.clean_up`` says."""
    age = older_than
    seconds = age.total_seconds() if isinstance(age, timedelta) else age
    for name, value in (("older_than", seconds), ("keep_last", keep_last)):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (is_number and value >= 0):
            msg = f"{name}={shown(value)} is not allowed; give 0 or more."
            raise UserErrorException(msg)
    rules = CleanUpRules(seconds, keep_last, parts_only)
    done = clean_up(workspace.folder, workspace.catalog, rules, dry_run=dry_run)
    storage = read_storage(workspace.folder.root)
    cache = workspace.folder.cache
    if storage.cache_folder is not None:
        cache = Path(storage.cache_folder)
    if cache.is_dir():
        found = NodeCache(cache, storage.cache_bytes or DEFAULT_CACHE_BYTES)
        count, size = found.trim(dry_run=dry_run)
        if count:
            done.removed.append(Removed("cache", f"{count} fetched files", size))
    return done
