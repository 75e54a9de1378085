"""Whose programs run on this machine, and listen on its ports."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "free_port",
    "listening_sockets",
    "processes_below",
    "processes_marked",
    "sockets_of",
]

_LISTENING = "0A"


def free_port() -> int:
    """Return a port of the loopback address that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listening_sockets(port: int) -> Optional[set[str]]:  # noqa: UP045
    """Return the inodes of the sockets that listen on a port of this machine.

    Returns:
        None where the system has no table of its sockets.
    """
    found = set()
    tables = 0
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), open(table) as lines:
            tables += 1
            for line in list(lines)[1:]:
                fields = line.split()
                own = fields[1].rpartition(":")[2]
                if fields[3] == _LISTENING and int(own, 16) == port:
                    found.add(fields[9])
    return found if tables else None


def processes_below(root: int) -> set[int]:
    """Return a process and its descendants, without those that have lost a parent."""
    parents = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
            parents[int(name)] = int(fields[1])
    found = set()
    for process in parents:
        above = process
        while above not in (root, 0, 1):
            above = parents.get(above, 0)
        if above == root:
            found.add(process)
    return found


def sockets_of(processes: Iterable[int]) -> set[str]:
    """Return the inodes of the sockets that processes hold."""
    found = set()
    for process in processes:
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                target = os.readlink(f"/proc/{process}/fd/{descriptor}")
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found


def processes_marked(mark: bytes) -> list[int]:
    """Return the living processes that have ``NAME=VALUE`` in their environment."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
            if mark in file.read().split(b"\0"):
                found.append(int(name))
    return found
