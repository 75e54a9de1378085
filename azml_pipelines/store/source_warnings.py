"""What to say about the files of a source directory before they are copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.store.secret_files import secret_files_warning
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["source_warnings"]

_MANY_FILES = 2_000


def source_warnings(source: str, files: Sequence[str]) -> Iterator[str]:
    """Yield one line for each thing that its user may not have meant.

    Args:
        source: The source directory.
        files: What is copied of it, relative to it.
    """
    secrets = secret_files_warning(source, files)
    if secrets is not None:
        yield secrets
    if len(files) > _MANY_FILES:
        yield (
            f"source_directory {shown(source)} holds {len(files)} files, which are "
            "copied for every run and every node. Name what the script does not need "
            "in .amlignore there (written like .gitignore)."
        )
