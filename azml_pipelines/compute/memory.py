"""What processes of this machine use of its memory, as Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["kernel_memory_kills", "resident_bytes"]

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 when it is gone or cannot be seen."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_bytes().split()
    except OSError:
        return 0
    return int(fields[1]) * _PAGE


def kernel_memory_kills() -> int:
    """Return how many processes the kernel has killed for want of memory since boot."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return 0
