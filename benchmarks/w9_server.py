"""W9, server: requests on connections kept open, and /ping beside a busy model.

Every server has one core for all of its processes, and the client has the others. A
request is a table of two rows; all read it with pandas and call the same script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figure import Figure, beside, single
from benchmarks.rounds import OURS, Side, alternate, say
from benchmarks.work import Work

if TYPE_CHECKING:
    from benchmarks.settings import Settings

__all__ = ["TITLE", "measure"]

TITLE = "server: requests per second on one core, and /ping while run() is busy"
_SECONDS = 5
_CONNECTIONS = 4
_PLACE = "alternatives.servers"


def measure(settings: Settings) -> list[Figure]:
    """Measure the three of them in turns."""
    work = Work(
        "serve",
        "",
        options={
            "seconds": settings.size(_SECONDS, 1),
            "connections": _CONNECTIONS,
        },
    )
    others = settings.sides(
        Side("inference-server, waitress", f"{_PLACE}:inference_server"),
        Side("mlflow models serve", f"{_PLACE}:mlflow"),
    )[1:]
    sides = [Side(OURS.name, f"{_PLACE}:ours"), *others]
    say(f"W9: {_CONNECTIONS} connections, one core")
    found = alternate(sides, work, settings.rounds)
    mine = found[OURS.name]
    theirs = [found[side.name] for side in others]
    return [
        beside(
            single(
                "W9.requests_per_second",
                f"requests on {_CONNECTIONS} connections kept open, one core",
                "1/s",
                mine.more("rate"),
                at_least=600,
                note=mine.problem,
            ),
            theirs,
            lambda one: one.more("rate"),
        ),
        beside(
            single(
                "W9.ping_ms",
                "/ping while run() keeps its process busy, median",
                "ms",
                mine.more("ping"),
                at_most=5,
                note=mine.problem,
            ),
            theirs,
            lambda one: one.more("ping"),
        ),
        beside(
            single(
                "W9.ping_99_ms",
                "the same, 99 of 100 are faster",
                "ms",
                mine.more("ping99"),
                note=mine.problem,
            ),
            theirs,
            lambda one: one.more("ping99"),
        ),
    ]
