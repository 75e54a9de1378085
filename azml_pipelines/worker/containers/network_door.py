"""Sockets that are connected inside of another process's network, from outside of it.

Whoever joins a user namespace must have one thread only, so it is a small program of
its own, which hands out connected sockets. It is run by its path and imports nothing of
ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import sys
import threading

__all__ = ["NetworkDoor", "main"]

_ASK = struct.Struct("<Hd")
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_MARGIN_SECONDS = 5.0


class NetworkDoor:
    """Connects to ports of the loopback address that a process has.

    Args:
        pid: Of the process.
    """

    def __init__(self, pid: int) -> None:
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", __file__, str(pid), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def connect(self, port: int, seconds: float) -> socket.socket:
        """Return a socket that is connected to a port.

        Raises:
            OSError: Nobody listens there, or the process has ended.
        """
        with self._lock:
            self._link.settimeout(seconds + _MARGIN_SECONDS)
            self._link.send(_ASK.pack(port, seconds))
            said, descriptors, _, _ = socket.recv_fds(self._link, 256, 1)
        if not descriptors:
            raise ConnectionRefusedError(said.decode() or "the network is gone")
        return socket.socket(fileno=descriptors[0])

    def close(self) -> None:
        """End the program."""
        self._link.close()
        self._process.kill()
        self._process.wait()


def _enter(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, flag in (("user", _CLONE_NEWUSER), ("net", _CLONE_NEWNET)):
        place = f"/proc/{pid}/ns/{kind}"
        if os.stat(place).st_ino == os.stat(f"/proc/self/ns/{kind}").st_ino:
            continue
        with open(place, "rb") as namespace:
            if libc.setns(namespace.fileno(), flag):
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code))


def main() -> None:
    """Enter the network of a process, and hand out sockets until nobody asks."""
    link = socket.socket(fileno=int(sys.argv[2]))
    problem = ""
    try:
        _enter(int(sys.argv[1]))
    except OSError as error:
        problem = f"the network cannot be entered: {error}"
    with contextlib.suppress(OSError):
        while asked := link.recv(_ASK.size):
            port, seconds = _ASK.unpack(asked)
            if problem:
                link.send(problem.encode()[:200])
                continue
            try:
                with socket.create_connection(("127.0.0.1", port), seconds) as made:
                    socket.send_fds(link, [b"+"], [made.fileno()])
            except OSError as error:
                link.send(str(error).encode()[:200])


if __name__ == "__main__":
    main()
