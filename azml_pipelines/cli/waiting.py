"""What ``--wait`` does: show a run until it has ended, then say how by exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

import click

from azml_pipelines.cli.exit_code import CANCELED, INTERRUPTED, RUN_FAILED

if TYPE_CHECKING:
    from azml_pipelines.run.pipeline_run import PipelineRun

__all__ = ["announce", "wait_for"]

_CODES = {"Finished": 0, "Failed": RUN_FAILED, "Canceled": CANCELED}


def announce(run: PipelineRun, *, wait: bool) -> None:
    """Print the id of a run that was just started; watch the run if asked to."""
    click.echo(run.id)
    if wait:
        wait_for(run, sys.stderr)
    click.echo(f"It runs by itself. To watch it: azml show {run.id} --watch", err=True)


def wait_for(run: PipelineRun, stream: TextIO) -> None:
    """Show ``run`` on ``stream`` until it has ended, and end this process as it did."""
    from azml_pipelines.run.views import views  # noqa: PLC0415 - only if somebody waits

    try:
        views.get("console")(run, stream)
    except KeyboardInterrupt:
        click.echo(
            f"\nThe run goes on. To watch it: azml show {run.id} --watch\n"
            f"To stop it: azml cancel {run.id}",
            err=True,
        )
        raise click.exceptions.Exit(INTERRUPTED) from None
    raise click.exceptions.Exit(_CODES[run.state().status])
