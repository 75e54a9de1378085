"""``azml cancel``: stop a run."""

from __future__ import annotations

import click

from azml_pipelines.cli.found_run import find_run

__all__ = ["cancel"]


@click.command()
@click.argument("run")
def cancel(run: str) -> None:
    """Stop RUN: its id, the beginning of it, or `latest`.

    Mini-batches that are done stay done; `azml resume` goes on from there.
    """
    found = find_run(run)
    state = found.state()
    if state.ended_for_good:
        click.echo(f"Run {found.id} has ended already: {state.status}.", err=True)
        return
    found.cancel()
    click.echo(f"Asked run {found.id} to stop.", err=True)
