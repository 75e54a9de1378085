"""S2: answers of an object store that break off or stop, and answers that are lost.

Injected: between a run and an S3 server, a proxy that ends 5 % of the answers early,
resets the connection in the middle of 5 %, sends nothing more for 30 s in the middle of
2 %, and flips a byte of 2 %. Then uploads of which every second answer is lost.

Must hold: every row is right, once and in order; no item fails; nobody waits for a stall
to end; each upload is one object with the right bytes.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from azml_pipelines.data.file_store import StoreLocation, open_store
from azml_pipelines.testing.fault_proxy import FaultProxy, Faults
from chaos.lab import names
from chaos.standard_check import check
from chaos.stored_objects import stored_objects
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.lab import Lab
    from chaos.stored_objects import StoredObjects
    from chaos.verdict import Size

__all__ = ["run"]

_STALL = 30.0
_UPLOADS_AT_ONCE = 8


def run(lab: Lab, size: Size) -> Verdict:
    """Read objects through the proxy, then write some."""
    verdict = Verdict()
    count = size.of(50, 300, 2_000)
    verdict.note(objects=count)
    faults = Faults(
        cut=0.05, reset=0.05, stalled=0.02, stall=_STALL, flipped=0.02, seed=lab.seed
    )
    with stored_objects(lab, count) as objects:
        proxy, job = objects.read_through(faults, verdict)
        verdict.note(stalls=proxy.stalls, stalls_sat_out=proxy.stalls_sat_out)
        verdict.demand(proxy.spoiled > count // 20, "hardly anything was spoiled")
        verdict.demand(proxy.stalls > 0, "nothing stalled")
        verdict.demand(
            not proxy.stalls_sat_out, "somebody waited until a stall was over"
        )
        _upload(objects, lab.fresh_folder("uploads"), size.of(10, 40, 400), verdict)
    check(lab, job, objects.expected, verdict)
    return verdict


def _upload(objects: StoredObjects, folder: Path, count: int, verdict: Verdict) -> None:
    """Upload files whose answers are lost half of the time, and look at what is there."""
    server = objects.server
    url = server.url(objects.container, "uploads")
    expected = {}
    for name in names(count):
        (folder / name).write_text(name * 100)
        expected[name] = hashlib.md5((name * 100).encode()).hexdigest()  # noqa: S324 - S3's tags
    with FaultProxy(server.address, Faults(lost=0.5)) as proxy:
        store = open_store(StoreLocation(url, server.options(proxy.address)))
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
            list(pool.map(lambda name: store.put(folder / name, name), expected))
    direct = open_store(StoreLocation(url, server.options()))
    found = {file.path: file.md5 for file in direct.files()}
    verdict.note(uploads=count, answers_lost=proxy.spoiled)
    verdict.demand(proxy.spoiled >= count // 4, "hardly any answer was lost")
    verdict.demand(found == expected, f"{len(found)} objects of {count} uploads")
