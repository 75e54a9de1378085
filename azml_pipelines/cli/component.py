"""``azml component``: components of version 2 that documents refer to by name."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from azml_pipelines.cli.registered import as_json, print_rows, workspace

__all__ = ["component"]


@click.group(short_help="Register or list components of version 2.")
def component() -> None:
    """Look after components, which documents name as azureml:NAME:VERSION."""


@component.command("create")
@click.option(
    "-f",
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The document.",
)
def create_component(file: Path) -> None:
    """Register the component in FILE with its code as it is now."""
    from azml_pipelines.azure_v2.component_shelf import register_component  # noqa: PLC0415 - slow to load

    made = register_component(workspace(), file)
    click.echo(f"{made.name}:{made.version}")


@component.command("list")
@as_json
def list_registered(*, json_wanted: bool) -> None:
    """List the components of this workspace."""
    from azml_pipelines.azure_v2.component_shelf import list_components  # noqa: PLC0415 - slow to load

    print_rows(
        [asdict(one) for one in list_components(workspace())],
        ("name", "version", "kind"),
        json_wanted=json_wanted,
        none="No components yet. To register one: azml component create -f FILE",
    )
