"""One small process per node that forks worker processes, reaps them and kills them.

It never runs user code, so it always answers. It has one thread, so forking is safe.
When its lifeline to the agent closes it kills every worker's process group and whatever
those left behind: a worker that spins in C and holds the interpreter's lock could not
do that itself. When it dies first, the kernel kills the workers (parent-death signal;
safe here: the thread that forks is the only one and lives as long as the process).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import selectors
import signal
import socket
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from azml_pipelines.worker.frames import FrameReader, send_frame
from azml_pipelines.worker.messages import (
    EXITED,
    KILL,
    NODE,
    SCRIPT,
    START,
    STARTED,
    Exit,
    NodeStart,
    ScriptStart,
    WorkerStart,
)

__all__ = ["ChildOrder", "ForkServer", "ScriptOrder"]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SWEEP_SECONDS = 2.5
_STREAMS = 2
"""Standard output and standard error."""


@dataclass(frozen=True)
class ChildOrder:
    """What a freshly forked worker process has to become."""

    node: NodeStart
    start: WorkerStart
    link: socket.socket
    page_descriptor: int
    outputs: tuple[int, ...] = ()
    """For standard output and standard error; its parent's when empty."""


@dataclass(frozen=True)
class ScriptOrder:
    """Which script or command a freshly forked process has to run."""

    start: ScriptStart
    outputs: tuple[int, ...]
    """For standard output and error."""


Order = Union[ChildOrder, ScriptOrder]


class _ControlReader(FrameReader):
    """Frames with descriptors beside them."""

    def __init__(self, link: socket.socket) -> None:
        super().__init__(link)
        self.descriptors: deque[int] = deque()

    def receive(self) -> bytes:
        """Receive bytes, and keep the descriptors that came along."""
        data, descriptors, _, _ = socket.recv_fds(self._link, 1 << 16, 64)
        self.descriptors.extend(descriptors)
        return data


def _prctl(option: int, value: int) -> None:
    """Set a process attribute; does nothing where the system has no ``prctl``."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _wait_status(status: int) -> int:
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


class ForkServer:
    """Serves one agent over one socket."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reader = _ControlReader(control)
        self._node: NodeStart | None = None
        self._numbers: dict[int, int] = {}
        self._wake_read, self._wake_write = socket.socketpair()

    def serve(self) -> Order | None:
        """Serve until the agent is gone.

        Returns:
            None in the server, when all is over. In each forked child: what it has to
            be.
        """
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        gc.freeze()
        try:
            return self._loop()
        except (OSError, EOFError):
            self._end()
            return None

    def _loop(self) -> Order | None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._wake_read:
                        with contextlib.suppress(BlockingIOError):
                            self._wake_read.recv(4096)
                        self._reap()
                    else:
                        order = self._take_frames()
                        if order is not None:
                            return order

    def _take_frames(self) -> Order | None:
        if not self._reader.fill():
            raise EOFError
        while (frame := self._reader.buffered()) is not None:
            kind, payload = frame
            if kind == NODE:
                self._node = NodeStart.decode(payload)
            elif kind == KILL:
                self._kill(int(payload))
            elif kind == START and self._node is not None:
                start = WorkerStart.decode(payload)
                link, page, *outputs = self._take_descriptors(2 + start.outputs)
                if self._fork(start.number, [link, page, *outputs]):
                    theirs = socket.socket(fileno=link)
                    return ChildOrder(self._node, start, theirs, page, tuple(outputs))
            elif kind == SCRIPT:
                script = ScriptStart.decode(payload)
                streams = self._take_descriptors(_STREAMS)
                if self._fork(script.number, streams):
                    return ScriptOrder(script, tuple(streams))
        return None

    def _take_descriptors(self, count: int) -> list[int]:
        return [self._reader.descriptors.popleft() for _ in range(count)]

    def _fork(self, number: int, descriptors: list[int]) -> bool:
        """Fork a child that leads a session of its own; True in the child.

        Args:
            number: What the agent calls it.
            descriptors: Those of the child, which the server does not keep.
        """
        server = os.getpid()
        pid = os.fork()
        if pid:
            self._numbers[pid] = number
            for descriptor in descriptors:
                os.close(descriptor)
            send_frame(self._control, STARTED, Exit(number, pid).encode())
            return False
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)
        self._forget_server()
        return True

    def _forget_server(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._control.close()
        self._wake_read.close()
        self._wake_write.close()
        for descriptor in self._reader.descriptors:
            os.close(descriptor)

    def _kill(self, number: int) -> None:
        for pid, known in self._numbers.items():
            if known == number:
                _kill_group(pid)

    def _reap(self) -> None:
        """Report ended workers; take along what is left of their process groups."""
        with contextlib.suppress(ChildProcessError):
            while True:
                # Looked at before it is reaped: its number cannot be another's yet.
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if ended is None:
                    return
                if ended.si_pid in self._numbers:
                    _kill_group(ended.si_pid)
                _, status = os.waitpid(ended.si_pid, 0)
                number = self._numbers.pop(ended.si_pid, None)
                if number is not None:
                    payload = Exit(number, _wait_status(status)).encode()
                    send_frame(self._control, EXITED, payload)

    def _end(self) -> None:
        """Kill all workers and everything that has become a child of this process."""
        deadline = time.monotonic() + _SWEEP_SECONDS
        while time.monotonic() < deadline:
            for pid in [*self._numbers, *_children()]:
                _kill_group(pid)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(0.005)


def _children() -> list[int]:
    """Every child of this process: workers, and orphans of theirs that it inherited."""
    found: list[int] = []
    for listing in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError, ValueError):
            found += [int(pid) for pid in listing.read_text().split()]
    return found


def _kill_group(pid: int) -> None:
    """Kill an unreaped child, and its group if it leads one."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
