"""Finds out while a node works how many worker processes it can have."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from azml_pipelines.compute.machine import available_bytes, usable_cores
from azml_pipelines.compute.memory import group_bytes
from azml_pipelines.compute.process_count import process_count

if TYPE_CHECKING:
    from azml_pipelines.compute.agent import AgentPlan
    from azml_pipelines.compute.runner import Runner

__all__ = ["AutoCount", "Crew", "most_processes"]

_LOOK_SECONDS = 0.05
_MEGABYTE = 1e6


class Crew(Protocol):
    """The worker processes of one node."""

    @property
    def runners(self) -> list[Runner]:
        """Those that there are now."""

    def resize(self, count: int) -> None:
        """Start or end worker processes until there are ``count``."""


def most_processes(plan: AgentPlan) -> int:
    """Return how many worker processes a node can come to have."""
    return plan.process_count or max(1, usable_cores() // plan.nodes_beside)


class AutoCount:
    """Measures the first worker process of a node and starts as many as fit beside it.

    Twice: when the first ``init()`` has ended, and when the first bundle has: models
    are often loaded by the one, and memory for rows is asked for by the other. The
    first process is never waited for, and never kept waiting.

    Args:
        crew: The node's worker processes; there is one.
        plan: What the node does.
    """

    def __init__(self, crew: Crew, plan: AgentPlan) -> None:
        self._crew = crew
        self._plan = plan
        self._most = most_processes(plan)
        self._bundle_ended = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._find, daemon=True)
        self._thread.start()

    def note_bundle(self) -> None:
        """Note that a bundle has ended."""
        self._bundle_ended.set()

    def stop(self) -> None:
        """Change nothing any more."""
        self._stopped.set()
        self._bundle_ended.set()
        self._thread.join()

    def _find(self) -> None:
        while not self._stopped.is_set():
            ready = [runner for runner in self._crew.runners if runner.has_spoken()]
            if ready and self._settle(ready, "after init()"):
                break
            self._stopped.wait(_LOOK_SECONDS)
        self._bundle_ended.wait()
        if not self._stopped.is_set():
            self._settle(self._crew.runners, "after the first bundle")

    def _settle(self, runners: list[Runner], when: str) -> bool:
        """Have as many processes as fit; False when nothing could be measured."""
        used = [group_bytes(runner.pid) for runner in runners if runner.pid]
        if not any(used):
            return False
        available = available_bytes()
        share = None if available is None else available // self._plan.nodes_beside
        count = process_count(self._most, share, used, self._plan.limits.memory)
        self._log(
            f"{when}: {count} processes; {self._most} cores, "
            f"{_megabytes(share)} available, {_megabytes(max(used))} used by one\n"
        )
        self._crew.resize(count)
        return True

    def _log(self, line: str) -> None:
        start = self._plan.start
        file = Path(start.logs) / "sys" / "node" / start.node / "process_count.txt"
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with file.open("a", encoding="utf-8") as log:
                log.write(line)
        except OSError:
            return  # A full disk is reported by those who cannot go on without it.


def _megabytes(number: int | None) -> str:
    return "unknown memory" if number is None else f"{number / _MEGABYTE:,.0f} MB"
