"""Requests to one server: what is tried again, what is given up, what is learned."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "TOKEN_HEADER",
    "Client",
    "PortTakenError",
    "Refused",
    "Response",
    "ServerGoneError",
    "TooLargeError",
]

TOKEN_HEADER = "X-Azml-Server-Token"  # noqa: S105 - its name
"""Other servers ignore what they do not know."""

_BUSY = frozenset({429, 502, 503, 504})
_TOO_LARGE = 413
_BACK_OFF_SECONDS = (0.1, 0.5, 2.0)
_KEPT = 2000
"""Bytes of an error's body that are worth keeping."""
_MOST_BYTES = 1 << 28
"""Of one answer."""
_PIECE = 1 << 16


class Refused(Exception):  # noqa: N818 - it is what the server did
    """The server does not answer this body, however often it is asked."""

    def __init__(self, status: int, body: bytes) -> None:
        text = " ".join(body[:_KEPT].decode("utf-8", "replace").split())
        super().__init__(f"the server answered {status}: {text or 'nothing'}")
        self.status = status


class PortTakenError(Exception):
    """Somebody else's program has the port of the server."""


class AnswerTooLargeError(Refused):
    """The answer has no end, or one that is too far away."""

    def __init__(self, status: int) -> None:
        super().__init__(status, b"more than %d bytes" % _MOST_BYTES)


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
        retries: How often a request is sent again when the server is busy, or the
            connection breaks.
        token: Sent along; a server of ours answers nobody who does not know it.
        check: Called when a connection is made; raises if it leads to somebody else.
        connect: Makes the connection within so many seconds; None for the port on this
            machine.
        sleep: Waits between tries.
    """

    def __init__(
        self,
        port: int,
        retries: int,
        *,
        token: str = "",
        check: Callable[[], None] = lambda: None,
        connect: Optional[Callable[[float], socket.socket]] = None,  # noqa: UP045
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.port = port
        self._retries = retries
        self._token = token
        self._check = check
        self._connect = connect
        self._sleep = sleep
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, seconds: float) -> tuple[int, bytes]:
        """Ask once for ``path``.

        Raises:
            ServerGoneError: There is no answer in time.
        """
        deadline = time.monotonic() + seconds
        return self._send("GET", path, None, {}, deadline)[::2]

    def invoke(
        self,
        body: bytes,
        content_type: str,
        accept: str,
        deadline: float,
        *,
        alive: Callable[[], bool] = lambda: True,
    ) -> Response:
        """Have a body processed.

        A busy server (429, 502, 503, 504) is asked again, one that lives and whose
        connection breaks too, and one that fails (500) once more; any other refusal is
        final. Redirects are refusals.

        Args:
            body: The payload.
            content_type: Sent exactly as it is: some servers compare the whole text.
            accept: Empty to say nothing.
            deadline: ``time.monotonic()`` at which to give up.
            alive: Whether the server is worth asking again.

        Raises:
            TooLargeError: 413.
            Refused: The server does not answer this body.
            ServerGoneError: It cannot be reached, or not in time.
            PortTakenError: Its port leads to somebody else.
        """
        headers = {"Content-Type": content_type}
        if accept:
            headers["Accept"] = accept
        left = self._retries
        while True:
            try:
                status, answered, content = self._send(
                    "POST", "/invocations", body, headers, deadline
                )
            except ServerGoneError:
                if left <= 0 or time.monotonic() >= deadline or not alive():
                    raise
                left = self._wait_for_next(left)
                continue
            if 200 <= status < 300:  # noqa: PLR2004 - the numbers of success
                return Response(answered, content)
            if status == _TOO_LARGE:
                raise TooLargeError
            left = min(left, 1) if status == 500 else left  # noqa: PLR2004 - its own mistake
            if left <= 0 or (status != 500 and status not in _BUSY):  # noqa: PLR2004
                raise Refused(status, content)
            left = self._wait_for_next(left)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _wait_for_next(self, left: int) -> int:
        tried = self._retries - left
        self._sleep(_BACK_OFF_SECONDS[min(max(tried, 0), 2)])
        return left - 1

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        deadline: float,
    ) -> tuple[int, str, bytes]:
        """Send one request.

        A server may close a connection that it has kept open for a while at the very
        moment it is used again: that is not its answer.
        """
        again = self._connection is not None
        while True:
            try:
                return self._exchange(method, path, body, headers, deadline)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if again and isinstance(error, (ConnectionError, BrokenPipeError)):
                    again = False
                    continue
                msg = f"the server cannot be reached: {type(error).__name__}: {error}"
                if isinstance(error, TimeoutError):
                    msg = "the server did not answer in time"
                raise ServerGoneError(msg) from error
            except BaseException:
                self.close()
                raise

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        deadline: float,
    ) -> tuple[int, str, bytes]:
        if self._token:
            headers = {**headers, TOKEN_HEADER: self._token}
        connection = self._opened(deadline)
        link = connection.sock
        # A server may have refused the body before it has read all of it.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body, headers)
        response = connection.getresponse()
        pieces, size = [], 0
        # The deadline is that of the whole answer: one that trickles is late, too.
        while piece := response.read1(_PIECE):
            link.settimeout(_left(deadline))
            size += len(piece)
            if size > _MOST_BYTES:
                raise AnswerTooLargeError(response.status)
            pieces.append(piece)
        if response.length:
            raise http.client.IncompleteRead(piece, response.length)
        response.close()
        if response.will_close:
            self.close()
        content_type = response.getheader("Content-Type", "")
        return response.status, content_type, b"".join(pieces)

    def _opened(self, deadline: float) -> http.client.HTTPConnection:
        if self._connection is None:
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=_left(deadline)
            )
            if self._connect is None:
                connection.connect()
            else:
                connection.sock = self._connect(_left(deadline))
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._check()
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        self._connection.sock.settimeout(_left(deadline))
        return self._connection


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
