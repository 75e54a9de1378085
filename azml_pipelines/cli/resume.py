"""``azml resume``: go on with a run that was stopped, killed or failed."""

from __future__ import annotations

import click

from azml_pipelines.cli.found_run import find_run
from azml_pipelines.cli.waiting import announce

__all__ = ["resume"]


@click.command(short_help="Go on with a run that was stopped or failed.")
@click.argument("run")
@click.option("--wait/--no-wait", default=False, help="Watch it until it has ended.")
def resume(run: str, *, wait: bool) -> None:
    """Go on with RUN where it stopped: its id, the beginning of it, or `latest`.

    Finished mini-batches stay finished and are not run again.
    """
    found = find_run(run)
    found.resume()
    announce(found, wait=wait)
