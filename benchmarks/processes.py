"""Processes that a round has started: found by its folder, and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

__all__ = ["end_processes", "peak_bytes"]

_PROC = Path("/proc")


def end_processes(folder: Path) -> int:
    """Kill every process that names a folder in its command or variables.

    Returns:
        How many there were.
    """
    mark = os.fsencode(folder)
    killed: set[int] = set()
    for _ in range(20):
        found = [pid for pid in _others() if mark in _facts(pid)]
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            break
        killed.update(found)
        time.sleep(0.05)
    return len(killed)


def _others() -> list[int]:
    pids = [int(name) for name in os.listdir(_PROC) if name.isdigit()]
    return [pid for pid in pids if pid != os.getpid()]


def _facts(pid: int) -> bytes:
    try:
        place = _PROC / str(pid)
        return (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
    except OSError:
        return b""


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process has had resident; 0 when it is gone."""
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
