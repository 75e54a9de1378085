"""The workloads by their short names."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.figure import Figure, not_reached
from benchmarks.rounds import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.settings import Settings

__all__ = ["WORKLOADS", "measure", "titles"]

WORKLOADS = {
    "W1": "w1_no_op",
    "W2": "w2_images",
    "W3": "w3_table",
    "W4": "w4_skew",
    "W5": "w5_start",
    "W6": "w6_memory",
    "W7": "w7_resume",
    "W8": "w8_scale",
    "W9": "w9_server",
    "G": "g_guarantees",
}
"""A module each, with a ``TITLE`` and a function ``measure``."""


def titles() -> dict[str, str]:
    """Return the title of each workload that is there."""
    found = {}
    for name, module in WORKLOADS.items():
        try:
            found[name] = import_module(f"benchmarks.{module}").TITLE
        except ImportError:
            found[name] = "which is not there"
    return found


def measure(name: str, settings: Settings, command: str) -> Sequence[Figure]:
    """Measure one workload; what keeps it from being measured is its figure then."""
    moment = f"{time.strftime('%Y-%m-%d %H:%M')}, load before {os.getloadavg()[0]:.1f}"
    try:
        module = import_module(f"benchmarks.{WORKLOADS[name]}")
        figures = module.measure(settings)
    except ImportError as error:
        say(f"{name}: {error}")
        why = str(error)
        figures = [not_reached(f"{name}.figures", "all of it", "", why, at_most=0)]
    return [replace(one, command=command, moment=moment) for one in figures]
