"""What this machine lets its processes use: cores and memory, in containers too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["available_bytes", "usable_cores"]

_KILOBYTE = 1024


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many processes can compute at the same time, at least 1.

    That is what this process may run on, and no more than its control groups' share,
    where a part of a core counts as one.

    Args:
        root: Where ``proc`` and ``sys`` are looked for.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        cores = os.cpu_count() or 1
    for folder in _group_folders("cpu", root):
        quota, period = _numbers(folder / "cpu.max", 2) or (
            _number(folder / "cpu.cfs_quota_us"),
            _number(folder / "cpu.cfs_period_us"),
        )
        if quota and period and quota > 0:
            cores = min(cores, -(-quota // period))
    return max(cores, 1)


def available_bytes(root: Path = Path("/")) -> int | None:
    """Return how much memory further processes can use; None where nobody can tell.

    Args:
        root: Where ``proc`` and ``sys`` are looked for.
    """
    available = _machine_bytes(root)
    for folder in _group_folders("memory", root):
        limit = _number(folder / "memory.max") or _number(
            folder / "memory.limit_in_bytes"
        )
        used = _number(folder / "memory.current") or _number(
            folder / "memory.usage_in_bytes"
        )
        if limit is None or used is None:
            continue
        # What was read from files stays in memory only as long as nobody needs it.
        kept = _entry(folder / "memory.stat", "total_inactive_file")
        kept = kept or _entry(folder / "memory.stat", "inactive_file") or 0
        rest = max(limit - used + min(kept, used), 0)
        available = rest if available is None else min(available, rest)
    return available


def _machine_bytes(root: Path) -> int | None:
    kilobytes = _entry(root / "proc" / "meminfo", "MemAvailable:")
    return None if kilobytes is None else kilobytes * _KILOBYTE


def _group_folders(controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders of the control groups that this process is in.

    Inside of a container the paths that the kernel names may not be there; the mount
    itself then is the container's group.
    """
    mount = root / "sys" / "fs" / "cgroup"
    for line in _lines(root / "proc" / "self" / "cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            top = mount
        elif controller in controllers.split(","):
            top = mount / controller
        else:
            continue
        folder = top / path.strip().lstrip("/")
        while folder != top and top in folder.parents:
            yield folder
            folder = folder.parent
        yield top


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []


def _numbers(path: Path, count: int) -> list[int] | None:
    """Return whole numbers of a file of one line; None when one is no number."""
    words = " ".join(_lines(path)).split()
    if len(words) != count or not all(word.lstrip("-").isdecimal() for word in words):
        return None
    return [int(word) for word in words]


def _number(path: Path) -> int | None:
    numbers = _numbers(path, 1)
    return None if numbers is None else numbers[0]


def _entry(path: Path, name: str) -> int | None:
    """Return the number behind a name in a file of names and numbers."""
    for line in _lines(path):
        words = line.split()
        if len(words) > 1 and words[0] == name and words[1].isdecimal():
            return int(words[1])
    return None
