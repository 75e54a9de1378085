"""One server: binds, serves until it is asked to stop, finishes what it has in hand."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from azml_pipelines.errors import UserErrorException
from azml_pipelines.serving.application import Admission, Desk, make_application
from azml_pipelines.serving.model_pool import ModelPool

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from azml_pipelines.serving.model_pool import ModelPlan

__all__ = ["ServerPlan", "serve"]

_FINISH_SECONDS = 30.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class ServerPlan:
    """Where a server listens."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes any free one."""
    admission: Admission = field(default_factory=Admission)


def serve(
    model: ModelPlan, plan: ServerPlan, *, on_listening: Callable[[int], None]
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in hand, 30 s at most.

    Args:
        model: What is served.
        plan: Where.
        on_listening: Called with the port once requests are taken. ``/ping`` says
            when the model is loaded.

    Raises:
        UserErrorException: The address cannot be used, for example because another
            server has the port.
        InitFailedError: ``init()`` keeps failing.
    """
    try:
        sockets = bind_sockets(plan.port, plan.host)
    except OSError as error:
        msg = (
            f"{plan.host}:{plan.port} cannot be listened on: {error.strerror}. Give "
            "another port, or 0 for any free one."
        )
        raise UserErrorException(msg) from error
    pool = ModelPool(model)
    desk = Desk(pool, model.processes, plan.admission)
    try:
        asyncio.run(_serve(desk, sockets, on_listening))
    finally:
        pool.close()
    if pool.error is not None:
        raise pool.error


async def _serve(
    desk: Desk, sockets: list[socket], on_listening: Callable[[int], None]
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = HTTPServer(make_application(desk))
    server.add_sockets(sockets)
    desk.pool.start()
    on_listening(sockets[0].getsockname()[1])
    while not stop.is_set() and desk.pool.error is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
    server.stop()
    desk.closing = True
    deadline = time.monotonic() + _FINISH_SECONDS
    while not desk.idle and time.monotonic() < deadline:  # noqa: ASYNC110 - see the deadline
        await asyncio.sleep(_LOOK_SECONDS)
    await server.close_all_connections()
