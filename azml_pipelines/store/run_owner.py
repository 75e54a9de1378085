"""Which process drives a run, and whether it still lives."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Owner"]

_PROC = Path("/proc")
_STATE, _START = 0, 19
"""Places in ``/proc/PID/stat`` behind the name of the command."""
_ENDED = frozenset({"Z", "X", "x"})


@dataclass(frozen=True)
class Owner:
    """The process that drives a run; its start tells it from a later namesake."""

    host: str
    pid: int
    process_started: str
    """Which boot of the machine, and how long after it: no clock can be set wrong."""

    @classmethod
    def of_process(cls, pid: int) -> Owner | None:
        """Describe a process of this machine; None when there is none."""
        if (_PROC / "self" / "stat").exists():
            started = _started_after_boot(pid)
        else:
            started = _started_by_the_clock(pid)
        return None if started is None else cls(socket.gethostname(), pid, started)

    @property
    def alive(self) -> bool:
        """Whether the process runs. Processes of other machines are believed to."""
        return self.host != socket.gethostname() or self == Owner.of_process(self.pid)

    @property
    def since(self) -> float | None:
        """When it started, by the clock of today; None when nobody here can tell."""
        import psutil  # noqa: PLC0415 - readers that never ask do not pay for it

        if self.host != socket.gethostname():
            return None
        try:
            return psutil.Process(self.pid).create_time()
        except psutil.NoSuchProcess:
            return None


def _started_after_boot(pid: int) -> str | None:
    """Return the boot and the ticks after it; None for a process that has ended."""
    try:
        line = (_PROC / str(pid) / "stat").read_bytes()
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name of the command stands in brackets and may hold anything, also brackets.
    fields = os.fsdecode(line.rpartition(b")")[2]).split()
    if fields[_STATE] in _ENDED:
        return None
    return f"{boot.strip()}:{fields[_START]}"


def _started_by_the_clock(pid: int) -> str | None:
    import psutil  # noqa: PLC0415 - Linux does without it

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{process.create_time():.1f}"
    except psutil.NoSuchProcess:
        return None
