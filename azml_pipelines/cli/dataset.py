"""``azml dataset``: what is registered as a dataset."""

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
    from azml_pipelines.data.dataset_home import RegisteredDataset

__all__ = ["dataset"]


@click.group(short_help="List or show datasets.")
def dataset() -> None:
    """Look at the registered datasets of this workspace."""


@dataset.command("list")
@as_json
def list_datasets(*, json_wanted: bool) -> None:
    """List the latest version of every dataset by name."""
    rows = [_fields(one) for one in workspace().catalog.datasets.latest()]
    print_rows(
        rows,
        ("name", "version", "kind", "description"),
        json_wanted=json_wanted,
        none="No datasets yet. To make one: dataset.register(workspace, name)",
    )


@dataset.command("show")
@click.argument("name", metavar="NAME[:VERSION]")
@as_json
def show_dataset(name: str, *, json_wanted: bool) -> None:
    """Show one version of a dataset, by default the latest."""
    found = workspace().find_dataset(*name_and_version(name))
    print_fields(_fields(found), json_wanted=json_wanted)


def _fields(found: RegisteredDataset) -> dict[str, Any]:
    definition = found.definition.model_dump(mode="json", exclude_none=True)
    return {
        "name": found.name,
        "version": found.version,
        "id": found.id,
        "kind": found.definition.kind,
        "description": found.description,
        "tags": dict(found.tags),
        "definition": definition,
    }
