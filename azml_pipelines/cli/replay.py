"""``azml replay``: run one mini-batch again, here, where a debugger works."""

from __future__ import annotations

import sys
import traceback

import click

from azml_pipelines.cli.exit_code import RUN_FAILED
from azml_pipelines.cli.foreground import talk_to_user
from azml_pipelines.cli.found_run import find_run

__all__ = ["replay"]


@click.command()
@click.argument("run")
@click.argument("mini_batch", type=click.IntRange(min=0))
@click.option("--step", metavar="NAME", help="Which step, if RUN has several.")
@click.option(
    "--first-item",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    help="Begin with this item of the mini-batch, counted from 0.",
)
@click.option(
    "--item-count",
    metavar="M",
    type=click.IntRange(min=1),
    help="Take so many items; all of the rest by default.",
)
@click.option("--pdb", is_flag=True, help="Open the debugger where the script raised.")
def replay(
    run: str,
    mini_batch: int,
    *,
    step: str | None,
    first_item: int,
    item_count: int | None,
    pdb: bool,
) -> None:
    """Run MINI_BATCH of RUN in this process, and print the rows that it would write.

    The scripts are copied to a temporary folder; arguments, variables and inputs are
    those of the run. Nothing is stored. What the script prints goes to standard error
    unless standard output is a terminal.
    """
    found = find_run(run)
    from azml_pipelines.engine.replay import prepare_replay  # noqa: PLC0415 - slow to load

    prepared = prepare_replay(
        found.folder,
        mini_batch,
        step_name=step,
        first_item=first_item,
        item_count=item_count,
    )
    try:
        with talk_to_user():
            rows = prepared.run()
    except Exception:  # noqa: BLE001 - the user's own; the traceback is the result
        error = sys.exception()
        traceback.print_exc()
        if pdb and error is not None:
            from pdb import post_mortem  # noqa: PLC0415 - asked for

            post_mortem(error.__traceback__)
        raise click.exceptions.Exit(RUN_FAILED) from None
    click.echo(rows.header + rows.text, nl=False)
    click.echo(f"{rows.count} results, nothing was stored.", err=True)
