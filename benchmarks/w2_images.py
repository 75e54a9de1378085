"""W2, images: small PNG files are decoded and shown to a small network.

The ideal is the time of one process that does nothing else, divided by the processes.
Two bare processes with half of the files each show what the machine gives of that.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks.data import images
from benchmarks.figure import Figure, beside, single
from benchmarks.rounds import OURS, Side, alternate, say
from benchmarks.work import Work

if TYPE_CHECKING:
    from benchmarks.settings import Settings

__all__ = ["TITLE", "measure"]

TITLE = (
    "images: 20,000 PNG files of 28x28, decode and small network, mini-batches of 10"
)
_PROCESSES = 2
_SERIAL = Side("one process", "alternatives.serial:run")
_HALVES = Side("two bare processes", "alternatives.halves:run")
_TOOLS = (
    Side("Pool.imap_unordered, chunk 1", "alternatives.pool:run", {"chunk": 1}),
    Side("Pool.imap_unordered, chunk 64", "alternatives.pool:run", {"chunk": 64}),
    Side("joblib", "alternatives.joblib_batches:run"),
    Side("dask.distributed", "alternatives.raw_dask:run"),
    Side("Ray Data", "alternatives.ray_data:run"),
    Side("Ray actors", "alternatives.ray_actors:run"),
)


def measure(settings: Settings) -> list[Figure]:
    """Compare with the tools, and with the ideal."""
    count = settings.size(20_000, 60)
    folder = images(settings.place / "d", count)
    work = Work("images", str(folder), count, count, ".png", processes=_PROCESSES)
    sides = settings.sides(*_TOOLS)
    say(f"W2: {count} images")
    found = alternate([_SERIAL, _HALVES, *sides], work, settings.rounds, lines=count)
    ours, serial = found[OURS.name], found[_SERIAL.name]
    others = [one for one in found.values() if one is not ours]
    tools = [found[side.name] for side in sides if side is not OURS]
    seconds = single("W2.seconds", "from the first run() on", "s", ours.work)
    total = single("W2.seconds_in_all", "start included", "s", ours.total)
    ideal = statistics.median(serial.work) / _PROCESSES if serial.rounds else 0.0
    fastest = [statistics.median(one.work) for one in tools if one.rounds]
    lead = [min(fastest) / seconds.value] if fastest and seconds.value else []
    return [
        single(
            "W2.percent_of_ideal",
            "time of one process ÷ processes, in % of ours",
            "%",
            [100 * ideal / one for one in ours.work if ideal],
            at_least=97,
            note=ours.problem or serial.problem,
        ),
        single(
            "W2.times_fastest_alternative",
            "the fastest tool's time to ours, from the first run() on",
            "x",
            lead,
            at_least=1,
        ),
        beside(seconds, others, lambda one: one.work),
        beside(total, others, lambda one: one.total),
    ]
