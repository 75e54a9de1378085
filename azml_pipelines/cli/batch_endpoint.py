"""``azml batch-endpoint``: endpoints of version 2, made, invoked and listed."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from azml_pipelines.cli.assignments import Assignment
from azml_pipelines.cli.registered import (
    as_json,
    moment,
    print_fields,
    print_rows,
    workspace,
)
from azml_pipelines.cli.waiting import announce

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.endpoints import BatchEndpoints
    from azml_pipelines.store.catalog import BatchEndpointRecord

__all__ = ["batch_endpoint"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SET = click.option(
    "--set",
    "assignments",
    metavar="PATH=VALUE",
    type=Assignment(),
    multiple=True,
    help="Another value, as retry_settings.timeout=60. Can be repeated.",
)


@click.group(short_help="Make, invoke or list batch endpoints.")
def batch_endpoint() -> None:
    """Look after batch endpoints of version 2, and invoke them."""


@batch_endpoint.command("create")
@click.option("-f", "--file", type=_FILE, required=True, help="The document.")
@_SET
def create_endpoint(file: Path, assignments: list[tuple[str, str]]) -> None:
    """Make the endpoint in FILE, or change the one of its name."""
    click.echo(_endpoints().create(file, assignments).name)


@batch_endpoint.command("list")
@as_json
def list_endpoints(*, json_wanted: bool) -> None:
    """List the endpoints."""
    found = workspace().catalog.batch.endpoints()
    print_rows(
        [_fields(one) for one in found],
        ("name", "default_deployment", "modified", "description"),
        json_wanted=json_wanted,
        none="No batch endpoints yet. To make one: azml batch-endpoint create -f FILE",
    )


@batch_endpoint.command("show")
@click.argument("name")
@as_json
def show_endpoint(name: str, *, json_wanted: bool) -> None:
    """Show the endpoint NAME with its deployments."""
    endpoints = _endpoints()
    found = endpoints.endpoint(name)
    names = [one.name for one in endpoints.workspace.catalog.batch.deployments(name)]
    print_fields({**_fields(found), "deployments": names}, json_wanted=json_wanted)


@batch_endpoint.command("delete")
@click.argument("name")
def delete_endpoint(name: str) -> None:
    """Forget the endpoint NAME and its deployments; their runs stay."""
    _endpoints().delete(name)


@batch_endpoint.command("list-jobs")
@click.argument("name")
@as_json
def list_jobs(name: str, *, json_wanted: bool) -> None:
    """List the runs of the endpoint NAME, the newest first."""
    from azml_pipelines.azure_v2.invocation import DEPLOYMENT_TAG  # noqa: PLC0415 - slow to load

    rows = [
        {
            "id": run.id,
            "status": run.get_status(),
            "deployment": run.get_tags().get(DEPLOYMENT_TAG),
        }
        for run in _endpoints().runs(name)
    ]
    print_rows(
        rows,
        ("id", "status", "deployment"),
        json_wanted=json_wanted,
        none="No runs yet. To make one: azml batch-endpoint invoke",
    )


@batch_endpoint.command("invoke")
@click.option("-n", "--name", help="The endpoint.")
@click.option("-d", "--deployment-name", help="By default the endpoint's default one.")
@click.option(
    "-f",
    "--file",
    type=_FILE,
    help="With -n, a file with inputs and outputs; without it, a deployment.",
)
@click.option("--input", "input_path", metavar="PATH", help="The data: path or URI.")
@click.option("--input-type", type=click.Choice(["uri_folder", "uri_file"]))
@click.option("--output-path", metavar="PATH", help="The folder for the rows.")
@click.option("--mini-batch-size", type=int, help="Files for one run().")
@click.option("--instance-count", type=int, help="Nodes.")
@click.option("--experiment-name", help="By default that of the endpoint.")
@click.option("--job-name", help="Kept as a tag of the run.")
@click.option(
    "--trust",
    type=click.Choice(["data-only", "code"]),
    help="code lets an MLflow model run code of its own.",
)
@click.option(
    "--build",
    type=click.Choice(["venv", "conda"]),
    help="Build the environments that have a conda file.",
)
@_SET
@click.option(
    "--wait/--no-wait", "--stream", default=False, help="Watch it until it has ended."
)
def invoke_endpoint(
    name: str | None,
    deployment_name: str | None,
    file: Path | None,
    *,
    wait: bool,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Run a deployment of an endpoint, or that of a file, once.

    The id of the run goes to standard output.
    """
    from azml_pipelines.azure_v2.deployment import load_batch_deployment  # noqa: PLC0415 - slow to load
    from azml_pipelines.azure_v2.invocation import invoke  # noqa: PLC0415 - the same
    from azml_pipelines.azure_v2.typed_invocation import typed_invocation  # noqa: PLC0415 - the same

    if name is None and file is None:
        msg = "Name an endpoint with -n, or the file of a deployment with -f."
        raise click.UsageError(msg)
    wanted = typed_invocation(options, None if name is None else file)
    with redirect_stdout(sys.stderr):
        if name is not None:
            run = _endpoints().invoke(name, wanted, deployment_name)
        else:
            deployment = load_batch_deployment(cast("Path", file))
            run = invoke(workspace(), deployment, wanted)
    announce(run, wait=wait)


def _endpoints() -> BatchEndpoints:
    from azml_pipelines.azure_v2.endpoints import BatchEndpoints  # noqa: PLC0415 - slow to load

    return BatchEndpoints(workspace())


def _fields(record: BatchEndpointRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "default_deployment": record.default_deployment,
        "description": record.description,
        "tags": record.tags,
        "created": moment(record.created),
        "modified": moment(record.modified),
    }
