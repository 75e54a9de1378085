"""The nodes of one step on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.compute.agent import Agent
from azml_pipelines.compute.auto_count import most_processes
from azml_pipelines.worker.scratch import clear_scratch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from azml_pipelines.compute.agent import AgentPlan
    from azml_pipelines.compute.cluster import LocalSlots
    from azml_pipelines.compute.standby import Standby

__all__ = ["LocalNodes"]


class LocalNodes:
    """The nodes of one step: their agents, and Dask once there is work to hand out.

    Agents start their worker processes at once, so ``init()`` runs while the input is
    being listed and Dask is being imported.

    Args:
        plans: What each node has to do.
        standby: What earlier steps have left, and later ones will need.
        scratch: Folder for what Dask wants to have on disk.
    """

    def __init__(
        self, plans: Sequence[AgentPlan], standby: Standby, scratch: Path
    ) -> None:
        self._leftovers = plans[0].start.scratch
        clear_scratch(self._leftovers)
        self._standby = standby
        self._scratch = scratch
        self._agents = [Agent(plan, standby.fork_server(plan)) for plan in plans]
        self._slots: LocalSlots | None = None

    def slots(self) -> LocalSlots:
        """Return the slots of all nodes."""
        if self._slots is None:
            threads = 2 * max(most_processes(agent.plan) for agent in self._agents)
            cluster = self._standby.cluster(len(self._agents), threads, self._scratch)
            self._slots = cluster.slots(self._agents, self._standby.prepare)
        return self._slots

    def rest(self) -> None:
        """Let the workers shut down meanwhile; see ``Agent.rest``."""
        for agent in self._agents:
            # Who counts processes while they work must not see fewer of them.
            if agent.plan.process_count is not None:
                agent.rest()

    def close(self, *, at_once: bool = False) -> None:
        """End every worker process; ``at_once`` leaves no time for ``shutdown()``."""
        for agent in self._agents:
            if at_once or self._slots is None:
                agent.abandon()
            else:
                agent.close()
        clear_scratch(self._leftovers)
        if self._slots is None:
            return
        if at_once:
            # Bundles may wait in it, which the next step's nodes must not get.
            self._slots.cluster.close()
        else:
            self._standby.keep(self._slots.cluster)
