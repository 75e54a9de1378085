"""The failed items of a run, as ``azml show RUN --failed`` prints them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from azml_pipelines.run.pipeline_run import PipelineRun

__all__ = ["print_failed_items"]


def print_failed_items(run: PipelineRun, *, as_json: bool) -> None:
    """Print every item that has failed for good, with the command that replays it.

    Below them stand the errors of steps that failed without one, as scripts do.
    """
    items = run.failed_items()
    failed = [step for step in run.state().steps if step.status == "Failed"]
    if as_json:
        content = {
            "schema_version": 1,
            "failed_items": [asdict(item) for item in items],
            "failed_steps": [
                {"name": step.name, "error": step.error} for step in failed
            ],
        }
        click.echo(json.dumps(content, indent=2))
        return
    for item in items:
        name = item.item or f"one of {', '.join(item.candidates)}"
        kind = item.exception_type or item.reason
        where = f" at {item.user_line}" if item.user_line else ""
        click.echo(printable(f"{name}: {kind}: {item.message}{where}"))
        click.echo(printable(f"    {item.replay}"))
    for step in failed:
        if not step.failed_items:
            click.echo(printable(step.error or f"Step {step.name!r} failed."))
    if not items:
        click.echo(f"No item of run {run.id} has failed.", err=True)
