"""``azml scheduler``: the process that submits what schedules say."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from azml_pipelines.run.workspace import Workspace

__all__ = ["scheduler"]


@click.command()
@click.option("--once", is_flag=True, help="Submit what is due now, and end.")
@click.option("--install", is_flag=True, help="Run as a service.")
@click.option("--uninstall", is_flag=True, help="No longer.")
def scheduler(*, once: bool, install: bool, uninstall: bool) -> None:
    """Look after the schedules of this workspace until somebody stops it.

    Prints a line for each thing that happens. Control-C and SIGTERM end it when the
    submission at hand is done; runs that have started go on. Several may run at once.

    --install makes it a service of this user's systemd for this workspace, with the
    interpreter that runs this command; --uninstall removes that.
    """
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    if once + install + uninstall > 1:
        msg = "--once, --install and --uninstall exclude each other; give one of them."
        raise click.UsageError(msg)
    workspace = Workspace.from_config()
    if install or uninstall:
        _service(workspace, remove=uninstall)
        return
    _look_after(workspace, once=once)


def _look_after(workspace: Workspace, *, once: bool) -> None:
    import signal  # noqa: PLC0415 - the same
    import threading  # noqa: PLC0415 - the same

    from azml_pipelines.printable import printable  # noqa: PLC0415 - the same
    from azml_pipelines.schedule.scheduler import Scheduler  # noqa: PLC0415 - the same

    made = Scheduler(workspace, lambda line: click.echo(printable(line)))
    if once:
        made.tick()
        return
    end = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        made.stopping = True
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    click.echo(f"Looking after the schedules of {workspace.name}.", err=True)
    made.run(end.wait)
    click.echo("Stopped; what is due is submitted by the next scheduler.", err=True)


def _service(workspace: Workspace, *, remove: bool) -> None:
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load
    from azml_pipelines.schedule.systemd_unit import (  # noqa: PLC0415 - the same
        install,
        uninstall,
        unit_name,
        unit_text,
    )

    root = workspace.folder.root
    name = unit_name(workspace.name, root)
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    folder = Path(home) / "systemd" / "user"
    if remove:
        gone = uninstall(folder, name)
        click.echo(
            f"removed {name}" if gone else printable(f"there is no {folder / name}")
        )
        return
    left = install(folder, name, unit_text(workspace.name, root, sys.executable))
    click.echo(printable(str(folder / name)))
    if left:
        click.echo(f"systemd does not answer here. Where it does: {left}", err=True)
    click.echo(
        "To let it run while you are logged out: loginctl enable-linger", err=True
    )
