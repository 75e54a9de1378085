"""``azml compute``: which compute targets there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from azml_pipelines.cli.registered import (
    as_json,
    print_fields,
    print_rows,
    workspace,
)
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.compute.target import ComputeTarget

__all__ = ["compute"]


@click.group(short_help="List or show compute targets.")
def compute() -> None:
    """Look at the compute targets of this workspace."""


@compute.command("list")
@as_json
def list_computes(*, json_wanted: bool) -> None:
    """List the compute targets by name; `local` always exists."""
    targets = workspace().compute_targets
    rows = [_fields(targets[name]) for name in sorted(targets)]
    print_rows(rows, ("name", "type"), json_wanted=json_wanted, none="")


@compute.command("show")
@click.argument("name")
@as_json
def show_compute(name: str, *, json_wanted: bool) -> None:
    """Show one compute target."""
    targets = workspace().compute_targets
    if name not in targets:
        msg = f"No compute target is called {shown(name)}; known: {listed(targets)}."
        raise UserErrorException(msg)
    print_fields(_fields(targets[name]), json_wanted=json_wanted)


def _fields(target: ComputeTarget) -> dict[str, Any]:
    return {"name": target.name, "type": target.type, "details": target.serialize()}
