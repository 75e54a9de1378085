"""Slots on nodes, reached through Dask. The only file that knows Dask's settings.

Dask carries bundles to nodes and reports back. It does not count, it does not retry,
and it owns no result: a bundle is handed to a node that has room for it, pinned there,
and its report is released as soon as it has been read.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
from typing import TYPE_CHECKING, Any

import dask
from distributed import Client, Scheduler, SpecCluster, Worker, get_worker

from azml_pipelines.compute.report import BundleReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from distributed import Future

    from azml_pipelines.compute.agent import Agent
    from azml_pipelines.worker.messages import Bundle

__all__ = ["LocalSlots"]

_SETTINGS: dict[str, Any] = {
    # Results and counts are ours; Dask must neither retry nor move work.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    # Nothing waits for ever: a pinned task whose node is gone fails.
    "distributed.scheduler.no-workers-timeout": "60s",
    "distributed.scheduler.worker-ttl": None,
    "distributed.deploy.lost-worker-timeout": "1h",
    # Histories keep the arguments of tasks alive.
    "distributed.admin.low-level-log-length": 0,
    "distributed.diagnostics.computations.max-history": 0,
    # User code is not here, so neither are its memory and its results.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.enabled": False,
    # Nothing to look at over HTTP.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "60s",
}


def _process(bundle: Bundle) -> BundleReport:
    """Run on a node: hand the bundle to the node's agent."""
    agent: Agent = get_worker().azml_agent  # type: ignore[attr-defined] # set below
    return agent.process(bundle)


class _SilentScheduler(Scheduler):
    """Opens no port: everything happens inside of this process."""

    def start_http_server(self, *_: object, **__: object) -> None:
        """Do nothing, where Dask would serve its pages to everybody on this machine."""


class _SilentWorker(Worker):
    """As the scheduler."""

    def start_http_server(self, *_: object, **__: object) -> None:
        """See ``_SilentScheduler``."""


class LocalSlots:
    """Nodes on this machine, inside of this process; user code runs in child processes.

    Args:
        agents: One per node.
        scratch: Folder for what Dask wants to have on disk; removed at the end.
    """

    def __init__(self, agents: Sequence[Agent], scratch: Path) -> None:
        self._scratch = scratch
        self._agents = list(agents)
        self._processes = self._agents[0].plan.process_count
        self._reports: queue.SimpleQueue[tuple[str, Bundle, Future[BundleReport]]] = (
            queue.SimpleQueue()
        )
        with dask.config.set({**_SETTINGS, "temporary-directory": str(scratch)}):
            worker = {
                "cls": _SilentWorker,
                "options": {
                    "nthreads": 2 * self._processes,
                    "local_directory": str(scratch),
                    "protocol": "inproc://",
                    "dashboard": False,
                    "dashboard_address": None,
                },
            }
            self._cluster = SpecCluster(
                scheduler={
                    "cls": _SilentScheduler,
                    "options": {
                        "protocol": "inproc://",
                        "dashboard": False,
                        "dashboard_address": None,
                    },
                },
                workers=dict.fromkeys(range(len(self._agents)), worker),
                silence_logs=logging.CRITICAL,
            )
            self._client = Client(self._cluster, set_as_default=False)
        self._in_hand: dict[str, int] = {}
        for agent, node in zip(self._agents, self._workers(), strict=True):
            node.azml_agent = agent  # type: ignore[attr-defined] # read by _process
            self._in_hand[node.address] = 0

    def _workers(self) -> list[Worker]:
        return list(self._cluster.workers.values())

    @property
    def count(self) -> int:
        """Worker processes on all nodes together."""
        return self._processes * len(self._agents)

    @property
    def in_hand(self) -> int:
        """Bundles that were submitted and have not been reported."""
        return sum(self._in_hand.values())

    def has_room(self, *, waiting: int) -> bool:
        """Whether a node can take a bundle, with ``waiting`` behind each process."""
        return min(self._in_hand.values()) < self._processes * (1 + waiting)

    def submit(self, bundle: Bundle) -> None:
        """Hand a bundle to the node that has the least in hand."""
        address = min(self._in_hand, key=lambda name: self._in_hand[name])
        self._in_hand[address] += 1
        future = self._client.submit(
            _process,
            bundle,
            pure=False,
            retries=0,
            workers=[address],
            allow_other_workers=False,
        )
        future.add_done_callback(
            lambda done, address=address: self._reports.put((address, bundle, done))
        )

    def next_report(self, timeout: float) -> BundleReport | None:
        """Wait ``timeout`` seconds for the next report; None when there is none."""
        try:
            address, bundle, future = self._reports.get(timeout=timeout)
        except queue.Empty:
            return None
        self._in_hand[address] -= 1
        try:
            report: BundleReport = future.result(timeout=30)
        except Exception as error:  # noqa: BLE001 - Dask's own failures all mean one thing
            return BundleReport.of(
                bundle,
                node=address,
                unstarted=bundle.count,
                lost=f"{type(error).__name__}: {error}",
            )
        finally:
            future.release()
        return report

    def moves(self) -> int:
        """Return a number that changes whenever a worker goes on to something else."""
        return sum(agent.moves for agent in self._agents)

    def close(self, *, at_once: bool = False) -> None:
        """End every worker process, then the cluster.

        Args:
            at_once: Kill instead of waiting for ``shutdown()``.
        """
        for agent in self._agents:
            if at_once:
                agent.abandon()
            else:
                agent.close()
        # All work has ended; what Dask has left to say about that interests nobody.
        with contextlib.suppress(TimeoutError):
            self._client.close(timeout=5)
            self._cluster.close(timeout=5)
        shutil.rmtree(self._scratch, ignore_errors=True)
