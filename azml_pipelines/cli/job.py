"""``azml job``: run pipeline jobs that are written as documents of version 2."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from azml_pipelines.cli.assignments import Assignment
from azml_pipelines.cli.registered import workspace
from azml_pipelines.cli.waiting import announce

__all__ = ["job"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(short_help="Run pipeline jobs of version 2.")
def job() -> None:
    """Run documents of version 2: type pipeline, with parallel and command nodes."""


@job.command("create")
@click.option("-f", "--file", type=_FILE, required=True, help="The document.")
@click.option(
    "--set",
    "assignments",
    metavar="PATH=VALUE",
    type=Assignment(),
    multiple=True,
    help="In place of a value of the document, as inputs.rate=0.1. Can be repeated.",
)
@click.option("-e", "--experiment-name", help="In place of the document's.")
@click.option(
    "--build",
    type=click.Choice(["venv", "conda"]),
    help="Build the environments that have a conda file.",
)
@click.option(
    "--wait/--no-wait", "--stream", default=False, help="Watch it until it has ended."
)
def create_job(
    file: Path,
    assignments: list[tuple[str, str]],
    *,
    experiment_name: str | None,
    build: str | None,
    wait: bool,
) -> None:
    """Run the pipeline job in FILE; the id of the run goes to standard output.

    What has no effect here is named in a warning, what is not accepted in an error,
    each with its line.
    """
    from azml_pipelines.azure_v2.pipeline_job import load_pipeline_job  # noqa: PLC0415 - slow to load

    found = load_pipeline_job(workspace(), file, assignments, build=build)
    with redirect_stdout(sys.stderr):
        run = found.submit(experiment_name)
    announce(run, wait=wait)


@job.command("validate")
@click.option("-f", "--file", type=_FILE, required=True, help="The document.")
def validate_job(file: Path) -> None:
    """Check the pipeline job in FILE and run nothing."""
    from azml_pipelines.azure_v2.pipeline_job import load_pipeline_job  # noqa: PLC0415 - slow to load
    from azml_pipelines.printable import printable  # noqa: PLC0415 - the same

    found = load_pipeline_job(workspace(), file)
    steps = ", ".join(step.name for step in found.pipeline.graph.in_order())
    click.echo(printable(f"{file} can run: {steps}"))
