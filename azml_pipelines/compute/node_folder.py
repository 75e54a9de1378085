"""A node's own copy of the scripts: there as a whole, or not at all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from azml_pipelines.failpoints import point

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_node_folder"]


def make_node_folder(snapshot: str, folder: Path, epoch: int) -> None:
    """Copy the scripts of a step for one node, unless an earlier process has.

    They are copied aside and renamed: whoever is killed midway leaves nothing that
    looks like the whole.

    Args:
        snapshot: The frozen source directory.
        folder: Of the node.
        epoch: Of the orchestrator: one that has lost the run copies somewhere else.

    Raises:
        OSError: They cannot be copied.
    """
    if folder.exists():
        return
    aside = folder.parent / f".{folder.name}"
    shutil.rmtree(aside, ignore_errors=True)
    copy = aside / str(epoch)
    point("node.copy")
    shutil.copytree(snapshot, copy, symlinks=True)
    point("node.rename")
    copy.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)
