"""``azml plan``: what a submission would do, without doing it."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from azml_pipelines.cli.assignments import Assignment, typed_values
from azml_pipelines.cli.reuse_choices import (
    ReuseCommand,
    incremental_of,
    regenerate_of,
    reuse_choices,
)
from azml_pipelines.cli.submit import only_pipeline
from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    from azml_pipelines.run.workspace import Workspace

__all__ = ["plan"]


@click.command(cls=ReuseCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-p",
    "--parameter",
    "assignments",
    metavar="NAME=VALUE",
    type=Assignment(),
    multiple=True,
    help="The value of a parameter, as for `azml submit`. Can be repeated.",
)
@reuse_choices
@click.option("--svg", "as_svg", is_flag=True, help="Print a drawing as SVG.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def plan(
    file: Path,
    assignments: list[tuple[str, str]],
    *,
    regenerate: tuple[str, ...],
    incremental: str | None,
    as_svg: bool,
    as_json: bool,
) -> None:
    """Show what `azml submit FILE` would run, reuse, and how long it may take.

    Nothing is submitted and nothing is written. FILE is run to see its pipeline.
    """
    from azml_pipelines.cli.script import run_script  # noqa: PLC0415 - slow to load

    if as_svg and as_json:
        msg = "--svg and --json exclude each other."
        raise click.UsageError(msg)
    with redirect_stdout(sys.stderr):
        debug = click.get_current_context().find_root().params["debug"]
        result = run_script(file, debug=debug)
    if result.submitted:
        msg = (
            f"{file} submits its pipeline by itself, so it has just run "
            f"({result.submitted[-1].id}). Take experiment.submit(…) out of the script."
        )
        raise UserErrorException(msg)
    pipeline = only_pipeline(file, result)
    from azml_pipelines.plan.describe import describe  # noqa: PLC0415 - slow to load

    workspace = cast("Workspace", pipeline.workspace)
    seen = pipeline.plan(
        typed_values(workspace, describe(pipeline), assignments),
        regenerate_outputs=regenerate_of(regenerate),
        incremental=incremental_of(incremental),
    )
    if as_svg:
        click.echo(seen.to_svg(), nl=False)
    elif as_json:
        steps = [asdict(step) for step in seen.steps]
        content = {"schema_version": 1, "seconds": seen.seconds, "steps": steps}
        click.echo(json.dumps(content, indent=2))
    else:
        click.echo(seen.to_text())
