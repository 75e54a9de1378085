"""``azml trace``: from a row of an output to its item, and from an item to its rows."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from azml_pipelines.cli.exit_code import NOT_FOUND
from azml_pipelines.cli.found_run import find_run
from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.step_run import StepRun
    from azml_pipelines.store.trace import ItemRows, RowOrigin

__all__ = ["trace"]


@click.command()
@click.argument("run")
@click.argument("row", metavar="[OUTPUT:ROW]", required=False)
@click.option("--item", metavar="PATH", help="Tell which rows this file has made.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def trace(run: str, row: str | None, item: str | None, *, as_json: bool) -> None:
    """Tell which item, mini-batch, try and process of RUN made a row, or the reverse.

    OUTPUT is the name of an output, of its file or of its step. ROW counts from 0 in
    the file, behind its header. A file of --item may be named by the end of its path.
    """
    if (row is None) == (item is None):
        msg = "give either OUTPUT:ROW, like inferences:17, or --item PATH."
        raise click.UsageError(msg)
    found = find_run(run)
    if row is not None:
        output, number = _output_and_row(row)
        origin = _step_of(found, output).trace(number)
        click.echo(json.dumps(asdict(origin)) if as_json else _described(origin))
        return
    rows = [(one, made) for one in found.get_steps() for made in one.trace_item(item)]  # type: ignore[arg-type] # not None, see above
    if as_json:
        content = [{"step": step.name, **asdict(made)} for step, made in rows]
        click.echo(json.dumps({"schema_version": 1, "items": content}, indent=2))
    else:
        several = len(found.get_steps()) > 1
        for step, made in rows:
            where = f"step {step.name}: " if several else ""
            click.echo(printable(f"{where}{_became(made)}"))
    if not rows:
        click.echo(printable(f"No step of run {found.id} reads {item!r}."), err=True)
        raise click.exceptions.Exit(NOT_FOUND)


def _output_and_row(text: str) -> tuple[str, int]:
    output, colon, row = text.rpartition(":")
    if not colon or not output or not row.isdecimal():
        msg = f"{text!r} is not OUTPUT:ROW with a row from 0, like inferences:17."
        raise click.UsageError(msg)
    return output, int(row)


def _step_of(run: PipelineRun, output: str) -> StepRun:
    """Return the step that wrote an output; outputs come before files and steps."""
    steps = run.get_steps()
    names = {step.id: list(step.get_outputs()) for step in steps}
    files = {
        step.id: [Path(place.path).name for place in step.output_places()]
        for step in steps
    }
    for known in (names, files, {step.id: [step.name] for step in steps}):
        fitting = [step for step in steps if output in known[step.id]]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            several = ", ".join(step.name for step in fitting)
            msg = f"several steps have {output!r}: {several}. Name the step instead."
            raise click.UsageError(msg)
    every = ", ".join(name for one in names.values() for name in one) or "none"
    msg = f"run {run.id} has no output {output!r}; its outputs: {every}."
    raise click.UsageError(msg)


def _described(origin: RowOrigin) -> str:
    made_by = origin.item or (
        f"one of {origin.items} items: {', '.join(origin.candidates)}"
        f"{', …' if origin.items > len(origin.candidates) > 1 else ''}"
    )
    how = (
        f"mini-batch {origin.mini_batch}, try {origin.attempt}, {origin.process} on "
        f"{origin.node}, {origin.part}"
    )
    return f"row {origin.row}: {printable(made_by)}\n    {how}"


def _became(made: ItemRows) -> str:
    where = f"mini-batch {made.mini_batch}"
    if made.state == "waiting":
        return f"{made.item}: {where} has not been processed"
    tried = f"{where}, try {made.attempt}, {made.process} on {made.node}"
    if made.state == "failed":
        return f"{made.item}: failed ({made.reason}); {tried}"
    if made.first_row is None:
        return f"{made.item}: no rows; {tried}"
    last = made.first_row + made.rows - 1
    rows = f"row {last}" if made.rows == 1 else f"rows {made.first_row} to {last}"
    if not made.exact:
        rows = f"among {rows}"
    return f"{made.item}: {rows}; {tried}"
