"""What processes of this machine use of its memory, as Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["group_bytes", "in_megabytes", "kernel_memory_kills", "resident_bytes"]

_MEGABYTE = 1024 * 1024
"""As in ``memory_limit="100MB"``."""
_SESSION = 3
"""Place in ``/proc/PID/stat`` behind the name of the command."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


def in_megabytes(size: int) -> str:
    """Return a number of bytes as limits are written: of ``"300MB"``, ``300 MB``."""
    return f"{size / _MEGABYTE:.0f} MB"


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 when it is gone or cannot be seen."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_bytes().split()
    except OSError:
        return 0
    return int(fields[1]) * _PAGE


def group_bytes(leader: int) -> int:
    """Return the memory of a process that leads a session, and of all others in it.

    What processes share is divided among them, as far as the kernel tells.
    """
    own = os.fsencode(str(leader))
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[_SESSION] == own:
            total += _proportional_bytes(folder) or resident_bytes(int(folder.name))
    return total


def _proportional_bytes(folder: Path) -> int:
    try:
        lines = (folder / "smaps_rollup").read_bytes().splitlines()
    except OSError:
        return 0
    for line in lines:
        words = line.split()
        if words[0] == b"Pss:":
            return int(words[1]) * 1024
    return 0


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
