"""A proxy on loopback that delays, refuses, cuts and loses what an HTTP server says.

It speaks one request per connection and knows nothing of S3 or Azure, except how a
busy S3 says so: clients must be able to read the refusal to try again.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["FaultProxy", "Faults"]

_HEAD_LIMIT = 1 << 16
_BLOCK = 1 << 16
_AT_ONCE = struct.pack("ii", 1, 0)
"""Close with a reset, which also takes back what has not arrived yet."""
_SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)
_EXPIRED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ExpiredToken</Code>'
    b"<Message>The provided token has expired.</Message></Error>"
)
_FORBIDDEN = 403
_STATUS_LINES = {
    403: b"HTTP/1.1 403 Forbidden",
    429: b"HTTP/1.1 429 Too Many Requests",
    500: b"HTTP/1.1 500 Internal Server Error",
    503: b"HTTP/1.1 503 Slow Down",
}


@dataclass(frozen=True)
class Faults:
    """How often what goes wrong; shares are from 0 to 1 and are drawn one by one."""

    delay: float = 0.0
    """Seconds before each answer."""
    refused: float = 0.0
    """Answered with one of ``statuses`` instead of being passed on."""
    statuses: tuple[int, ...] = (503, 500, 429)
    cut: float = 0.0
    """Of the answers with a body: the connection ends in the middle of it."""
    reset: float = 0.0
    """Of the answers with a body: the connection is reset in the middle of it."""
    stalled: float = 0.0
    """Of the answers with a body: nothing comes for ``stall`` seconds."""
    stall: float = 30.0
    lost: float = 0.0
    """Of the requests that change something: done by the server, never answered."""
    flipped: float = 0.0
    """Of the answers with a body: one byte of it is another one."""
    down: bool = False
    """Nobody is answered at all."""
    seed: int = 7
    methods: frozenset[str] = field(
        default_factory=lambda: frozenset({"GET", "PUT", "POST", "HEAD", "DELETE"})
    )
    """Requests that faults happen to; the delay is for all."""


class FaultProxy:
    """Runs while its block lasts; ``address`` stands in for the server's.

    Args:
        target: ``http://127.0.0.1:PORT`` of the server, with a path or without.
        faults: What goes wrong; may be replaced while it runs.
    """

    def __init__(self, target: str, faults: Faults | None = None) -> None:
        parts = urlsplit(target)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._path = parts.path
        self._faults = faults or Faults()
        self._random = random.Random(self._faults.seed)  # noqa: S311 - repeatable
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.requests = 0
        """Requests that have come in."""
        self.spoiled = 0
        """Those to which something happened."""
        self.stalls = 0
        """Answers that stopped in their middle."""
        self.stalls_sat_out = 0
        """Those of them whose client was still there when the stall was over."""

    @property
    def address(self) -> str:
        """What clients are given."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}{self._path}"

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults

    def __enter__(self) -> FaultProxy:  # noqa: PYI034 - read as a statement
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing alone does not wake a thread that waits in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _draw(self, share: float) -> bool:
        with self._lock:
            return share > 0 and self._random.random() < share

    def _serve(self, client: socket.socket) -> None:
        # A client that has gone is its own business.
        with client, suppress(OSError):
            client.settimeout(120)
            head, rest = _read_head(client)
            if not head or self._faults.down:
                return
            with self._lock:
                self.requests += 1
            self._answer(client, head, rest)

    def _answer(self, client: socket.socket, head: bytes, rest: bytes) -> None:
        faults = self._faults
        method = head.split(b" ", 1)[0].decode("ascii", "replace")
        spoilable = method in faults.methods
        time.sleep(faults.delay)
        if spoilable and self._draw(faults.refused):
            self._spoil()
            _drain(client, head, rest)
            client.sendall(_refusal(self._choose(faults.statuses), method))
            return
        with socket.create_connection(self._server, timeout=120) as server:
            server.sendall(_one_request(head))
            if b"100-continue" in head.lower():
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            _pass_body(client, server, head, rest)
            answer, body = _read_head(server)
            while answer.startswith(b"HTTP/1.1 100"):
                answer, body = _read_head(server, body)
            if method in {"PUT", "POST", "DELETE"} and self._draw(faults.lost):
                self._spoil()
                return
            self._pass_answer(client, server, method, answer, body)

    def _pass_answer(
        self,
        client: socket.socket,
        server: socket.socket,
        method: str,
        answer: bytes,
        body: bytes,
    ) -> None:
        faults = self._faults
        client.sendall(_closing(answer))
        length = _length(answer)
        fault = ""
        if method == "GET" and length and method in faults.methods:
            for name in ("cut", "reset", "stalled", "flipped"):
                if not fault and self._draw(getattr(faults, name)):
                    fault = name
                    self._spoil()
        place = self._choose(range(length or 1)) if fault else -1
        sent = 0
        while body or (body := server.recv(_BLOCK)):
            if fault and sent <= place < sent + len(body):
                at = place - sent
                if fault == "flipped":
                    body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
                else:
                    client.sendall(body[:at])
                    if fault == "stalled":
                        self._stall(client, faults.stall)
                    if fault == "reset":
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                    return
            client.sendall(body)
            sent += len(body)
            body = b""
            if length is not None and sent >= length:
                return

    def _stall(self, client: socket.socket, seconds: float) -> None:
        """Send nothing; a client that hangs up meanwhile has noticed."""
        client.settimeout(seconds)
        try:
            client.recv(1)
            waited = False
        except TimeoutError:
            waited = True
        except OSError:
            waited = False
        with self._lock:
            self.stalls += 1
            self.stalls_sat_out += waited

    def _spoil(self) -> None:
        with self._lock:
            self.spoiled += 1

    def _choose(self, values: tuple[int, ...] | range) -> int:
        with self._lock:
            return self._random.choice(values)


def _read_head(link: socket.socket, data: bytes = b"") -> tuple[bytes, bytes]:
    """Return a head with its empty line, and what of the body has come along."""
    while b"\r\n\r\n" not in data and len(data) < _HEAD_LIMIT:
        more = link.recv(_BLOCK)
        if not more:
            return b"", b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None


def _length(head: bytes) -> int | None:
    value = _header(head, b"content-length")
    return None if value is None else int(value)


def _closing(head: bytes) -> bytes:
    """Return a head that says that its connection ends with it."""
    lines = [
        line
        for line in head.rstrip(b"\r\n").split(b"\r\n")
        if not line.lower().startswith((b"connection:", b"keep-alive:"))
    ]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n"


def _one_request(head: bytes) -> bytes:
    lines = [
        line
        for line in _closing(head).rstrip(b"\r\n").split(b"\r\n")
        if not line.lower().startswith(b"expect:")
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _pass_body(
    client: socket.socket, server: socket.socket, head: bytes, rest: bytes
) -> None:
    """Send a request's body on, by its length or until its last chunk."""
    length = _length(head)
    if length is None and _header(head, b"transfer-encoding") is None:
        return
    server.sendall(rest)
    sent, end = len(rest), rest[-5:]
    while (sent < length) if length is not None else (end != b"0\r\n\r\n"):
        block = client.recv(_BLOCK)
        if not block:
            return
        server.sendall(block)
        sent += len(block)
        end = (end + block)[-5:]


def _drain(client: socket.socket, head: bytes, rest: bytes) -> None:
    """Read a request's body and forget it."""
    if b"100-continue" in head.lower():
        return
    left = (_length(head) or 0) - len(rest)
    while left > 0:
        block = client.recv(_BLOCK)
        if not block:
            return
        left -= len(block)


def _refusal(status: int, method: str) -> bytes:
    said = _EXPIRED if status == _FORBIDDEN else _SLOW_DOWN
    body = b"" if method == "HEAD" else said
    lines = [
        _STATUS_LINES[status],
        b"Content-Type: application/xml",
        b"Content-Length: %d" % len(body),
        b"Retry-After: 0",
        b"x-ms-error-code: "
        + (b"AuthenticationFailed" if status == _FORBIDDEN else b"ServerBusy"),
        b"Connection: close",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
