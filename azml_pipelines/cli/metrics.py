"""``azml metrics``: what the scripts of a run have logged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from azml_pipelines.cli.found_run import find_run
from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.run.pipeline_run import PipelineRun

__all__ = ["metric_lines", "metrics"]

_LONGEST = 200


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def metrics(run: str, step: str | None, *, as_json: bool) -> None:
    """Print the metrics of RUN, or of its step STEP alone.

    RUN is an id, the beginning of it, or `latest`.
    """
    found = find_run(run)
    logged = _logged(found)
    if step is not None:
        logged = {name: values for name, values in logged.items() if name == step}
    if as_json:
        content = {"schema_version": 1, "metrics": logged}
        click.echo(json.dumps(content, indent=2))
        return
    lines = list(_lines(logged))
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo(f"No script of run {found.id} has logged a metric.", err=True)


def metric_lines(run: PipelineRun) -> list[str]:
    """Return the metrics of a run, one line each; long ones are cut."""
    return list(_lines(_logged(run)))


def _logged(run: PipelineRun) -> dict[str, dict[str, Any]]:
    """Return the metrics by step name; those of the run itself under its id."""
    found = {run.id: run.get_metrics(recursive=False)}
    for step in run.get_steps():
        found.setdefault(step.name, {}).update(step.get_metrics())
    return {name: values for name, values in found.items() if values}


def _lines(logged: dict[str, dict[str, Any]]) -> Iterator[str]:
    for owner, values in logged.items():
        for name, value in values.items():
            text = json.dumps(value, ensure_ascii=False)
            if len(text) > _LONGEST:
                text = f"{text[:_LONGEST]}…"
            yield printable(f"{owner}: {name} = {text}")
