"""Slots on nodes, reached through Dask. The only file that knows Dask's settings.

Dask carries bundles to nodes and reports back. It does not count, it does not retry,
and it owns no result: a bundle is handed to a node that has room for it, pinned there,
and its report is released as soon as it has been read.

As long as nodes are in this process, it carries their numbers only: a bundle of some
megabytes would be pickled and copied several times on its way to the next thread.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import dask
from distributed import Client, Scheduler, SpecCluster, Worker, get_worker

from azml_pipelines.compute.report import BundleReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from distributed import Future

    from azml_pipelines.compute.agent import Agent
    from azml_pipelines.worker.messages import Bundle

__all__ = ["LocalCluster", "LocalSlots"]

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
    "distributed.admin.system-monitor.interval": "1h",
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "60s",
}


@dataclass
class _Desk:
    """Where bundles of one node lie, by number, until their reports are taken."""

    agent: Agent
    bundles: dict[int, Bundle] = field(default_factory=dict)
    reports: dict[int, BundleReport] = field(default_factory=dict)


def _process(number: int) -> None:
    """Run on a node: hand a bundle to the node's agent."""
    desk: _Desk = get_worker().azml_desk  # type: ignore[attr-defined] # set below
    desk.reports[number] = desk.agent.process(desk.bundles[number])


class _SilentScheduler(Scheduler):
    """Opens no port: everything happens inside of this process."""

    def start_http_server(self, *_: object, **__: object) -> None:
        """Do nothing, where Dask would serve its pages to everybody on this machine."""


class _SilentWorker(Worker):
    """As the scheduler."""

    def start_http_server(self, *_: object, **__: object) -> None:
        """See ``_SilentScheduler``."""


class LocalCluster:
    """Dask's part of nodes on this machine: a scheduler, and one Dask worker for each.

    Args:
        nodes: How many.
        threads: Bundles that one node takes at the same time.
        scratch: Folder for what Dask wants to have on disk; removed at the end.
    """

    def __init__(self, nodes: int, threads: int, scratch: Path) -> None:
        self._shape = nodes, threads
        self._scratch = scratch
        with dask.config.set({**_SETTINGS, "temporary-directory": str(scratch)}):
            worker = {
                "cls": _SilentWorker,
                "options": {
                    "nthreads": threads,
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
                workers=dict.fromkeys(range(nodes), worker),
                silence_logs=logging.CRITICAL,
            )
            self.client = Client(self._cluster, set_as_default=False)

    def suits(self, nodes: int, threads: int) -> bool:
        """Whether it has exactly so many nodes, and at least so many threads."""
        return self._shape[0] == nodes and self._shape[1] >= threads

    def slots(
        self, agents: Sequence[Agent], on_first_report: Callable[[], None]
    ) -> LocalSlots:
        """Put agents onto the nodes, in the place of those of an earlier step."""
        workers: list[Worker] = list(self._cluster.workers.values())
        nodes: dict[str, _Desk] = {}
        for agent, worker in zip(agents, workers, strict=True):
            desk = nodes[worker.address] = _Desk(agent)
            worker.azml_desk = desk  # type: ignore[attr-defined] # read by _process
        return LocalSlots(self, nodes, on_first_report)

    def close(self) -> None:
        """End the cluster."""
        # All work has ended; what Dask has left to say about that interests nobody.
        with contextlib.suppress(TimeoutError):
            self.client.close(timeout=5)
            self._cluster.close(timeout=5)
        shutil.rmtree(self._scratch, ignore_errors=True)


def _why(future: Future[None]) -> str:
    """Return why a node has made no report."""
    try:
        future.result(timeout=30)
    except Exception as error:  # noqa: BLE001 - Dask's own failures all mean one thing
        return f"{type(error).__name__}: {error}"
    return "its node has said nothing"


class LocalSlots:
    """Nodes on this machine, inside of this process; user code runs in child processes.

    Args:
        cluster: What carries bundles to them.
        nodes: Dask's address of each node to its desk.
        on_first_report: Called when the first report has been taken.
    """

    def __init__(
        self,
        cluster: LocalCluster,
        nodes: Mapping[str, _Desk],
        on_first_report: Callable[[], None],
    ) -> None:
        self.cluster = cluster
        self._nodes = nodes
        self._agents = [desk.agent for desk in nodes.values()]
        self._numbers = itertools.count()
        self._on_report: Callable[[], None] | None = on_first_report
        self._reports: queue.SimpleQueue[tuple[str, int, Future[None]]] = (
            queue.SimpleQueue()
        )
        self._in_hand = dict.fromkeys(nodes, 0)
        self._processes: dict[str, frozenset[str]] = {}
        self._look()

    @property
    def count(self) -> int:
        """Worker processes on all nodes together; stays until the next report."""
        return sum(map(len, self._processes.values()))

    @property
    def in_hand(self) -> int:
        """Bundles that were submitted and have not been reported."""
        return sum(self._in_hand.values())

    def has_room(self, *, waiting: int) -> bool:
        """Whether a node can take a bundle, with ``waiting`` behind each process."""
        return any(
            self._in_hand[address] < len(processes) * (1 + waiting)
            for address, processes in self._processes.items()
        )

    def submit(self, bundle: Bundle) -> None:
        """Hand a bundle to the node that has the least in hand."""
        address = min(self._in_hand, key=self._load)
        self._in_hand[address] += 1
        number = next(self._numbers)
        self._nodes[address].bundles[number] = bundle
        future = self.cluster.client.submit(
            _process,
            number,
            pure=False,
            retries=0,
            workers=[address],
            allow_other_workers=False,
        )
        future.add_done_callback(
            lambda done, address=address: self._reports.put((address, number, done))
        )

    def _load(self, address: str) -> float:
        return self._in_hand[address] / len(self._processes[address])

    def _look(self) -> None:
        """See how many processes there are now."""
        self._processes = {
            address: desk.agent.processes for address, desk in self._nodes.items()
        }

    def next_report(self, timeout: float) -> BundleReport | None:
        """Wait ``timeout`` seconds for the next report; None when there is none."""
        self._look()
        try:
            address, number, future = self._reports.get(timeout=timeout)
        except queue.Empty:
            return None
        self._in_hand[address] -= 1
        if self._on_report is not None:
            self._on_report()
            self._on_report = None
        desk = self._nodes[address]
        bundle = desk.bundles.pop(number)
        report = desk.reports.pop(number, None)
        lost = None if report is not None else _why(future)
        future.release()
        if report is None:
            return BundleReport.of(
                bundle, node=address, unstarted=bundle.count, lost=lost
            )
        if report.init_failure and report.process not in self._processes[address]:
            # Its node does without it: nobody has to despair of the step.
            why = "its worker process was not needed any more"
            return replace(report, init_failure=None, lost=why)
        return report

    def recall(self) -> None:
        """Ask for what has not been started of the bundles in hand."""
        for agent in self._agents:
            agent.recall()

    def moves(self) -> int:
        """Return a number that changes whenever a worker goes on to something else."""
        return sum(agent.moves for agent in self._agents)

    def describe(self) -> list[str]:
        """Return what each busy worker process has in hand and since when."""
        return [line for agent in self._agents for line in agent.describe()]

    def restart(self) -> None:
        """Start all worker processes anew; what they had in hand is reported."""
        for agent in self._agents:
            agent.restart()
