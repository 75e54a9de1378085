"""``azml verify``: check that what is stored of a run is whole and adds up."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from azml_pipelines.cli.exit_code import RUN_FAILED
from azml_pipelines.cli.found_run import find_run

__all__ = ["verify"]


@click.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def verify(run: str, *, as_json: bool) -> None:
    """Check what is stored of RUN: its id, the beginning of it, or `latest`.

    Plan, list, part files, output, counters and processes are looked at; nothing is
    written. One line each begins with `ok` or `damaged`; the exit code is 1 if
    something is damaged.
    """
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load

    findings = find_run(run).verify()
    whole = all(finding.ok for finding in findings)
    if as_json:
        found = [asdict(finding) for finding in findings]
        click.echo(json.dumps({"schema_version": 1, "ok": whole, "findings": found}))
    else:
        for finding in findings:
            word = "ok" if finding.ok else "damaged"
            where = f"step {finding.step}: " if finding.step else ""
            line = f"{word:<8} {finding.invariant:<4} {where}{finding.text}"
            click.echo(printable(line))
    if not whole:
        raise click.exceptions.Exit(RUN_FAILED)
