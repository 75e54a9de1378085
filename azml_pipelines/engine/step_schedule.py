"""Which steps of a plan may start now: their inputs, the slots. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["ScheduledStep", "StepSchedule"]


@dataclass(frozen=True)
class ScheduledStep:
    """What has to be known of a step to find its turn."""

    id: str
    after: tuple[str, ...] = ()
    """Ids of the steps that have to finish first."""
    slots: int = 1
    """Processes that it uses at the same time; never more than there are."""
    compute: str = ""
    """Where it runs."""
    nodes: int = 1
    """That it uses there."""


class StepSchedule:
    """Hands out steps, each once, and none before those that it needs.

    Of the steps that are ready, the first ones of the plan start first. One that needs
    more slots or nodes than are free lets later ones go ahead.

    Args:
        steps: All steps, each one after those it needs.
        slots: How many processes may run at the same time, at least 1.
        finished: Positions of the steps that are done already.
        goes_on: Whether steps that do not need a failed one go on.
        nodes: How many nodes a compute target has; others have as many as are wanted.
    """

    def __init__(
        self,
        steps: Sequence[ScheduledStep],
        slots: int,
        finished: Iterable[int] = (),
        *,
        goes_on: bool = False,
        nodes: Mapping[str, int] | None = None,
    ) -> None:
        self._steps = steps
        self._slots = max(slots, 1)
        self._free = self._slots
        self._nodes = {name: max(most, 1) for name, most in (nodes or {}).items()}
        self._free_nodes = dict(self._nodes)
        self._goes_on = goes_on
        self._stopped = False
        positions = {step.id: position for position, step in enumerate(steps)}
        self._waits_for = [len(set(step.after)) for step in steps]
        self._needed_by: list[list[int]] = [[] for _ in steps]
        for position, step in enumerate(steps):
            for needed in dict.fromkeys(step.after):
                self._needed_by[positions[needed]].append(position)
        self.running: set[int] = set()
        self._skipped: set[int] = set()
        done = set(finished)
        for position in done:
            self._release(position)
        self._ready = [
            position
            for position, count in enumerate(self._waits_for)
            if not count and position not in done
        ]
        heapify(self._ready)
        self._begun = True

    _begun = False

    def take(self) -> list[int]:
        """Return the positions of the steps that start now; they take their slots."""
        taken: list[int] = []
        passed: list[int] = []
        while self._ready and self._free and not self._stopped:
            position = heappop(self._ready)
            if not self._fits(position):
                passed.append(position)
                continue
            self._use(position)
            taken.append(position)
        for position in passed:
            heappush(self._ready, position)
        self.running.update(taken)
        return taken

    def finished(self, position: int) -> None:
        """Note that a step has finished: those that wait for it alone are ready."""
        self._give_back(position)
        self._release(position)

    def failed(self, position: int) -> None:
        """Note that a step has failed: those that need it never start."""
        self._give_back(position)
        if not self._goes_on:
            self.stop()

    def skipped(self, position: int) -> list[int]:
        """Note that a step is skipped; return the steps that are skipped with it.

        These are the steps that need it, and those that need them.
        """
        self._give_back(position)
        found: list[int] = []
        open_ends = [position]
        while open_ends:
            for other in self._needed_by[open_ends.pop()]:
                if other not in self._skipped:
                    self._skipped.add(other)
                    found.append(other)
                    open_ends.append(other)
        return sorted(found)

    def stop(self) -> None:
        """Let nothing start any more."""
        self._stopped = True

    def _need(self, position: int) -> int:
        return min(max(self._steps[position].slots, 1), self._slots)

    def _nodes_needed(self, position: int) -> int:
        """Return how many nodes a step takes; none where they are not counted."""
        step = self._steps[position]
        return min(max(step.nodes, 1), self._nodes.get(step.compute, 0))

    def _fits(self, position: int) -> bool:
        free = self._free_nodes.get(self._steps[position].compute, 0)
        return self._need(position) <= self._free and (
            self._nodes_needed(position) <= free
        )

    def _use(self, position: int, times: int = 1) -> None:
        self._free -= times * self._need(position)
        compute = self._steps[position].compute
        if compute in self._free_nodes:
            self._free_nodes[compute] -= times * self._nodes_needed(position)

    def _give_back(self, position: int) -> None:
        self.running.remove(position)
        self._use(position, -1)

    def _release(self, position: int) -> None:
        for other in self._needed_by[position]:
            self._waits_for[other] -= 1
            if other in self._skipped:
                continue
            if self._begun and not self._waits_for[other]:
                heappush(self._ready, other)
