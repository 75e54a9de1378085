"""One REST server: binds to this machine, and serves until it is asked to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.api_access import (
    HOST,
    api_address,
    api_token,
    remember_port,
)
from azml_pipelines.web.application import BODY_BYTES, make_application
from azml_pipelines.web.guard import Guard
from azml_pipelines.web.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from azml_pipelines.run.workspace import Workspace

__all__ = ["serve_api"]

_IDLE_SECONDS = 60.0


def serve_api(
    workspace: Workspace, *, port: int | None, on_listening: Callable[[str], None]
) -> None:
    """Serve the workspace on loopback until SIGTERM or SIGINT.

    Args:
        workspace: Whose pipelines and runs.
        port: None takes the one that the endpoints of the workspace name.
        on_listening: Called with the address once requests are taken.

    Raises:
        UserErrorException: The port cannot be used.
    """
    workspace.prepare_storage()
    wanted = port or int(api_address(workspace.folder).rpartition(":")[2])
    try:
        sockets = bind_sockets(wanted, HOST)
    except OSError as error:
        msg = (
            f"{HOST}:{wanted} cannot be listened on: {error.strerror}. End what uses "
            "the port, or give another one with --port."
        )
        raise UserErrorException(msg) from error
    remember_port(workspace.folder, wanted)
    guard = Guard(wanted, api_token(workspace.folder))
    asyncio.run(_serve(Service(workspace), guard, sockets, on_listening))


async def _serve(
    service: Service,
    guard: Guard,
    sockets: list[socket],
    on_listening: Callable[[str], None],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = HTTPServer(
        make_application(service, guard),
        max_body_size=BODY_BYTES,
        max_buffer_size=2 * BODY_BYTES,
        idle_connection_timeout=_IDLE_SECONDS,
        body_timeout=_IDLE_SECONDS,
    )
    server.add_sockets(sockets)
    on_listening(f"http://{HOST}:{guard.port}")
    await stop.wait()
    server.stop()
    await server.close_all_connections()
