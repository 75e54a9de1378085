"""Drafts of pipelines: a folder each, with a frozen pipeline and what is said of it.

drafts/<id>/definition.json, snapshots/    the pipeline, see ``store.frozen_pipeline``
drafts/<id>/draft.json                     written last: without it there is no draft
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from azml_pipelines.plan.definition import PipelineDefinition
from azml_pipelines.store.private_folder import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from azml_pipelines.plan.parameter_values import PlainValue
    from azml_pipelines.store.workspace_folder import PublishedFolder, WorkspaceFolder

__all__ = [
    "DraftRecord",
    "change_defaults",
    "read_draft",
    "read_drafts",
    "remove_draft",
    "write_draft",
]

_FILE = "draft.json"


class DraftRecord(BaseModel):
    """What is said of a draft besides its steps and its values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    created: float
    """Seconds since 1970."""
    description: str | None = None
    experiment_name: str | None = None
    continue_on_step_failure: bool = False
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    parent_pipeline_id: str | None = None
    """The published pipeline that it was made of."""
    parent_run_id: str | None = None
    """The run that it was made of."""


def write_draft(folder: PublishedFolder, record: DraftRecord) -> None:
    """Write a record in the place of what there is."""
    _replace(folder.root / _FILE, record.model_dump_json(indent=2))


def read_draft(folder: PublishedFolder) -> DraftRecord | None:
    """Return what is said of a draft; None when there is none."""
    try:
        return DraftRecord.model_validate_json((folder.root / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def read_drafts(workspace: WorkspaceFolder) -> Iterator[DraftRecord]:
    """Yield all drafts, in no order."""
    for place in workspace.drafts.glob(f"*/{_FILE}"):
        record = read_draft(workspace.draft(place.parent.name))
        if record is not None:
            yield record


def change_defaults(
    folder: PublishedFolder, defaults: Mapping[str, PlainValue]
) -> None:
    """Give parameters of a frozen pipeline other defaults."""
    definition = PipelineDefinition.model_validate_json(folder.definition.read_bytes())
    changed = definition.with_defaults(defaults)
    _replace(folder.definition, changed.model_dump_json(indent=2))


def remove_draft(folder: PublishedFolder) -> None:
    """Remove a draft; whoever looks meanwhile sees all of it or nothing."""
    gone = folder.beside(f".gone-{uuid4()}")
    folder.root.rename(gone.root)
    shutil.rmtree(gone.root, ignore_errors=True)


def _replace(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.{uuid4().hex}")
    write_private(temporary, text)
    temporary.replace(file)
