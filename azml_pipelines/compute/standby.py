"""What the steps of one run hand on: fork servers that wait, and Dask's cluster."""

from __future__ import annotations

import threading
from itertools import islice
from typing import TYPE_CHECKING

from azml_pipelines.compute.fork_server_link import ForkServerLink, ForkServerLostError
from azml_pipelines.compute.script_runner import ScriptRunner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from azml_pipelines.compute.agent import AgentPlan
    from azml_pipelines.compute.cluster import LocalCluster
    from azml_pipelines.compute.fork_server_link import ForkServerPlan

__all__ = ["Standby"]

_MOST_SERVERS = 8


class Standby:
    """Keeps ready what makes the start of a step slow.

    A fork server takes tens of milliseconds to start, and Dask's cluster as long to
    open and to close. Nothing is made before it is needed, so a run of one step pays
    nothing. Fork servers that wait have run nothing: every step gets fresh ones.
    """

    def __init__(self) -> None:
        self._expected: tuple[ForkServerPlan, ...] = ()
        self._servers: dict[ForkServerPlan, ForkServerLink] = {}
        self._cluster: LocalCluster | None = None
        self._scripts: dict[ForkServerPlan, ScriptRunner] = {}
        self._lock = threading.RLock()

    def scripts(self, plan: ForkServerPlan) -> ScriptRunner:
        """Return what runs the scripts and commands of the run.

        Args:
            plan: How to start its fork server, when it is asked for first; there is
                one for each interpreter.
        """
        with self._lock:
            if plan not in self._scripts:
                self._scripts[plan] = ScriptRunner(plan)
            return self._scripts[plan]

    def expect(self, servers: Iterable[ForkServerPlan]) -> None:
        """Note which fork servers the steps after this one will need, in order."""
        with self._lock:
            self._expected = tuple(islice(servers, _MOST_SERVERS))

    def prepare(self) -> None:
        """Start what is expected, now that the step at hand is at work."""
        with self._lock:
            expected, self._expected = self._expected, ()
            for plan in expected:
                if plan not in self._servers:
                    self._servers[plan] = ForkServerLink(plan)

    def fork_server(self, plan: AgentPlan) -> ForkServerLink | None:
        """Hand over the fork server that waits for a node, if there is a good one."""
        with self._lock:
            server = self._servers.pop(plan.fork_server, None)
        if server is None:
            return None
        try:
            if not server.lost:
                server.adopt(plan.start)
                return server
        except ForkServerLostError:
            pass
        server.close()
        return None

    def cluster(self, nodes: int, threads: int, scratch: Path) -> LocalCluster:
        """Return a cluster with as many nodes, each with so many threads or more.

        Args:
            nodes: Of the step.
            threads: Bundles that one node takes at the same time.
            scratch: Folder for what a new cluster wants to have on disk.
        """
        if self._cluster is None:
            # Dask's import keeps one core busy; the others have time for this.
            self.prepare()
        from azml_pipelines.compute.cluster import (  # noqa: PLC0415 - takes half a second
            LocalCluster,
        )

        with self._lock:  # one at a time: Dask's settings are those of the process
            cluster, self._cluster = self._cluster, None
            if cluster is not None and not cluster.suits(nodes, threads):
                cluster.close()
                cluster = None
            return cluster or LocalCluster(nodes, threads, scratch)

    def keep(self, cluster: LocalCluster) -> None:
        """Take back a cluster on which nothing runs and nothing waits."""
        with self._lock:
            other, self._cluster = self._cluster, cluster
        if other is not None:
            other.close()

    def close(self) -> None:
        """End everything that nobody has fetched."""
        for scripts in self._scripts.values():
            scripts.close()
        self._scripts = {}
        for plan, server in self._servers.items():
            server.close()
            if plan.log.exists() and not plan.log.stat().st_size:
                plan.log.unlink()  # Of a step that has not begun.
        self._servers = {}
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
