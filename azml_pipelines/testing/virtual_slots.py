"""Slots on a clock of their own: thousands of nodes for hours, in seconds."""

from __future__ import annotations

import heapq
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from azml_pipelines.compute.report import BundleReport
from azml_pipelines.worker.page import Done, pack_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.engine.dispatch import Slots
    from azml_pipelines.worker.messages import Bundle

__all__ = ["VirtualSlots"]


class _Node:
    """What one node has in hand."""

    def __init__(self, number: int, processes: int) -> None:
        self.name = f"node{number:05d}"
        self.free = processes
        self.in_hand = 0
        self.queue: deque[Bundle] = deque()


class _Running:
    """A bundle at work, and when each of its mini-batches ends."""

    def __init__(self, node: _Node, bundle: Bundle, ends: list[float]) -> None:
        self.node = node
        self.bundle = bundle
        self.ends = ends
        self.started = 0
        """Mini-batches that will have been run when it ends; all unless recalled."""


class VirtualSlots:
    """Implements ``engine.dispatch.Slots``; every mini-batch succeeds.

    Nodes queue what is submitted behind their processes, as real ones do.

    Args:
        nodes: How many.
        processes: Worker processes on each.
        seconds: What a mini-batch takes, by its index.
        overhead: Seconds from the submission of a bundle to its start, for a process
            that waits for one.

    Attributes:
        now: Seconds since the start.
        busy: Seconds that processes have spent in mini-batches, all together.
        own_seconds: Real time spent in here instead of in what is looked at.
    """

    def __init__(
        self,
        nodes: int,
        processes: int,
        seconds: Callable[[int], float],
        *,
        overhead: float = 0.0,
    ) -> None:
        self._processes = processes
        self._nodes = [_Node(number, processes) for number in range(nodes)]
        # By how much they have in hand, with one entry for each time that it changed.
        self._least = [(0, number) for number in range(nodes)]
        self._seconds = seconds
        self._overhead = overhead
        self._heap: list[tuple[float, int, _Running]] = []
        self._submitted = 0
        self._in_hand = 0
        self.now = 0.0
        self.busy = 0.0
        self.own_seconds = 0.0

    @property
    def count(self) -> int:
        """Worker processes in all."""
        return self._processes * len(self._nodes)

    @property
    def in_hand(self) -> int:
        """Bundles that were submitted and have not been reported."""
        return self._in_hand

    @property
    def utilisation(self) -> float:
        """Share of the time of all processes that was spent in mini-batches."""
        return self.busy / (self.count * self.now) if self.now else 0.0

    def has_room(self, *, waiting: int) -> bool:
        """Whether a node can take a bundle, with ``waiting`` behind each process."""
        return self._emptiest().in_hand < self._processes * (1 + waiting)

    def submit(self, bundle: Bundle) -> None:
        """Hand a bundle to the node that has the least in hand."""
        began = time.perf_counter()
        node = self._emptiest()
        self._note(node, 1)
        if node.free:
            node.free -= 1
            self._start(node, bundle, self.now + self._overhead)
        else:
            node.queue.append(bundle)
        self.own_seconds += time.perf_counter() - began

    def next_report(self, timeout: float) -> BundleReport | None:
        """Let time pass until a bundle ends, at most ``timeout`` seconds."""
        if not self._heap or self._heap[0][0] > self.now + timeout:
            self.now += timeout
            return None
        began = time.perf_counter()
        self.now, _, running = heapq.heappop(self._heap)
        node = running.node
        self._note(node, -1)
        if node.queue:
            self._start(node, node.queue.popleft(), self.now)
        else:
            node.free += 1
        report = self._report(running)
        self.own_seconds += time.perf_counter() - began
        return report

    def recall(self) -> None:
        """End every bundle after the mini-batch that it is at."""
        for place, (_, number, running) in enumerate(self._heap):
            kept = running.started
            while kept > 1 and running.ends[kept - 2] > self.now:
                kept -= 1
            running.started = kept
            self._heap[place] = (running.ends[kept - 1], number, running)
        heapq.heapify(self._heap)

    def moves(self) -> int:
        """Return how many bundles were submitted."""
        return self._submitted

    def describe(self) -> list[str]:
        """Return what each busy process has in hand."""
        return [
            f"{running.node.name}: mini-batch {running.bundle.first}"
            for _, _, running in self._heap
        ]

    def restart(self) -> None:
        """Do nothing: nobody hangs."""

    def _emptiest(self) -> _Node:
        while True:
            in_hand, number = self._least[0]
            node = self._nodes[number]
            if node.in_hand == in_hand:
                return node
            heapq.heapreplace(self._least, (node.in_hand, number))

    def _note(self, node: _Node, more: int) -> None:
        self._in_hand += more
        node.in_hand += more
        if more < 0:
            # One entry of a node may be too high for it; none may be the only one.
            number = int(node.name[len("node") :])
            heapq.heappush(self._least, (node.in_hand, number))

    def _start(self, node: _Node, bundle: Bundle, now: float) -> None:
        ends = []
        for index in range(bundle.first, bundle.first + bundle.count):
            now += self._seconds(index)
            ends.append(now)
        self._submitted += 1
        running = _Running(node, bundle, ends)
        running.started = bundle.count
        heapq.heappush(self._heap, (now, self._submitted, running))

    def _report(self, running: _Running) -> BundleReport:
        bundle, started = running.bundle, running.started
        records = []
        seconds = 0.0
        for index in range(bundle.first, bundle.first + started):
            took = self._seconds(index)
            seconds += took
            records.append(pack_record(Done(index, 0, 0, 0, 1, 1, took)))
        self.busy += seconds
        report = BundleReport.of(bundle, node=running.node.name, process="process000")
        return replace(
            report,
            part=f"{running.node.name}.part",
            records=b"".join(records),
            unstarted=bundle.count - started,
            seconds=seconds,
        )


if TYPE_CHECKING:

    def _keeps_the_promises(slots: VirtualSlots) -> Slots:
        return slots
