"""Publishes pipelines: what is needed to run them is copied, and gets an id."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import mask
from azml_pipelines.plan.compiler import compile_plan
from azml_pipelines.run.published_pipeline import PublishedPipeline
from azml_pipelines.run.submission import describe_workspace
from azml_pipelines.store.catalog import PublishedRecord
from azml_pipelines.store.frozen_pipeline import freeze_pipeline
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.plan.definition import PipelineDefinition
    from azml_pipelines.run.workspace import Workspace

__all__ = ["Publication", "publish"]

_LONGEST_NAME = 255


@dataclass(frozen=True)
class Publication:
    """What is said about a published pipeline besides its steps."""

    name: str | None = None
    """``<date>-Pipeline`` when nobody gives one."""
    description: str | None = None
    version: str | None = None
    continue_on_step_failure: bool = False


def publish(
    workspace: Workspace, definition: PipelineDefinition, said: Publication
) -> PublishedPipeline:
    """Copy a pipeline with its scripts, and remember it.

    Nothing is left behind when it is refused.

    Raises:
        UserErrorException: The name or the version is no text, or a source directory is
            missing or too big.
        DeclarationError: The pipeline cannot run with its defaults.
    """
    pipeline_id = str(uuid4())
    record = PublishedRecord(
        id=pipeline_id,
        name=_name(said.name),
        created=time.time(),
        description=None if said.description is None else mask(str(said.description)),
        version=None if said.version is None else mask(str(said.version)),
        continue_on_step_failure=said.continue_on_step_failure,
    )
    compile_plan(
        definition,
        {},
        run_id=pipeline_id,
        experiment="published",
        workspace=describe_workspace(workspace),
    )
    workspace.prepare_storage()
    freeze_pipeline(workspace.folder.published(pipeline_id), definition)
    workspace.catalog.published.add(record)
    return PublishedPipeline(workspace, record)


def _name(name: str | None) -> str:
    if name is None:
        return f"{datetime.now().astimezone():%Y-%m-%d-%H-%M-%S}-Pipeline"
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        msg = (
            f"name={shown(name)} names no pipeline; give a text of 1 to "
            f"{_LONGEST_NAME} characters."
        )
        raise UserErrorException(msg)
    return mask(name)
