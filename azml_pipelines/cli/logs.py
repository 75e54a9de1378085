"""``azml logs``: what a run has written, the user's own errors first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from azml_pipelines.cli.exit_code import NOT_FOUND
from azml_pipelines.cli.found_run import closest, find_run
from azml_pipelines.printable import printable
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.step_run import StepRun

__all__ = ["logs"]

# Who looks for a reason finds it near the top.
_MOST_TELLING_FIRST = (
    "user/error.txt",
    "user/error",
    "user/stderr",
    "user/stdout",
    "user/entry_script_log",
    "job_result.txt",
    "job_error",
    "job_progress_overview",
    "user",
    "sys",
    "",
)
_BLOCK = 1 << 16


@click.command()
@click.argument("run")
@click.argument("step", required=False)
def logs(run: str, step: str | None) -> None:
    """List the log files of RUN, or print those that the script of STEP wrote.

    RUN is an id, the beginning of it, or `latest`. Errors of the script come first.
    """
    found = find_run(run)
    if step is None:
        for line in _listing(found):
            click.echo(line)
        return
    for file, name in _ordered(_logs_of(found, _step(found, step))):
        if name.startswith("user/"):
            _print(file, name)


def _listing(run: PipelineRun) -> Iterator[str]:
    for step in run.get_steps():
        folder = _logs_of(run, step)
        name = printable(step.name)
        yield f"step {name}: {step.get_status()}, logs in {printable(str(folder))}"
        for file, name in _ordered(folder):
            yield f"{file.stat().st_size:>14,} bytes  {printable(name)}"
    yield f"orchestrator: log in {printable(str(run.folder.log))}"


def _logs_of(run: PipelineRun, step: StepRun) -> Path:
    return run.folder.step(step.id).logs


def _step(run: PipelineRun, name: str) -> StepRun:
    steps = run.get_steps()
    for step in steps:
        if name in {step.name, step.id}:
            return step
    near = ", ".join(closest(name, [step.name for step in steps]))
    click.echo(
        f"Error: Run {run.id} has no step {shown(name)}; closest: {near}.", err=True
    )
    raise click.exceptions.Exit(NOT_FOUND)


def _ordered(folder: Path) -> list[tuple[Path, str]]:
    """Return the files that are not empty, with their names in the folder."""
    files = [
        (file, file.relative_to(folder).as_posix())
        for file in folder.rglob("*")
        if file.is_file() and file.stat().st_size
    ]
    return sorted(files, key=lambda pair: (_rank(pair[1]), pair[1]))


def _rank(name: str) -> int:
    return next(
        i for i, start in enumerate(_MOST_TELLING_FIRST) if name.startswith(start)
    )


def _print(file: Path, name: str) -> None:
    """Print a file below its name, the way `tail` does.

    A terminal gets control characters as escapes; whoever reads from a pipe gets the
    bytes as they are.
    """
    click.echo(f"==> {printable(name)} <==")
    if sys.stdout.isatty():
        for line in _safe_lines(file):
            click.echo(line)
        click.echo("")
        return
    last = b""
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            click.echo(block, nl=False)
            last = block
    click.echo("" if last.endswith(b"\n") else "\n")


def _safe_lines(file: Path) -> Iterator[str]:
    with file.open("rb") as stream:
        while line := stream.readline(_BLOCK):
            text = line.decode("utf-8", "backslashreplace").removesuffix("\n")
            yield printable(text).replace("\\t", "    ")
