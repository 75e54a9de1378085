"""``azml explain``: why a step ran, or why an earlier result stood in for it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from azml_pipelines.cli.found_run import find_run
from azml_pipelines.printable import printable

__all__ = ["explain"]


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def explain(run: str, step: str | None, *, as_json: bool) -> None:
    """Say why STEP of RUN ran or was reused; without STEP, of each step.

    RUN is an id, the beginning of one, or `latest`. A step that ran is compared with
    the nearest of its earlier results; the first part that differs is named first.
    """
    found = find_run(run)
    names = [step] if step else [one.step_run_id for one in found.state().steps]
    explanations = [found.explain(name) for name in names]
    if as_json:
        content = {"schema_version": 1, "steps": [asdict(one) for one in explanations]}
        click.echo(json.dumps(content, indent=2))
        return
    for explanation in explanations:
        for line in explanation.text.splitlines():
            click.echo(printable(line))
