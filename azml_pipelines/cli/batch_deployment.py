"""``azml batch-deployment``: what batch endpoints of version 2 run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from azml_pipelines.cli.assignments import Assignment
from azml_pipelines.cli.registered import (
    as_json,
    moment,
    print_fields,
    print_rows,
    workspace,
)

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.endpoints import BatchEndpoints
    from azml_pipelines.store.catalog import BatchDeploymentRecord

__all__ = ["batch_deployment"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(short_help="Make or list deployments of batch endpoints.")
def batch_deployment() -> None:
    """Look after the deployments of batch endpoints of version 2."""


@batch_deployment.command("create")
@click.option("-f", "--file", type=_FILE, required=True, help="The document.")
@click.option("-e", "--endpoint-name", help="In place of the document's.")
@click.option("--set-default", is_flag=True, help="Run it when nobody names another.")
@click.option(
    "--trust",
    type=click.Choice(["data-only", "code"]),
    help="code lets an MLflow model run code of its own.",
)
@click.option(
    "--set",
    "assignments",
    metavar="PATH=VALUE",
    type=Assignment(),
    multiple=True,
    help="In place of a value of the document. Can be repeated.",
)
def create_deployment(
    file: Path,
    endpoint_name: str | None,
    trust: str | None,
    assignments: list[tuple[str, str]],
    *,
    set_default: bool,
) -> None:
    """Make the deployment in FILE, with its code and its model as they are now."""
    made = _endpoints().deploy(
        file,
        endpoint=endpoint_name,
        set_default=set_default,
        trust=trust,
        assignments=assignments,
    )
    click.echo(made.name)


@batch_deployment.command("list")
@click.argument("endpoint")
@as_json
def list_deployments(endpoint: str, *, json_wanted: bool) -> None:
    """List the deployments of ENDPOINT."""
    endpoints = _endpoints()
    owner = endpoints.endpoint(endpoint)
    found = endpoints.workspace.catalog.batch.deployments(owner.name)
    print_rows(
        [_fields(one, owner.default_deployment) for one in found],
        ("name", "kind", "default", "modified"),
        json_wanted=json_wanted,
        none="No deployments yet. To make one: azml batch-deployment create -f FILE",
    )


@batch_deployment.command("show")
@click.argument("endpoint")
@click.argument("name")
@as_json
def show_deployment(endpoint: str, name: str, *, json_wanted: bool) -> None:
    """Show the deployment NAME of ENDPOINT with its document."""
    endpoints = _endpoints()
    owner = endpoints.endpoint(endpoint)
    record = endpoints.deployment(owner.name, name)
    fields = {
        **_fields(record, owner.default_deployment),
        "document": endpoints.opened(record).content,
    }
    print_fields(fields, json_wanted=json_wanted)


@batch_deployment.command("delete")
@click.argument("endpoint")
@click.argument("name")
def delete_deployment(endpoint: str, name: str) -> None:
    """Forget the deployment NAME of ENDPOINT; its runs stay."""
    _endpoints().delete(endpoint, name)


def _endpoints() -> BatchEndpoints:
    from azml_pipelines.azure_v2.endpoints import BatchEndpoints  # noqa: PLC0415 - slow to load

    return BatchEndpoints(workspace())


def _fields(record: BatchDeploymentRecord, default: str | None) -> dict[str, Any]:
    return {
        "name": record.name,
        "endpoint": record.endpoint,
        "kind": record.kind,
        "default": "default" if record.name == default else "",
        "created": moment(record.created),
        "modified": moment(record.modified),
    }
