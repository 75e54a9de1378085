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

    def figure(name: str, key: str, title: str, unit: str, **limits: float) -> Figure:
        values = mine.more(key)
        ours = single(f"W9.{name}", title, unit, values, note=mine.problem, **limits)
        return beside(ours, theirs, lambda one: one.more(key))

    rate = f"requests on {_CONNECTIONS} connections kept open, one core"
    ping = "/ping while run() keeps its process busy, median"
    worst = "the same, 99 of 100 are faster"
    return [
        figure("requests_per_second", "rate", rate, "1/s", at_least=600),
        figure("ping_ms", "ping", ping, "ms", at_most=5),
        figure("ping_99_ms", "ping99", worst, "ms"),
    ]
