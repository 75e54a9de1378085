"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["describe_machine"]

_PACKAGES = (
    "distributed",
    "ray",
    "joblib",
    "pandas",
    "numpy",
    "scikit-learn",
    "pyarrow",
    "pillow",
)
_GIGA = 1 << 30


def describe_machine() -> str:
    """Return cores, memory, system and versions, on one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIGA
    versions = [f"{name} {found}" for name in _PACKAGES if (found := _version(name))]
    return (
        f"{os.cpu_count()} cores ({_processor()}), "
        f"{memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {', '.join(versions)}"
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
