"""One node's agent: it leases runners to bundles.

    Dask worker thread ──► Agent.process(bundle)
                              │ lease (waits for a free runner)
                              ▼
                           Runner ◄── private socket ──► worker process: run(mini_batch)
                              │  ◄── shared page ───────    │
                              ▼                             ▼
                           BundleReport                  part file

Blocking code, top to bottom; the number of runners limits the work, not the threads.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import secrets
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.compute.auto_count import AutoCount
from azml_pipelines.compute.capped_log import LogDrain
from azml_pipelines.compute.fetcher_link import SupplyPlan, start_fetcher
from azml_pipelines.compute.fork_server_link import ForkServerLink, ForkServerLostError
from azml_pipelines.compute.in_hand import describe_in_hand
from azml_pipelines.compute.memory import resident_bytes
from azml_pipelines.compute.node_folder import make_node_folder
from azml_pipelines.compute.report import BundleReport
from azml_pipelines.compute.runner import InitError, ProcessLimits, Runner
from azml_pipelines.compute.start_tries import StartTries
from azml_pipelines.masking import Masker
from azml_pipelines.worker.messages import UserError, WorkerStart
from azml_pipelines.worker.page import CAPACITY

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.compute.fork_server_link import ForkServerPlan
    from azml_pipelines.worker.messages import Bundle, NodeStart

__all__ = ["Agent", "AgentPlan"]

_RECYCLE_SHARE = 0.8


@dataclass(frozen=True)
class AgentPlan:
    """What one node does for one step."""

    start: NodeStart
    snapshot: str
    """Copied to ``start.source_directory``: the node has a folder of its own."""
    fork_server: ForkServerPlan
    process_count: int | None
    """None: as many as the node has cores and memory for."""
    limits: ProcessLimits
    epoch: int
    """Of the orchestrator; part of every part file's name."""
    nodes_beside: int = 1
    """Nodes that share this machine, this one included."""
    supply: SupplyPlan | None = None
    """What is fetched from remote stores while the node works."""


@dataclass
class _Slot:
    """A place for one worker process; a replacement gets the same name."""

    number: int
    runner: Runner | None = None
    stray_starts: int = 0
    """Starts since the last report that somebody ended, and no fault of theirs."""

    @property
    def process(self) -> str:
        return f"process{self.number:03d}"

    def take_stray_starts(self) -> int:
        strays, self.stray_starts = self.stray_starts, 0
        return strays


class _IdleSlots(queue.LifoQueue[_Slot]):
    """The slots that nobody uses."""

    def take_all(self) -> list[_Slot]:
        """Return them all, the last one first; nothing is left."""
        taken = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self.get_nowait())
        return taken


def _started(target: Callable[[_Slot], None], slot: _Slot) -> threading.Thread:
    thread = threading.Thread(target=target, args=[slot])
    thread.start()
    return thread


class Agent:
    """Runs bundles in the worker processes of one node.

    Worker processes are started at once, so that ``init()`` runs while the input is
    still being listed.

    Args:
        plan: What the node does.
        server: Its fork server, if one has been waiting for it.
    """

    def __init__(self, plan: AgentPlan, server: ForkServerLink | None = None) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._starts = 0
        self._closed = False
        self._retiring: list[threading.Thread] = []
        self._moves = itertools.count(1)
        self._in_hand: dict[str, tuple[Runner, Bundle]] = {}
        self.moves = 0
        """Changes whenever a worker of the node goes on to something else."""
        self._drain = LogDrain(Masker.of_environment(plan.start.environment))
        source = Path(plan.start.source_directory)
        make_node_folder(plan.snapshot, source, plan.epoch)
        self._fetcher = start_fetcher(
            plan.supply, Path(plan.start.logs), plan.start.node
        )
        self._server = server or self._start_server()
        self._free = _IdleSlots()
        self._wanted = plan.process_count or 1
        self._slots = [_Slot(number) for number in range(self._wanted)]
        for slot in reversed(self._slots):
            slot.runner = self._start_runner(slot)
            self._free.put(slot)
        self.processes = self._names()
        """Of the node's worker processes."""
        self._auto = AutoCount(self, plan) if plan.process_count is None else None

    def _names(self) -> frozenset[str]:
        return frozenset(slot.process for slot in list(self._slots))

    @property
    def runners(self) -> list[Runner]:
        """The worker processes that there are now."""
        return [slot.runner for slot in list(self._slots) if slot.runner is not None]

    def resize(self, count: int) -> None:
        """Have ``count`` worker processes; those in use end when they are free."""
        self._wanted = count
        for number in range(len(self._slots), count):
            slot = _Slot(number)
            slot.runner = self._try_start(slot)
            self._slots.append(slot)
            self._free.put(slot)
        self.processes = self._names()
        for slot in reversed(self._free.take_all()):
            self._give_back(slot)

    def _give_back(self, slot: _Slot) -> None:
        if slot.number < self._wanted:
            self._free.put(slot)
            return
        self._slots.remove(slot)
        self.processes = self._names()
        self._retire_runner(slot)

    def process(self, bundle: Bundle) -> BundleReport:
        """Have one bundle processed; waits for a free runner.

        Never raises for what user code does, nor for a node that has lost its
        processes.
        """
        if bundle.count > CAPACITY:
            msg = f"a bundle has {bundle.count} mini-batches; at most {CAPACITY} fit"
            raise ValueError(msg)
        with self._fetcher.supplied(bundle.lines):
            return self._process_supplied(bundle)

    def _process_supplied(self, bundle: Bundle) -> BundleReport:
        slot = self._free.get()
        try:
            report, node = self._process(slot, bundle), self.plan.start.node
            return replace(report, node=node, stray_starts=slot.take_stray_starts())
        finally:
            self._give_back(slot)
            if self._auto is not None:
                self._auto.note_bundle()

    def rest(self) -> None:
        """Begin to let idle workers shut down; a bundle that comes gets a new one."""

        def retire(slot: _Slot) -> None:
            self._retire_runner(slot)
            self._free.put(slot)

        self._retiring += [_started(retire, slot) for slot in self._free.take_all()]

    def close(self) -> None:
        """Let idle workers shut down, then end every process of the node."""
        if self._auto is not None:
            self._auto.stop()
        self.rest()
        for thread in self._retiring:
            thread.join()
        self.abandon()

    def abandon(self) -> None:
        """End every process of the node; bundles in hand come back unstarted."""
        with self._lock:
            closed, self._closed = self._closed, True
        self._server.close()
        self._fetcher.close()
        if self._auto is not None:
            self._auto.stop()
        if not closed:
            self._drain.close()

    def restart(self) -> None:
        """Kill every worker process, whatever it does; fresh ones follow.

        Bundles in hand are reported as those of a node that has lost its processes.
        """
        with self._lock:
            server = self._server
        server.destroy()

    def recall(self) -> None:
        """Ask for what has not been started of the bundles in hand."""
        for runner, bundle in list(self._in_hand.copy().values()):
            if bundle.count > 1:
                runner.recall()

    def describe(self) -> list[str]:
        """Say what each busy worker process has in hand, and since when."""
        now, node = time.monotonic(), self.plan.start.node
        return [
            describe_in_hand(f"{node} {name} (pid {one.pid})", bundle, one.seen, now)
            for name, (one, bundle) in sorted(self._in_hand.copy().items())
        ]

    def _move(self) -> None:
        self.moves = next(self._moves)

    def _process(self, slot: _Slot, bundle: Bundle) -> BundleReport:
        nothing = BundleReport.of(bundle, unstarted=bundle.count)
        if bundle.fresh and slot.runner is not None and slot.runner.used:
            self._retire_runner(slot)
        try:
            runner = self._ready_runner(slot)
            self._in_hand[slot.process] = runner, bundle
            report, alive = runner.run(bundle)
        except InitError as error:
            return replace(nothing, process=slot.process, init_failure=error.error)
        except ForkServerLostError:
            self._drop_runner(slot)
            return replace(nothing, process=slot.process, lost="the fork server ended")
        finally:
            self._in_hand.pop(slot.process, None)
        if not alive:
            self._drop_runner(slot)
            slot.runner = self._try_start(slot)
        elif self._leaks(runner):
            self._retire_runner(slot)
            slot.runner = self._try_start(slot)
        return report

    def _leaks(self, runner: Runner) -> bool:
        """Whether a worker comes close to its memory limit between two bundles."""
        allowed = self.plan.limits.memory
        if allowed is None:
            return False
        return resident_bytes(runner.pid) > _RECYCLE_SHARE * allowed

    def _retire_runner(self, slot: _Slot) -> None:
        """Let a worker shut down as at the end of the step."""
        if slot.runner is not None:
            slot.runner.stop()
            self._drop_runner(slot)

    def _ready_runner(self, slot: _Slot) -> Runner:
        """Return a worker process that has been through ``init()``.

        Raises:
            InitError: Fresh processes failed too.
        """
        tries = StartTries(time.monotonic)
        while True:
            try:
                slot.runner = runner = slot.runner or self._start_runner(slot)
                runner.wait_ready()
            except InitError as error:
                self._drop_runner(slot)
                slot.stray_starts += error.stray
                if tries.failed(stray=error.stray):
                    raise
            except ForkServerLostError:
                self._drop_runner(slot)
                if self._closed:
                    raise
                if tries.failed(stray=True):
                    gone = UserError("fork server", "the fork server keeps ending")
                    raise InitError(gone, stray=True) from None
            else:
                return runner

    def _drop_runner(self, slot: _Slot) -> None:
        if slot.runner is not None:
            slot.runner.kill()
            slot.runner.release()
            slot.runner = None

    def _try_start(self, slot: _Slot) -> Runner | None:
        try:
            return self._start_runner(slot)
        except ForkServerLostError:
            return None

    def _start_runner(self, slot: _Slot) -> Runner:
        with self._lock:
            if self._closed:
                raise ForkServerLostError
            if self._server.lost:
                self._server.close()
                self._server = self._start_server()
            self._starts += 1
            number = self._starts
            self._move()
            server = self._server
        # Random: a damaged journal may have forgotten which epochs there were.
        unique = secrets.token_hex(3)
        part = f"{self.plan.start.node}.{self.plan.epoch}.{number}.{unique}.part"
        outputs = [self._output(kind, slot.process) for kind in ("stdout", "stderr")]
        order = WorkerStart(number, slot.process, part, len(outputs))
        try:
            return Runner(
                server, order, self.plan.limits, outputs=outputs, on_move=self._move
            )
        finally:
            for descriptor in outputs:
                os.close(descriptor)

    def _output(self, kind: str, process: str) -> int:
        """Open a pipe that is drained into version 1's place for what scripts print."""
        start = self.plan.start
        name = f"{process}.{kind}.txt"
        return self._drain.open(Path(start.logs) / "user" / kind / start.node / name)

    def _start_server(self) -> ForkServerLink:
        return ForkServerLink(self.plan.fork_server, self.plan.start)
