"""``azml submit``: run the pipeline that a script declares."""

from __future__ import annotations

import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from azml_pipelines.cli.assignments import Assignment, typed_values
from azml_pipelines.cli.foreground import talk_to_user
from azml_pipelines.cli.reuse_choices import (
    ReuseCommand,
    incremental_of,
    regenerate_of,
    reuse_choices,
)
from azml_pipelines.cli.waiting import announce, wait_for
from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    from azml_pipelines.cli.script import ScriptResult
    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.run.workspace import Workspace

__all__ = ["only_pipeline", "submit"]


@click.command(cls=ReuseCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-e", "--experiment", help="Experiment; the name of FILE by default.")
@click.option(
    "-p",
    "--parameter",
    "assignments",
    metavar="NAME=VALUE",
    type=Assignment(),
    multiple=True,
    help="The value of a parameter; a dataset is a registered NAME[:VERSION] or a "
    "local path. Can be repeated.",
)
@reuse_choices
@click.option("--wait/--no-wait", default=False, help="Watch it until it has ended.")
@click.option(
    "--debug",
    "in_process",
    is_flag=True,
    help="Run it here, one mini-batch after the other: breakpoint() works in run().",
)
def submit(
    file: Path,
    experiment: str | None,
    assignments: list[tuple[str, str]],
    *,
    regenerate: tuple[str, ...],
    incremental: str | None,
    wait: bool,
    in_process: bool,
) -> None:
    """Run the Python script FILE and submit the pipeline that it declares.

    FILE leaves exactly one Pipeline in a variable at its top level. What it prints goes
    to standard error; the id of the new run is printed to standard output.
    """
    from azml_pipelines.cli.script import run_script  # noqa: PLC0415 - slow to load

    with redirect_stdout(sys.stderr):
        debug = click.get_current_context().find_root().params["debug"]
        result = run_script(file, debug=debug)
    if result.submitted:
        given = bool(
            experiment or assignments or in_process or regenerate or incremental
        )
        _already_submitted(file, result, options=given)
        if wait:
            wait_for(result.submitted[-1], sys.stderr)
        return
    pipeline = only_pipeline(file, result)
    from azml_pipelines.plan.describe import describe  # noqa: PLC0415 - slow to load

    workspace = cast("Workspace", pipeline.workspace)
    values = typed_values(workspace, describe(pipeline), assignments)
    with talk_to_user() if in_process else redirect_stdout(sys.stderr):
        run = pipeline.submit(
            experiment or _allowed(file.stem),
            pipeline_parameters=values,
            regenerate_outputs=regenerate_of(regenerate),
            incremental=incremental_of(incremental),
            debug=in_process,
        )
    announce(run, wait=wait or in_process)


def only_pipeline(file: Path, result: ScriptResult) -> Pipeline:
    """Return the pipeline that a script declares.

    Raises:
        UserErrorException: It declares none, or several.
    """
    match result.pipelines:
        case [(_, pipeline)]:
            return pipeline
        case []:
            msg = (
                f"{file} leaves no Pipeline in a variable at its top level; write "
                "pipeline = Pipeline(workspace=…, steps=[…]) outside of functions."
            )
        case several:
            names = ", ".join(name for name, _ in several)
            msg = (
                f"{file} leaves {len(several)} pipelines in variables: {names}. Keep "
                "one, or submit them in the script with experiment.submit(…)."
            )
    raise UserErrorException(msg)


def _already_submitted(file: Path, result: ScriptResult, *, options: bool) -> None:
    for run in result.submitted:
        click.echo(run.id)
    word = "runs" if len(result.submitted) > 1 else "a run"
    click.echo(f"{file} submitted {word} by itself; not submitted again.", err=True)
    if options:
        msg = (
            "-e, -p, --debug, --incremental and --regenerate-outputs had no effect for "
            "that reason. Take experiment.submit(…) out of "
            f"the script, or: azml resubmit {result.submitted[-1].id} -p NAME=VALUE"
        )
        raise UserErrorException(msg)


def _allowed(name: str) -> str:
    """Return an experiment name close to that of a script."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "-", name).strip("-_") or "experiment"
