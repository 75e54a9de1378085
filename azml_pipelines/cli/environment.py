"""``azml environment``: what is registered as an environment."""

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
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.environment_definition import RegisteredEnvironment

__all__ = ["environment"]


@click.group(short_help="List or show environments.")
def environment() -> None:
    """Look at the registered environments of this workspace."""


@environment.command("list")
@as_json
def list_environments(*, json_wanted: bool) -> None:
    """List the latest version of every environment by name."""
    rows = [_fields(one) for one in workspace().list_environments()]
    print_rows(
        rows,
        ("name", "version"),
        json_wanted=json_wanted,
        none="No environments yet. To make one: environment.register(workspace)",
    )


@environment.command("show")
@click.argument("name", metavar="NAME[:VERSION]")
@as_json
def show_environment(name: str, *, json_wanted: bool) -> None:
    """Show one version of an environment, by default the latest."""
    home = workspace()
    found = home.find_environment(*name_and_version(name))
    if found is None:
        known = [one.name for one in home.list_environments()]
        msg = f"No environment is called {shown(name)}; registered: {listed(known)}."
        raise UserErrorException(msg)
    print_fields(_fields(found), json_wanted=json_wanted)


def _fields(found: RegisteredEnvironment) -> dict[str, Any]:
    definition = found.definition.model_dump(mode="json", exclude_none=True)
    return {"name": found.name, "version": found.version, "definition": definition}
