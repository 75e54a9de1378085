"""Which of the kept MLflow models no run and no published pipeline names any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.store.workspace_folder import WorkspaceFolder

__all__ = ["unused_models"]

_SECONDS = 3600.0
"""For how long a submission may be between keeping a model and naming it."""
_DIGEST = re.compile(rb"\b[0-9a-f]{64}\b")
_NAMING = ("runs/*/plan.json", "runs/*/definition.json", "published/*/definition.json")


def unused_models(workspace: WorkspaceFolder, now: float) -> Iterator[Path]:
    """Yield the folders of models, and of copies that were never finished.

    Args:
        workspace: Its folder.
        now: In seconds since 1970; what is younger than an hour stays.
    """
    if not workspace.kept_models.is_dir():
        return
    old = [
        folder
        for folder in sorted(workspace.kept_models.iterdir())
        if now - folder.stat().st_mtime > _SECONDS
    ]
    named = _named(workspace) if old else set()
    for folder in old:
        if folder.name.encode() not in named:
            yield folder


def _named(workspace: WorkspaceFolder) -> set[bytes]:
    """Return all digests in plans and definitions; one too many does no harm."""
    return {
        digest
        for pattern in _NAMING
        for file in workspace.storage.glob(pattern)
        for digest in _DIGEST.findall(file.read_bytes())
    }
