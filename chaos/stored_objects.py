"""Objects on an S3 server, read by a run through a proxy that spoils answers."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines import Dataset, Datastore
from azml_pipelines.testing.fault_proxy import FaultProxy
from azml_pipelines.testing.object_servers import ServerMissingError, moto_server
from chaos.lab import names
from chaos.verdict import NotRunError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines import PipelineRun
    from azml_pipelines.testing.fault_proxy import Faults
    from azml_pipelines.testing.object_servers import ObjectServer
    from chaos.lab import Lab
    from chaos.verdict import Verdict

__all__ = ["StoredObjects", "stored_objects"]

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


@dataclass(frozen=True)
class StoredObjects:
    """Objects on a server."""

    lab: Lab
    server: ObjectServer
    container: str
    expected: bytes
    """The rows of a run that reads them."""

    def read_through(
        self, faults: Faults, verdict: Verdict
    ) -> tuple[FaultProxy, PipelineRun]:
        """Run over the objects; demand that no item fails.

        Whether the rows are right is for ``standard_check``, when the server is gone.
        """
        with FaultProxy(self.server.address, faults) as proxy:
            files = Dataset.File.from_files((self._registered(proxy.address), "in"))
            job = self.lab.submit(
                _SCRIPT,
                items=0,
                reads=files.as_named_input("objects").as_mount(),
                mini_batch_size=20,
            )
            status = self.lab.finish(job, _DEADLINE)
        verdict.note(requests=proxy.requests, spoiled=proxy.spoiled)
        verdict.demand(
            status == "Finished", f"the run is {status}: {job.state().error}"
        )
        failed = len(job.failed_items())
        verdict.demand(not failed, f"{failed} items failed")
        return proxy, job

    def _registered(self, address: str | None = None) -> Datastore:
        return Datastore.register_url(
            self.lab.workspace,
            "objects",
            self.server.url(self.container),
            options=self.server.options(address),
            overwrite=True,
        )

    def fill(self, source: str) -> None:
        """Upload a folder as ``in``."""
        self._registered().upload(source, "in", show_progress=False)


@contextmanager
def stored_objects(lab: Lab, count: int) -> Iterator[StoredObjects]:
    """Have some objects of all sizes on a server.

    Raises:
        NotRunError: There is no server.
    """
    source = lab.fresh_folder("objects")
    expected = []
    for number, name in enumerate(names(count)):
        length = 1 + (number * 7_919) % _LONGEST
        data = hashlib.shake_256(name.encode()).digest(length)
        (source / name).write_bytes(data)
        expected.append(f"{name} {hashlib.sha256(data).hexdigest()}\n")
    try:
        with moto_server() as server:
            container = f"c{uuid4().hex[:12]}"
            server.make_container(container)
            rows = "".join(expected).encode()
            objects = StoredObjects(lab, server, container, rows)
            objects.fill(str(source))
            yield objects
    except ServerMissingError as error:
        raise NotRunError(str(error)) from error
