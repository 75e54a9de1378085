"""S1: an object store that is busy.

Injected: between a run and an S3 server, a proxy that refuses 10 % of the requests (503,
500, 429), flips a byte of 2 % of the answers and loses the answers of 5 % of the uploads.

Must hold: every row is right, once and in order; no item fails; no more than 1.5 times
the requests that are needed without faults: one for each object, one for each page of
the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.testing.fault_proxy import Faults
from chaos.standard_check import check
from chaos.stored_objects import stored_objects
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_MOST_REQUESTS = 1.5
_PAGE = 1000
_LOOKS = 20
"""Requests that do not grow with the objects: is there such a bucket, such a file?"""


def run(lab: Lab, size: Size) -> Verdict:
    """Read objects through the proxy."""
    verdict = Verdict()
    count = size.of(50, 300, 2_000)
    verdict.note(objects=count)
    faults = Faults(refused=0.1, flipped=0.02, lost=0.05, seed=lab.seed)
    with stored_objects(lab, count) as objects:
        proxy, job = objects.read_through(faults, verdict)
    check(lab, job, objects.expected, verdict)
    verdict.demand(proxy.spoiled > count // 20, "hardly anything was spoiled")
    most = _MOST_REQUESTS * (count + count // _PAGE + _LOOKS)
    verdict.demand(proxy.requests <= most, f"more than {most:.0f} requests")
    return verdict
