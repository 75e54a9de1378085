"""``azml pipeline``: which pipelines are published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from azml_pipelines.cli.registered import (
    as_json,
    moment,
    print_fields,
    print_rows,
    workspace,
)

if TYPE_CHECKING:
    from azml_pipelines.run.published_pipeline import PublishedPipeline

__all__ = ["pipeline"]


@click.group(short_help="List or show published pipelines.")
def pipeline() -> None:
    """Look at the published pipelines of this workspace."""


@pipeline.command("list")
@click.option("--all", "every", is_flag=True, help="Also disabled and archived ones.")
@as_json
def list_pipelines(*, every: bool, json_wanted: bool) -> None:
    """List the published pipelines, the newest first."""
    from azml_pipelines.run.published_pipeline import PublishedPipeline  # noqa: PLC0415 - slow to load

    found = PublishedPipeline.list(workspace(), active_only=not every)
    print_rows(
        [_fields(one) for one in found],
        ("id", "status", "created", "version", "name"),
        json_wanted=json_wanted,
        none="No published pipelines yet. To make one: pipeline.publish(name)",
    )


@pipeline.command("show")
@click.argument("pipeline_id", metavar="ID")
@as_json
def show_pipeline(pipeline_id: str, *, json_wanted: bool) -> None:
    """Show one published pipeline, with its steps and parameters."""
    from azml_pipelines.run.published_pipeline import PublishedPipeline  # noqa: PLC0415 - slow to load

    found = PublishedPipeline.get(workspace(), pipeline_id)
    definition = found.definition()
    fields = {
        **_fields(found),
        "continue_on_step_failure": found.continue_on_step_failure,
        "endpoint": found.endpoint,
        "steps": [step.name for step in definition.steps],
        "parameters": {one.name: one.kind for one in definition.parameters},
    }
    print_fields(fields, json_wanted=json_wanted)


def _fields(found: PublishedPipeline) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "version": found.version,
        "status": found.status,
        "description": found.description,
        "created": moment(found.created),
    }
