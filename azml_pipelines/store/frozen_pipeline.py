"""A pipeline as it was published: its definition, and a copy of its scripts."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import ValidationError

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.plan.definition import PipelineDefinition
from azml_pipelines.store.private_folder import make_private
from azml_pipelines.store.snapshot import check_in_snapshot, copy_snapshot
from azml_pipelines.store.source_warnings import source_warnings

if TYPE_CHECKING:
    from azml_pipelines.store.workspace_folder import PublishedFolder

__all__ = ["freeze_pipeline", "read_frozen_pipeline"]


def freeze_pipeline(folder: PublishedFolder, definition: PipelineDefinition) -> None:
    """Write a pipeline down with its scripts as they are now: all of it, or nothing.

    Steps that share a source directory share one copy of it.

    Raises:
        UserErrorException: A source directory is missing or too big, or its ignore file
            leaves out the entry script.
    """
    unfinished = folder.beside(f".new-{uuid4()}")
    make_private(unfinished.root, Path(unfinished.root.anchor))
    try:
        copied = _copy_sources(unfinished, definition)
        text = definition.with_sources(copied).model_dump_json(indent=2)
        descriptor = os.open(
            unfinished.definition, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
        )
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.root.rename(folder.root)
    except BaseException:
        shutil.rmtree(unfinished.root, ignore_errors=True)
        raise


def read_frozen_pipeline(folder: PublishedFolder) -> PipelineDefinition:
    """Return the definition, whose sources are the copies.

    Raises:
        WorkspaceException: The folder is gone, or is not what was written.
    """
    try:
        definition = PipelineDefinition.model_validate_json(
            folder.definition.read_bytes()
        )
    except (OSError, ValidationError) as error:
        msg = (
            f"{folder.definition} is not what a publication has written; publish the "
            "pipeline again."
        )
        raise WorkspaceException(msg, inner_exception=error) from error
    return definition.with_sources(
        {
            step.key: str(folder.root / step.source_directory)
            for step in definition.steps
        }
    )


def _copy_sources(
    folder: PublishedFolder, definition: PipelineDefinition
) -> dict[str, str]:
    """Return by key of a step where its scripts lie, relative to ``folder``."""
    copies: dict[str, str] = {}
    for step in definition.steps:
        source = step.source_directory
        if source and source not in copies:
            copies[source] = f"snapshots/{len(copies)}"
            files = copy_snapshot(Path(source), folder.root / copies[source])
            for line in source_warnings(source, files):
                warnings.warn(line, UserWarning, stacklevel=2)
        if step.script:
            check_in_snapshot(folder.root / copies[source], step.script, step.name)
    return {
        step.key: copies[step.source_directory]
        for step in definition.steps
        if step.source_directory
    }
