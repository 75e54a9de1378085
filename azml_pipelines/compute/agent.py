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

import itertools
import os
import queue
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.compute.capped_log import LogDrain
from azml_pipelines.compute.fork_server_link import ForkServerLink, ForkServerLostError
from azml_pipelines.compute.memory import resident_bytes
from azml_pipelines.compute.report import BundleReport
from azml_pipelines.compute.runner import InitError, ProcessLimits, Runner
from azml_pipelines.failpoints import point
from azml_pipelines.masking import Masker
from azml_pipelines.worker.messages import UserError, WorkerStart
from azml_pipelines.worker.page import CAPACITY

if TYPE_CHECKING:
    from azml_pipelines.worker.messages import Bundle, NodeStart

__all__ = ["Agent", "AgentPlan"]

_INIT_TRIES = 3
_STRAY_SECONDS = 60.0
_RECYCLE_SHARE = 0.8


@dataclass(frozen=True)
class AgentPlan:
    """What one node does for one step."""

    start: NodeStart
    snapshot: str
    """Copied to ``start.source_directory``: the node has a folder of its own."""
    interpreter: str
    process_count: int
    limits: ProcessLimits
    epoch: int
    """Of the orchestrator; part of every part file's name."""


@dataclass
class _Slot:
    """A place for one worker process; a replacement gets the same name."""

    process: str
    runner: Runner | None = None


class Agent:
    """Runs bundles in the worker processes of one node.

    Worker processes are started at once, so that ``init()`` runs while the input is
    still being listed.
    """

    def __init__(self, plan: AgentPlan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._starts = 0
        self._closed = False
        self._moves = itertools.count(1)
        self.moves = 0
        """Changes whenever a worker of the node goes on to something else."""
        self._drain = LogDrain(Masker.of_environment(plan.start.environment))
        source = Path(plan.start.source_directory)
        if not source.exists():
            point("node.copy")
            shutil.copytree(plan.snapshot, source, symlinks=True)
        self._server = self._start_server()
        self._free: queue.LifoQueue[_Slot] = queue.LifoQueue()
        self._slots = [
            _Slot(f"process{number:03d}") for number in range(plan.process_count)
        ]
        for slot in reversed(self._slots):
            slot.runner = self._start_runner(slot)
            self._free.put(slot)

    def process(self, bundle: Bundle) -> BundleReport:
        """Have one bundle processed; waits for a free runner.

        Never raises for what user code does, nor for a node that has lost its
        processes.
        """
        if bundle.count > CAPACITY:
            msg = f"a bundle has {bundle.count} mini-batches; at most {CAPACITY} fit"
            raise ValueError(msg)
        slot = self._free.get()
        try:
            return replace(self._process(slot, bundle), node=self.plan.start.node)
        finally:
            self._free.put(slot)

    def close(self) -> None:
        """Let idle workers shut down, then end every process of the node."""
        threads = [
            threading.Thread(target=slot.runner.stop)
            for slot in self._slots
            if slot.runner is not None
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.abandon()

    def abandon(self) -> None:
        """End every process of the node; bundles in hand come back unstarted."""
        with self._lock:
            closed, self._closed = self._closed, True
        self._server.close()
        if not closed:
            self._drain.close()

    def _move(self) -> None:
        self.moves = next(self._moves)

    def _process(self, slot: _Slot, bundle: Bundle) -> BundleReport:
        nothing = BundleReport.of(bundle, unstarted=bundle.count)
        if bundle.fresh and slot.runner is not None and slot.runner.used:
            self._retire_runner(slot)
        try:
            runner = self._ready_runner(slot)
            report, alive = runner.run(bundle)
        except InitError as error:
            return replace(nothing, process=slot.process, init_failure=error.error)
        except ForkServerLostError:
            self._drop_runner(slot)
            return replace(nothing, process=slot.process, lost="the fork server ended")
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
        tries = 0
        deadline = time.monotonic() + _STRAY_SECONDS
        while True:
            try:
                slot.runner = runner = slot.runner or self._start_runner(slot)
                runner.wait_ready()
            except InitError as error:
                self._drop_runner(slot)
                tries += not error.stray
                if tries >= _INIT_TRIES or time.monotonic() > deadline:
                    raise
            except ForkServerLostError:
                self._drop_runner(slot)
                if self._closed:
                    raise
                if time.monotonic() > deadline:
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
        start = self.plan.start
        log = Path(start.logs) / "sys" / "node" / start.node / "fork_server.txt"
        return ForkServerLink(start, self.plan.interpreter, log)
