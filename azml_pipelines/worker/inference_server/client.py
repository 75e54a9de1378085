"""Requests to one server: what is tried again, what is given up, what is learned."""

from __future__ import annotations

import http.client
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Client", "Refused", "Response", "ServerGoneError", "TooLargeError"]

_BUSY = frozenset({429, 502, 503, 504})
_TOO_LARGE = 413
_BACK_OFF_SECONDS = (0.1, 0.5, 2.0)
_KEPT = 2000
"""Bytes of an error's body that are worth keeping."""


class Refused(Exception):  # noqa: N818 - it is what the server did
    """The server does not answer this body, however often it is asked."""

    def __init__(self, status: int, body: bytes) -> None:
        text = " ".join(body[:_KEPT].decode("utf-8", "replace").split())
        super().__init__(f"the server answered {status}: {text or 'nothing'}")
        self.status = status


class TooLargeError(Exception):
    """The body is larger than the server takes it."""


class ServerGoneError(Exception):
    """The server cannot be reached; whether it lives, its process knows."""


@dataclass(frozen=True)
class Response:
    """What a server answered."""

    content_type: str
    body: bytes


class Client:
    """One connection, kept open between requests.

    Args:
        port: Of the server, on this machine.
        retries: How often a request is sent again when the server is busy.
        sleep: Waits between tries.
    """

    def __init__(
        self, port: int, retries: int, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.port = port
        self._retries = retries
        self._sleep = sleep
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, seconds: float) -> tuple[int, bytes]:
        """Ask once for ``path``.

        Raises:
            ServerGoneError: There is no answer in time.
        """
        return self._send("GET", path, None, {}, seconds)[::2]

    def invoke(
        self, body: bytes, content_type: str, accept: str, deadline: float
    ) -> Response:
        """Have a body processed.

        A busy server (429, 502, 503, 504) is asked again, and one that fails (500) once
        more; any other refusal is final.

        Args:
            body: The payload.
            content_type: Sent exactly as it is: some servers compare the whole text.
            accept: Empty to say nothing.
            deadline: ``time.monotonic()`` at which to give up.

        Raises:
            TooLargeError: 413.
            Refused: The server does not answer this body.
            ServerGoneError: It cannot be reached, or not in time.
        """
        headers = {"Content-Type": content_type}
        if accept:
            headers["Accept"] = accept
        left = self._retries
        while True:
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                msg = "the server did not answer in time"
                raise ServerGoneError(msg)
            status, answered, content = self._send(
                "POST", "/invocations", body, headers, seconds
            )
            if 200 <= status < 300:  # noqa: PLR2004 - the numbers of success
                return Response(answered, content)
            if status == _TOO_LARGE:
                raise TooLargeError
            left = min(left, 1) if status == 500 else left  # noqa: PLR2004 - its own mistake
            if left <= 0 or (status != 500 and status not in _BUSY):  # noqa: PLR2004
                raise Refused(status, content)
            left -= 1
            tried = self._retries - left - 1
            self._sleep(_BACK_OFF_SECONDS[min(max(tried, 0), 2)])

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        seconds: float,
    ) -> tuple[int, str, bytes]:
        try:
            connection = self._opened(seconds)
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            msg = f"the server cannot be reached: {type(error).__name__}: {error}"
            raise ServerGoneError(msg) from error
        if response.will_close:
            self.close()
        return response.status, response.getheader("Content-Type", ""), content

    def _opened(self, seconds: float) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=seconds
            )
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.sock.settimeout(seconds)
        return self._connection
