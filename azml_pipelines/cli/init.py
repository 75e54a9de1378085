"""``azml init``: make a workspace in a folder."""

from __future__ import annotations

import re
from pathlib import Path

import click

__all__ = ["init"]

_NEXT = """\
Next:
  from azml_pipelines import Workspace    in a script below this folder, then
  workspace = Workspace.from_config()     declare a pipeline with it
  azml submit FILE.py                     run the pipeline of that script
  azml runs                               see what became of it"""


@click.command()
@click.argument(
    "folder",
    metavar="[DIR]",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
)
@click.option("-n", "--name", help="Name of the workspace; by default the folder's.")
def init(folder: Path, name: str | None) -> None:
    """Make a workspace in DIR, the current directory by default.

    A workspace is a file `config.json` and, beside it, the folder `.azml` with
    everything that is registered or has run. Doing it again changes nothing.
    """
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    folder = folder.absolute()
    config = folder / "config.json"
    if config.exists():
        workspace = Workspace.from_config(config)
        workspace.prepare_storage()
        said = f"Workspace {workspace.name} is there already; nothing was changed."
    else:
        folder.mkdir(parents=True, exist_ok=True)
        workspace = Workspace.create(
            name or _allowed(folder.name), path=folder, show_output=False
        )
        said = f"Made workspace {workspace.name}."
    click.echo(printable(str(folder)))
    click.echo(f"{said}\n{_NEXT}", err=True)


def _allowed(name: str) -> str:
    """Return a workspace name close to that of a folder."""
    allowed = re.sub(r"[^a-zA-Z0-9_-]+", "-", name).strip("-_")[:33]
    return allowed if len(allowed) >= 3 else "workspace"  # noqa: PLR2004 - as version 1
