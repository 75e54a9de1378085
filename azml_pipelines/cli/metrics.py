"""``azml metrics``: what the scripts of a run have logged."""

from __future__ import annotations

import json

import click

from azml_pipelines.cli.found_run import find_run

__all__ = ["metrics"]


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def metrics(run: str, step: str | None, *, as_json: bool) -> None:
    """Print the metrics of RUN, or of its step STEP alone.

    RUN is an id, the beginning of it, or `latest`.
    """
    from azml_pipelines.run.logged_metrics import (  # noqa: PLC0415 - slow to load
        logged_metrics,
        metric_lines,
    )

    found = find_run(run)
    logged = logged_metrics(found)
    if step is not None:
        logged = {name: values for name, values in logged.items() if name == step}
    if as_json:
        content = {"schema_version": 1, "metrics": logged}
        click.echo(json.dumps(content, indent=2))
        return
    lines = list(metric_lines(logged))
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo(f"No script of run {found.id} has logged a metric.", err=True)
