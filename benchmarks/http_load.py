"""Load for one server: requests one after the other, each on a connection kept open."""

from __future__ import annotations

import socket
import threading
import time

__all__ = ["Connection", "ping_milliseconds", "requests_per_second"]

_ROWS = "a,b\n1,2\n3,4\n"
_BUSY = "a,b\n-1,-1\n"
_PATIENCE = 30.0


class Connection:
    """One connection, and the least work that HTTP needs."""

    def __init__(self, port: int) -> None:
        self._link = socket.create_connection(("127.0.0.1", port), _PATIENCE)
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def invoke(self, text: str) -> bytes:
        """Have some CSV processed, and return the body."""
        body = text.encode()
        head = (
            "POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: text/csv\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._link.sendall(head.encode() + body)
        return self._answer()

    def ping(self) -> bytes:
        """Ask whether the server is ready."""
        self._link.sendall(b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return self._answer()

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def _answer(self) -> bytes:
        while b"\r\n\r\n" not in self._rest:
            self._receive()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            msg = f"the server answered {head.splitlines()[0]!r}"
            raise OSError(msg)
        lines = head.lower().splitlines()
        length = next(
            int(one.partition(b":")[2])
            for one in lines
            if one.startswith(b"content-length:")
        )
        while len(self._rest) < length:
            self._receive()
        body, self._rest = self._rest[:length], self._rest[length:]
        return body

    def _receive(self) -> None:
        piece = self._link.recv(65_536)
        if not piece:
            msg = "the server has closed the connection"
            raise ConnectionError(msg)
        self._rest += piece


def requests_per_second(port: int, seconds: float, connections: int) -> float:
    """Ask on so many connections at once; return how many answers came per second."""
    counts = [0] * connections
    end = time.perf_counter() + seconds

    def ask(number: int) -> None:
        connection = Connection(port)
        while time.perf_counter() < end:
            connection.invoke(_ROWS)
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=[n]) for n in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def ping_milliseconds(port: int, count: int) -> list[float]:
    """Return how long each ``/ping`` takes while the server's model is busy."""
    busy = Connection(port)
    thread = threading.Thread(target=busy.invoke, args=[_BUSY])
    thread.start()
    time.sleep(0.3)
    connection = Connection(port)
    found = []
    for _ in range(count):
        if not thread.is_alive():
            break
        began = time.perf_counter()
        connection.ping()
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(0.01)
    connection.close()
    thread.join()
    busy.close()
    return found
