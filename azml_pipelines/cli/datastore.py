"""``azml datastore``: list datastores, add one, see whether it answers."""

from __future__ import annotations

import time
from typing import Any

import click

__all__ = ["datastore"]


@click.group(short_help="List, add or check datastores.")
def datastore() -> None:
    """Look after the datastores of this workspace."""


@datastore.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_datastores(*, as_json: bool) -> None:
    """List the datastores by name; a star marks the default one."""
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    workspace = Workspace.from_config()
    default = workspace.get_default_datastore().name
    settings = [one.settings for one in workspace.datastores.values()]
    if as_json:
        import json  # noqa: PLC0415 - one way only

        content = [
            {**one.model_dump(mode="json"), "default": one.name == default}
            for one in settings
        ]
        click.echo(json.dumps(content, indent=2))
        return
    for one in settings:
        star = "*" if one.name == default else " "
        click.echo(
            f"{star} {one.name:<24} {one.datastore_type:<18} {printable(one.url)}"
        )


@datastore.command("add")
@click.argument("name")
@click.argument("place", metavar="FOLDER|URL")
@click.option(
    "-o",
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    help="How a store is opened: endpoint_url=…, key=env:NAME, anon=true. Repeatable.",
)
@click.option("--default", "as_default", is_flag=True, help="Make it the default one.")
@click.option("--overwrite", is_flag=True, help="Replace one of the same name.")
def add_datastore(
    name: str,
    place: str,
    options: tuple[str, ...],
    *,
    as_default: bool,
    overwrite: bool,
) -> None:
    """Register FOLDER, or a URL like s3://bucket/folder, as the datastore NAME.

    Secrets are given as the names of variables: -o secret=env:MY_SECRET.
    """
    from azml_pipelines.data.datastore import (  # noqa: PLC0415 - slow to load
        AbstractDatastore,
        Datastore,
    )
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    workspace = Workspace.from_config()
    made: AbstractDatastore
    if "://" in place:
        given = dict(_option(text) for text in options)
        made = Datastore.register_url(
            workspace, name, place, options=given, overwrite=overwrite
        )
    elif options:
        msg = "--option is for URLs; a folder needs none."
        raise click.UsageError(msg)
    else:
        made = Datastore.register_local_folder(
            workspace, name, place, overwrite=overwrite
        )
    if as_default:
        made.set_as_default()
    click.echo(made.name)
    click.echo(f"To see whether it answers: azml datastore check {made.name}", err=True)


@datastore.command("check")
@click.argument("name", required=False)
def check_datastore(name: str | None) -> None:
    """Look whether the datastore NAME, by default the default one, can be listed."""
    from azml_pipelines.data.file_store import (  # noqa: PLC0415 - slow to load
        StoreLocation,
        open_store,
    )
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    settings = Workspace.from_config().get_datastore(name).settings
    store = open_store(StoreLocation(settings.url, settings.options, settings.name))
    started = time.monotonic()
    store.check()
    milliseconds = 1000 * (time.monotonic() - started)
    click.echo(f"{settings.name}: can be listed ({milliseconds:.0f} ms)")


def _option(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        msg = f"--option {text!r} is not NAME=VALUE, like anon=true."
        raise click.UsageError(msg)
    if name.lower() != "anon" and value.lower() not in {"true", "false"}:
        return name, value
    return name, value.lower() == "true"
