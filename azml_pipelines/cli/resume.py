"""``azml resume``: go on with a run that was stopped, killed or failed."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

import click

from azml_pipelines.cli.assignments import Assignment, typed_values
from azml_pipelines.cli.found_run import find_run
from azml_pipelines.cli.waiting import announce

__all__ = ["resume"]


@click.command()
@click.argument("run")
@click.option("--node-count", metavar="N", type=int, help="Nodes from now on.")
@click.option(
    "--process-count-per-node",
    metavar="N",
    help="Worker processes on each node from now on, or `auto`.",
)
@click.option(
    "--run-invocation-timeout",
    metavar="SECONDS",
    type=float,
    help="What one run() call may take from now on.",
)
@click.option(
    "--compute-target", metavar="NAME", help="Where it runs from now on, or `local`."
)
@click.option(
    "-p",
    "--parameter",
    "assignments",
    metavar="NAME=VALUE",
    type=Assignment(),
    multiple=True,
    help="The value that RUN must have been submitted with. Can be repeated.",
)
@click.option(
    "--allow-changed",
    is_flag=True,
    help="Go on with what was frozen although scripts, inputs or values have changed.",
)
@click.option("--wait/--no-wait", default=False, help="Watch it until it has ended.")
def resume(
    run: str,
    assignments: list[tuple[str, str]],
    *,
    allow_changed: bool,
    wait: bool,
    **knobs: object,
) -> None:
    """Go on with RUN where it stopped: its id, the beginning of it, or `latest`.

    Finished mini-batches stay finished and are not run again, also when nodes,
    processes or the time limit change. Scripts, inputs and values are those that were
    frozen when RUN was submitted; if they have changed since, RUN is not resumed unless
    you allow it.
    """
    found = find_run(run)
    values = {}
    if assignments:
        from azml_pipelines.run.resubmission import (  # noqa: PLC0415 - slow to load
            stored_definition,
        )

        workspace = found.experiment.workspace
        values = typed_values(workspace, stored_definition(found), assignments)
    with redirect_stdout(sys.stderr):
        found.resume(
            **knobs,  # type: ignore[arg-type] # the options above, checked by resume()
            pipeline_parameters=values,
            allow_changed=allow_changed,
        )
    announce(found, wait=wait)
