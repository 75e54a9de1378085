"""``azml exec``: run a script that was written with version 1's import names."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["exec"]


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--replace-sdk",
    is_flag=True,
    help="Take our objects even where Azure's own SDK is installed.",
)
def exec(file: Path, arguments: tuple[str, ...], *, replace_sdk: bool) -> None:  # noqa: A001 - the command's name
    """Run the Python script FILE as it stands: `import azureml…` finds our objects.

    Everything behind FILE is handed to it. The exit code is the script's, and 2 when it
    raises.
    """
    from azml_pipelines.cli.script import exec_script  # noqa: PLC0415 - slow to load
    from azml_pipelines.compat.importer import install  # noqa: PLC0415 - changes imports

    install(replace=replace_sdk)
    debug = click.get_current_context().find_root().params["debug"]
    exec_script(file, arguments, debug=debug)
