"""``azml show``: what a run has done so far."""

from __future__ import annotations

import sys
import time

import click

from azml_pipelines.cli.found_run import find_run
from azml_pipelines.cli.waiting import wait_for

__all__ = ["show"]


@click.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--failed", is_flag=True, help="List the items that failed for good.")
@click.option("--watch", is_flag=True, help="Keep it up to date until the end.")
def show(run: str, *, as_json: bool, failed: bool, watch: bool) -> None:
    """Show RUN: its id, the beginning of it, or `latest`.

    With --watch the exit code tells how the run ended: 0 finished, 1 failed, 6
    canceled.
    """
    if as_json and watch:
        msg = "--json and --watch exclude each other."
        raise click.UsageError(msg)
    if failed and watch:
        msg = "--failed and --watch exclude each other."
        raise click.UsageError(msg)
    found = find_run(run)
    if failed:
        from azml_pipelines.cli.failed_items import (  # noqa: PLC0415 - one way only
            print_failed_items,
        )

        print_failed_items(found, as_json=as_json)
        return
    if watch:
        wait_for(found, sys.stdout)
    outputs = found.output_places()
    if as_json:
        from azml_pipelines.run.run_json import run_as_json  # noqa: PLC0415 - one way

        places = {output.name: output.path for output in outputs}
        click.echo(run_as_json(found.state(), places))
        return
    from azml_pipelines.run.views import views  # noqa: PLC0415 - slow to load

    failures = found.step_failures()
    for line in found.metric_lines():
        click.echo(line)
    click.echo(views.get("text")(found.state(), time.time(), outputs, failures))
