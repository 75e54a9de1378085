"""``azml resubmit``: run a pipeline again with other parameter values."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

import click

from azml_pipelines.cli.assignments import Assignment, typed_values
from azml_pipelines.cli.found_run import find_run
from azml_pipelines.cli.reuse_choices import (
    ReuseCommand,
    incremental_of,
    regenerate_of,
    reuse_choices,
)
from azml_pipelines.cli.waiting import announce

__all__ = ["resubmit"]


@click.command(cls=ReuseCommand)
@click.argument("run")
@click.option(
    "-p",
    "--parameter",
    "assignments",
    metavar="NAME=VALUE",
    type=Assignment(),
    multiple=True,
    help="Another value of a parameter; a dataset is a registered NAME[:VERSION] or a "
    "local path. Can be repeated.",
)
@reuse_choices
@click.option("--wait/--no-wait", default=False, help="Watch it until it has ended.")
def resubmit(
    run: str,
    assignments: list[tuple[str, str]],
    *,
    regenerate: tuple[str, ...],
    incremental: str | None,
    wait: bool,
) -> None:
    """Run the pipeline of RUN again: its id, the beginning of it, or `latest`.

    The scripts are those of that run, whatever has been edited since. Parameters keep
    the values of that run unless -p gives another one. Prints the id of the new run.
    """
    found = find_run(run)
    from azml_pipelines.run.resubmission import (  # noqa: PLC0415 - slow to load
        stored_definition,
    )

    workspace = found.experiment.workspace
    values = typed_values(workspace, stored_definition(found), assignments)
    with redirect_stdout(sys.stderr):
        new = found.resubmit(
            pipeline_parameters=values,
            regenerate_outputs=regenerate_of(regenerate),
            incremental=incremental_of(incremental),
        )
    announce(new, wait=wait)
