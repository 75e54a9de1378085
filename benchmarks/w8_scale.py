"""W8, simulated scale: a thousand nodes with sixteen processes each, a virtual clock.

``w8_simulated.py`` does it, in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import Figure, not_reached, single
from benchmarks.rounds import say

if TYPE_CHECKING:
    from benchmarks.settings import Settings

__all__ = ["TITLE", "measure"]

TITLE = "simulated scale: 1,000 nodes with 16 processes, mini-batches of one second"
_SCRIPT = Path(__file__).with_name("w8_simulated.py")
_DEADLINE = 900.0
_HUNDRED = 100


def measure(settings: Settings) -> list[Figure]:
    """Simulate once: no clock of this machine is in most of these figures."""
    count, nodes = settings.size(10_000_000, 2_000), settings.size(1_000, 4)
    say(f"W8: {count} mini-batches on {nodes} nodes")
    size = ["--mini-batches", str(count), "--nodes", str(nodes)]
    command = [sys.executable, str(_SCRIPT), *size]
    environment = {**os.environ, "TMPDIR": str(settings.place)}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_DEADLINE,
        )
    except subprocess.TimeoutExpired:
        return _nothing(f"no end after {_DEADLINE:g} s")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return _nothing(lines[-1] if lines else f"exit code {done.returncode}")
    found = json.loads(done.stdout.splitlines()[-1])
    say(f"  {found}")
    return _figures(found)


def _nothing(why: str) -> list[Figure]:
    say(f"  {why}")
    return [
        not_reached("W8.utilisation", "use of the slots", "%", why, at_least=95),
        not_reached(
            "W8.share_of_a_core", "work of the orchestrator", "%", why, at_most=50
        ),
    ]


def _figures(found: dict[str, float]) -> list[Figure]:
    count = f"{found['mini_batches']:,} mini-batches on {found['slots']:,} slots"
    return [
        single(
            "W8.utilisation",
            f"time spent in mini-batches, {count}",
            "%",
            [_HUNDRED * found["utilisation"]],
            at_least=95,
        ),
        single(
            "W8.share_of_a_core",
            "the orchestrator's share of one core, dispatch, ledger and journal",
            "%",
            [_HUNDRED * found["share_of_a_core"]],
            at_most=50,
        ),
        single(
            "W8.cpu_us_per_mini_batch",
            "the orchestrator's processor time per mini-batch",
            "µs",
            [found["cpu_us_per_mini_batch"]],
        ),
        single("W8.peak_mb", "its resident memory", "MB", [found["peak_mb"]]),
        single(
            "W8.real_seconds", "what the simulation took", "s", [found["real_seconds"]]
        ),
    ]
