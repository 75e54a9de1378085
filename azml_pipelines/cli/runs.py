"""``azml runs``: every run of the workspace, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from azml_pipelines.cli.found_run import every_run
from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.store.run_state import RunState

__all__ = ["runs"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def runs(*, as_json: bool) -> None:
    """List the runs of this workspace, the newest first."""
    from azml_pipelines.run.run_json import runs_as_json  # noqa: PLC0415 - one way only

    states = (run.state() for run in every_run())
    if as_json:
        click.echo(runs_as_json(list(states)))
        return
    some = False
    for line in _lines(states):
        some = True
        click.echo(line)
    if not some:
        click.echo("No runs yet. To start one: azml submit FILE.py", err=True)


def _lines(states: Iterator[RunState]) -> Iterator[str]:
    for state in states:
        moment = datetime.fromtimestamp(state.created).astimezone()
        done = sum(step.done_mini_batches for step in state.steps)
        failed = sum(step.failed_items for step in state.steps)
        yield (
            f"{state.run_id}  {state.status:<10}  {moment:%Y-%m-%d %H:%M:%S}  "
            f"{done:>9,} mini-batches  {failed:>7,} items failed  "
            f"{printable(state.experiment)}"
        )
