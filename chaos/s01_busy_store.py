"""S1 and S2: a busy object store with cut answers.

Injected: between a run and an S3 server, a proxy that refuses 10 % of the requests (503,
500, 429), cuts 5 % of the answers short, flips a byte of 2 % and loses the answers of
5 % of the uploads.

Must hold: every row is right, once and in order; no item fails.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines import Dataset, Datastore
from azml_pipelines.testing.fault_proxy import FaultProxy, Faults
from azml_pipelines.testing.object_servers import ServerMissingError, moto_server
from chaos.lab import names
from chaos.standard_check import check
from chaos.verdict import NotRunError, Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_DEADLINE = 900
_LONGEST = 50_000
_SCRIPT = """
import hashlib, os
from pathlib import Path

def run(mini_batch):
    return [
        f"{os.path.basename(path)} {hashlib.sha256(Path(path).read_bytes()).hexdigest()}"
        for path in mini_batch
    ]
"""


def run(lab: Lab, size: Size) -> Verdict:
    """Read objects through the proxy."""
    verdict = Verdict()
    objects = size.of(50, 300, 2_000)
    source = lab.fresh_folder("objects")
    expected = []
    for number, name in enumerate(names(objects)):
        length = 1 + (number * 7_919) % _LONGEST
        data = hashlib.shake_256(name.encode()).digest(length)
        (source / name).write_bytes(data)
        expected.append(f"{name} {hashlib.sha256(data).hexdigest()}\n")
    try:
        with moto_server() as server:
            container = f"c{uuid4().hex[:12]}"
            server.make_container(container)
            faults = Faults(
                refused=0.1, cut=0.05, flipped=0.02, lost=0.05, seed=lab.seed
            )
            direct = _register(lab, server.url(container), server.options())
            direct.upload(source, "in", show_progress=False)
            with FaultProxy(server.address, faults) as proxy:
                options = server.options(proxy.address)
                spoiled = _register(lab, server.url(container), options)
                files = Dataset.File.from_files((spoiled, "in"))
                job = lab.submit(
                    _SCRIPT,
                    items=0,
                    reads=files.as_named_input("objects").as_mount(),
                    mini_batch_size=20,
                )
                status = lab.finish(job, _DEADLINE)
                requests, faulty = proxy.requests, proxy.spoiled
    except ServerMissingError as error:
        raise NotRunError(str(error)) from error
    verdict.note(objects=objects, requests=requests, spoiled=faulty)
    verdict.demand(status == "Finished", f"the run is {status}: {job.state().error}")
    verdict.demand(faulty > objects // 20, "hardly anything was spoiled")
    failed = len(job.failed_items())
    verdict.demand(not failed, f"{failed} items failed")
    check(lab, job, "".join(expected).encode(), verdict)
    return verdict


def _register(lab: Lab, url: str, options: dict[str, object]) -> Datastore:
    return Datastore.register_url(
        lab.workspace, "objects", url, options=options, overwrite=True
    )
