"""What of a source directory has changed since its snapshot was taken. Reads only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.store.snapshot import snapshot_files

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Changes", "compare_source"]

_SHOWN = 3


@dataclass(frozen=True)
class Changes:
    """Names of files; those of a source directory or of an input."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    @property
    def text(self) -> str:
        """A short list for people: three names of each kind, and how many more."""
        kinds = {
            "changed": self.changed,
            "added": self.added,
            "removed": self.removed,
        }
        return ", ".join(
            f"{kind} {_some(names)}" for kind, names in kinds.items() if names
        )


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return " ".join(names[:_SHOWN]) + more


def compare_source(source: Path, snapshot: Path) -> Changes:
    """Compare a source directory as it is now with the copy that a run uses.

    The ignore rules of snapshots hold for both. A source directory that is gone has not
    changed: nobody can have edited it.

    Raises:
        UserErrorException: The source directory has become too big for a snapshot.
    """
    if not source.is_dir():
        return Changes()
    now, then = set(snapshot_files(source)), set(snapshot_files(snapshot))
    return Changes(
        added=tuple(sorted(now - then)),
        changed=tuple(
            sorted(
                name
                for name in now & then
                if _digest(source / name) != _digest(snapshot / name)
            )
        ),
        removed=tuple(sorted(then - now)),
    )


def _digest(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
