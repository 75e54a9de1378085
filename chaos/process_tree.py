"""Which processes belong to a test, read from /proc; and how to end them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = [
    "children",
    "command_line",
    "described",
    "fork_servers",
    "is_frozen",
    "is_running",
    "kill",
    "listening_sockets",
    "orchestrators",
    "processes_below",
    "resident_bytes",
    "wait_gone",
    "workers",
]

_PROC = Path("/proc")
_LISTEN = "0A"


def _read(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def is_running(pid: int) -> bool:
    """Whether a process lives; one that only waits to be reaped does not."""
    status = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(status) and status[0] not in {b"Z", b"X"}


def is_frozen(pid: int) -> bool:
    """Whether a process was stopped by a signal and waits for SIGCONT."""
    status = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(status) and status[0] == b"T"


def processes_below(folder: Path) -> list[int]:
    """Return every living process whose command, folder or variables name ``folder``."""
    mark = os.fsencode(folder)
    found = []
    for entry in os.listdir(_PROC):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        pid = int(entry)
        try:
            here = os.fsencode(os.readlink(_PROC / entry / "cwd"))
        except OSError:
            here = b""
        facts = (_read(pid, "cmdline"), here, _read(pid, "environ"))
        if any(mark in fact for fact in facts) and is_running(pid):
            found.append(pid)
    return found


def command_line(pid: int) -> bytes:
    """Return the arguments of a process, each with a NUL at its end."""
    return _read(pid, "cmdline")


def described(pid: int) -> str:
    """Name a process for a report: what it is, whose child, and what it waits for."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    if not fields:
        return f"{pid} (gone since)"
    words = command_line(pid).replace(b"\0", b" ").decode(errors="replace").strip()
    state, parent = fields[0].decode(), int(fields[1])
    waits = _read(pid, "wchan").decode() or "nothing"
    return f"{pid} ({state}, child of {parent}, in {waits}): {words[-160:]}"


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 when it is gone."""
    fields = _read(pid, "statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def orchestrators(folder: Path, besides: Container[str] = ()) -> list[int]:
    """Return the orchestrators of all runs below ``folder``.

    A process that starts another one is there twice for a moment: its child has its
    command line until it becomes something else. Such a child is not counted.

    Args:
        folder: A part of their command line.
        besides: Process ids, as text, of what is no orchestrator; asked often, this
            is cheaper with them.
    """
    mark = os.fsencode(folder)
    parents = {}
    for entry in filter(str.isdigit, os.listdir(_PROC)):
        if entry in besides:
            continue
        command = _read(int(entry), "cmdline")
        if b"azml_pipelines.engine.orchestrator" in command and mark in command:
            fields = _read(int(entry), "stat").rpartition(b")")[2].split()
            if fields and fields[0] not in {b"Z", b"X"}:
                parents[int(entry)] = int(fields[1])
    return [pid for pid, parent in parents.items() if parent not in parents]


def children(pid: int) -> list[int]:
    """Return the living children of a process."""
    found: list[int] = []
    for listing in (_PROC / str(pid) / "task").glob("*/children"):
        with contextlib.suppress(OSError, ValueError):
            found += [int(child) for child in listing.read_text().split()]
    return [child for child in found if is_running(child)]


def fork_servers(orchestrator: int) -> list[int]:
    """Return the fork servers of an orchestrator."""
    return [
        child
        for child in children(orchestrator)
        if b"azml_pipelines.worker" in _read(child, "cmdline")
    ]


def workers(orchestrator: int) -> list[int]:
    """Return the worker processes of an orchestrator, those that just start included."""
    return [pid for server in fork_servers(orchestrator) for pid in children(server)]


def kill(pid: int, number: int = signal.SIGKILL) -> bool:
    """Send a signal; False when the process was gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_gone(folder: Path, seconds: float) -> tuple[list[int], float]:
    """Wait until no process of ``folder`` is left; return who is, and the time it took."""
    started = time.monotonic()
    while (left := processes_below(folder)) and time.monotonic() - started < seconds:
        time.sleep(0.02)
    return left, time.monotonic() - started


def listening_sockets(pids: list[int]) -> list[str]:
    """Return ``address:port`` in hexadecimal of every listening TCP socket of ``pids``."""
    inodes = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for entry in (_PROC / str(pid) / "fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.add(os.readlink(entry))
    found = []
    for table in ("tcp", "tcp6"):
        for line in _read(os.getpid(), f"net/{table}").decode().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and f"socket:[{fields[9]}]" in inodes:
                found.append(fields[1])
    return found
