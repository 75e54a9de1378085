"""``azml model``: what is registered as a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from azml_pipelines.cli.registered import (
    as_json,
    name_and_version,
    print_fields,
    print_rows,
    workspace,
)

if TYPE_CHECKING:
    from azml_pipelines.run.model import Model

__all__ = ["model"]


@click.group(short_help="List or show models.")
def model() -> None:
    """Look at the registered models of this workspace."""


@model.command("list")
@as_json
def list_models(*, json_wanted: bool) -> None:
    """List the latest version of every model by name."""
    models = workspace().models
    rows = [_fields(models[name]) for name in sorted(models)]
    print_rows(
        rows,
        ("name", "version", "framework", "description"),
        json_wanted=json_wanted,
        none="No models yet. To make one: Model.register(workspace, path, name)",
    )


@model.command("show")
@click.argument("name", metavar="NAME[:VERSION]")
@as_json
def show_model(name: str, *, json_wanted: bool) -> None:
    """Show one version of a model, by default the latest."""
    from azml_pipelines.run.model import Model  # noqa: PLC0415 - slow to load

    wanted, version = name_and_version(name)
    found = Model(workspace(), wanted, version=version)
    print_fields(_fields(found), json_wanted=json_wanted)


def _fields(found: Model) -> dict[str, Any]:
    return {
        "name": found.name,
        "version": found.version,
        "description": found.description,
        "tags": found.tags,
        "properties": found.properties,
        "framework": found.model_framework,
        "framework_version": found.model_framework_version,
        "created": found.created_time.isoformat(timespec="milliseconds"),
    }
