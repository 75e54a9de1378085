"""A node's fork server from the outside: start it, have it fork, kill and report."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.compute.clean_environment import worker_environment_allowlist
from azml_pipelines.worker.frames import FrameReader, ProtocolError
from azml_pipelines.worker.messages import (
    EXITED,
    KILL,
    NODE,
    SCRIPT,
    START,
    STARTED,
    Exit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from azml_pipelines.compute.interpreter import Interpreter
    from azml_pipelines.worker.messages import NodeStart, ScriptStart, WorkerStart
    from azml_pipelines.worker.page import Page

__all__ = ["ForkServerLink", "ForkServerLostError", "ForkServerPlan"]

_END_SECONDS = 3.0
_LAST_SECONDS = 0.2
_SEND_LIMIT = struct.pack("ll", 10, 0)
"""Ten seconds, as the kernel takes them."""


class ForkServerLostError(Exception):
    """The fork server is gone, and all worker processes of its node with it."""


@dataclass(frozen=True)
class ForkServerPlan:
    """What has to be known to start a fork server, but not yet to use it."""

    interpreter: Interpreter
    """The Python that runs the workers."""
    log: Path
    """Gets what the fork server itself prints."""
    preload: tuple[str, ...] = ()
    """Modules of ours that every worker will need."""
    program: str = "azml_pipelines.worker"
    """The module that is run: what is forked does what it says."""


class ForkServerLink:
    """Starts one fork server and speaks with it.

    Args:
        plan: How to start it.
        node: What all workers of this node have in common; without it, see ``adopt``.
    """

    def __init__(self, plan: ForkServerPlan, node: NodeStart | None = None) -> None:
        ours, theirs = socket.socketpair()
        self._link = ours
        # A frozen fork server reads nothing; who speaks to it must not freeze with it.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_LIMIT)
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._pids: dict[int, int] = {}
        self._exits: dict[int, int] = {}
        self._lost = False
        log = plan.log
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                plan.interpreter.command(
                    plan.program, str(theirs.fileno()), *plan.preload
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                env=plan.interpreter.variables(
                    worker_environment_allowlist(os.environ)
                ),
                start_new_session=True,
            )
        if node is not None:
            self.adopt(node)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def adopt(self, node: NodeStart) -> None:
        """Serve a node from now on, before the first worker is started.

        Raises:
            ForkServerLostError: There is no fork server any more.
        """
        self._send(NODE, node.encode())

    @property
    def lost(self) -> bool:
        """Whether the fork server has gone."""
        return self._lost

    def start(
        self,
        order: WorkerStart,
        link: socket.socket,
        page: Page,
        outputs: Sequence[int] = (),
    ) -> None:
        """Have a worker process forked; it gets ``link`` and ``page``.

        Args:
            order: What to fork.
            link: The worker's end of its private socket pair.
            page: Shared with the worker.
            outputs: Descriptors for its standard output and standard error; by default
                they are those of the fork server.

        Raises:
            ForkServerLostError: There is no fork server any more.
        """
        descriptors = [link.fileno(), page.descriptor, *outputs]
        self._send(START, order.encode(), descriptors)

    def start_script(self, order: ScriptStart, outputs: Sequence[int]) -> None:
        """Have a process forked that runs a script or a command.

        Args:
            order: What to run.
            outputs: Descriptors for its standard output and standard error.

        Raises:
            ForkServerLostError: There is no fork server any more.
        """
        self._send(SCRIPT, order.encode(), list(outputs))

    def kill(self, number: int) -> None:
        """Kill the process group of a worker; harmless if it has ended already."""
        with contextlib.suppress(ForkServerLostError):
            self._send(KILL, b"%d" % number)

    def pid(self, number: int) -> int | None:
        """Return the process id of a worker, once it has been forked."""
        return self._pids.get(number)

    def wait_exit(self, number: int, timeout: float) -> int | None:
        """Wait ``timeout`` seconds until a worker has ended; None when it has not.

        Returns:
            Its exit code, or minus the signal that ended it.

        Raises:
            ForkServerLostError: Nobody is left to say how it ended.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: number in self._exits or self._lost, timeout=timeout
            )
            if number in self._exits:
                return self._exits[number]
        if self._lost:
            raise ForkServerLostError
        return None

    def destroy(self) -> None:
        """Kill a fork server that does not answer; the kernel kills its workers."""
        self._process.kill()
        with self._changed:
            self._lost = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the fork server; it kills what is still running."""
        # It closes its end when it has ended, so nobody has to ask again and again.
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_WR)
        self._listener.join(_END_SECONDS)
        try:
            self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            # What even the kernel cannot end at once, a dead disk holds: leave it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._listener.join(_END_SECONDS)
        self._link.close()

    def _send(
        self, kind: int, payload: bytes, descriptors: list[int] | None = None
    ) -> None:
        head = len(payload).to_bytes(4, "little") + bytes([kind])
        try:
            with self._lock:
                if descriptors:
                    socket.send_fds(self._link, [head + payload], descriptors)
                else:
                    self._link.sendall(head + payload)
        except OSError as error:
            self.destroy()
            raise ForkServerLostError from error

    def _listen(self) -> None:
        reader = FrameReader(self._link)
        with contextlib.suppress(OSError, ProtocolError):
            while (frame := reader.read()) is not None:
                kind, payload = frame
                message = Exit.decode(payload)
                with self._changed:
                    if kind == STARTED:
                        self._pids[message.number] = message.status
                    elif kind == EXITED:
                        self._exits[message.number] = message.status
                    self._changed.notify_all()
        with self._changed:
            self._lost = True
            self._changed.notify_all()
