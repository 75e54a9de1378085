"""``azml environment``: what is registered as an environment, and what is built."""

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
    from azml_pipelines.run.workspace import Workspace

__all__ = ["environment"]


@click.group(short_help="Build, list or show environments.")
def environment() -> None:
    """Look at the registered environments of this workspace, and build them."""


@environment.command("build")
@click.argument("name", metavar="NAME[:VERSION]")
@as_json
def build_environment(name: str, *, json_wanted: bool) -> None:
    """Build an environment on this machine, unless it is there.

    Runs do that by themselves; this does it before.
    """
    home = workspace()
    found = _registered(home, name)
    home.build_environment(found.definition)
    print_fields(_fields(home, found), json_wanted=json_wanted)


@environment.command("list")
@as_json
def list_environments(*, json_wanted: bool) -> None:
    """List the latest version of every environment by name."""
    home = workspace()
    rows = [_fields(home, one) for one in home.list_environments()]
    print_rows(
        rows,
        ("name", "version", "build", "folder"),
        json_wanted=json_wanted,
        none="No environments yet. To make one: environment.register(workspace)",
    )


@environment.command("show")
@click.argument("name", metavar="NAME[:VERSION]")
@as_json
def show_environment(name: str, *, json_wanted: bool) -> None:
    """Show one version of an environment, by default the latest."""
    home = workspace()
    print_fields(_fields(home, _registered(home, name)), json_wanted=json_wanted)


def _registered(home: Workspace, name: str) -> RegisteredEnvironment:
    found = home.find_environment(*name_and_version(name))
    if found is None:
        known = [one.name for one in home.list_environments()]
        msg = f"No environment is called {shown(name)}; registered: {listed(known)}."
        raise UserErrorException(msg)
    return found


def _fields(home: Workspace, found: RegisteredEnvironment) -> dict[str, Any]:
    definition = found.definition.model_dump(mode="json", exclude_none=True)
    built = home.built_environment(found.definition)
    return {
        "name": found.name,
        "version": found.version,
        "build": found.definition.python.build,
        "folder": None if built is None else str(built.folder),
        "tool": None if built is None else built.tool,
        "packages": None if built is None else built.packages,
        "definition": definition,
    }
