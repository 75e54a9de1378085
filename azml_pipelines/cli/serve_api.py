"""``azml serve-api``: published pipelines and runs of the workspace over HTTP."""

from __future__ import annotations

import click

__all__ = ["serve_api"]


@click.command()
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(1, 65535),
    help="By default the one that the endpoints of this workspace name.",
)
@click.option("--new-token", is_flag=True, help="Make another token first.")
def serve_api(*, port: int | None, new_token: bool) -> None:
    """Take requests for runs of published pipelines, on this machine only.

    Prints its address. Requests need the header `Authorization: Bearer TOKEN`; the
    token is in the file .azml/api.token of the workspace.
    """
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load
    from azml_pipelines.store.api_access import new_api_token  # noqa: PLC0415 - as above
    from azml_pipelines.web.server import serve_api as serve_until_stopped  # noqa: PLC0415 - as above

    workspace = Workspace.from_config()
    workspace.prepare_storage()
    if new_token:
        new_api_token(workspace.folder)

    def announce(address: str) -> None:
        click.echo(address)
        click.echo(
            f"Serving workspace {workspace.name}. The token is in "
            f"{workspace.folder.api_token}; Ctrl-C ends it.",
            err=True,
        )

    serve_until_stopped(workspace, port=port, on_listening=announce)
