"""Scripts and commands of one run on this machine, each in a process of its own.

Only here are they started and killed. One fork server serves all of them: it runs no
user code, and when it or the orchestrator ends, the kernel ends what it has forked.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.compute.blame import Ending
from azml_pipelines.compute.capped_log import LogDrain
from azml_pipelines.compute.fork_server_link import ForkServerLink, ForkServerLostError
from azml_pipelines.compute.memory import (
    group_bytes,
    in_megabytes,
    kernel_memory_kills,
)
from azml_pipelines.masking import Masker
from azml_pipelines.worker.frames import ProtocolError
from azml_pipelines.worker.messages import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.compute.fork_server_link import ForkServerPlan
    from azml_pipelines.worker.messages import ScriptStart

__all__ = ["ScriptEnd", "ScriptLogs", "ScriptRunner"]

_LOOK_SECONDS = 0.1
_EXIT_SECONDS = 10.0


@dataclass(frozen=True)
class ScriptLogs:
    """Where what a script prints goes."""

    stdout: Path
    stderr: Path


@dataclass(frozen=True)
class ScriptEnd:
    """How one try of a script or command has ended."""

    seconds: float
    reason: str = ""
    """``exception``, ``exit``, ``signal``, ``timeout``, ``memory`` or ``node lost``;
    empty when it has succeeded."""
    error: UserError | None = None
    charged: bool = True
    """Whether it was the script's own fault, as far as anybody can tell."""


class ScriptRunner:
    """Runs scripts, as many at the same time as there are threads that ask for it.

    Args:
        plan: How to start the fork server; nothing is started before the first script.
    """

    def __init__(self, plan: ForkServerPlan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._server: ForkServerLink | None = None

    def run(
        self,
        start: ScriptStart,
        logs: ScriptLogs,
        *,
        timeout: float | None,
        check: Callable[[], None],
    ) -> ScriptEnd:
        """Run one try of a script or command to its end.

        Args:
            start: What; its number is given here.
            logs: Where its output goes.
            timeout: Seconds after which it is killed; None sets no limit.
            check: Called several times a second; raises to stop it.

        Raises:
            BaseException: What ``check`` raises; the process and its group are gone.
        """
        began = time.monotonic()
        kills = kernel_memory_kills()
        drain = LogDrain(Masker.of_environment(start.environment))
        try:
            server, number = self._start(start, logs, drain)
            try:
                overrun = _watch(server, number, start, timeout, check)
                status = server.wait_exit(number, _EXIT_SECONDS)
            finally:
                server.kill(number)
        except ForkServerLostError:
            lost = UserError("fork server", "the fork server ended")
            return ScriptEnd(time.monotonic() - began, "node lost", lost, charged=False)
        finally:
            drain.close()
        seconds = time.monotonic() - began
        if overrun is not None:
            return replace(overrun, seconds=seconds)
        starved = kernel_memory_kills() > kills
        return _ended(Ending(status, out_of_memory=starved), start, seconds)

    def close(self) -> None:
        """End the fork server, and with it whatever still runs."""
        with self._lock:
            if self._server is not None:
                self._server.close()
                self._server = None

    def _start(
        self, start: ScriptStart, logs: ScriptLogs, drain: LogDrain
    ) -> tuple[ForkServerLink, int]:
        with self._lock:
            if self._server is not None and self._server.lost:
                self._server.close()
                self._server = None
            if self._server is None:
                self._server = ForkServerLink(self._plan)
            server = self._server
        number = next(self._numbers)
        outputs = [drain.open(path) for path in (logs.stdout, logs.stderr)]
        try:
            server.start_script(replace(start, number=number), outputs)
        finally:
            for descriptor in outputs:
                os.close(descriptor)
        return server, number


def _watch(
    server: ForkServerLink,
    number: int,
    start: ScriptStart,
    timeout: float | None,
    check: Callable[[], None],
) -> ScriptEnd | None:
    """Wait for the end of a process; return why it was killed, if it was.

    Raises:
        ForkServerLostError: Nobody is left to say how it ended.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        rest = _LOOK_SECONDS
        if deadline is not None:
            rest = min(rest, max(deadline - time.monotonic(), 0))
        if server.wait_exit(number, rest) is not None:
            return None
        check()
        problem = None
        if deadline is not None and time.monotonic() >= deadline:
            text = f"it took longer than {timeout:g} s and was killed"
            problem = ScriptEnd(0, "timeout", UserError("timeout", text))
        elif start.memory_limit is not None:
            used = group_bytes(server.pid(number) or 0)
            if used > start.memory_limit:
                text = (
                    f"it used {in_megabytes(used)} of memory, more than "
                    f"memory_limit={in_megabytes(start.memory_limit)}, and was killed"
                )
                problem = ScriptEnd(0, "memory", UserError("memory", text))
        if problem is not None:
            server.kill(number)
            return problem


def _ended(ending: Ending, start: ScriptStart, seconds: float) -> ScriptEnd:
    if ending.status == 0:
        return ScriptEnd(seconds)
    raised = _raised(start)
    if raised is not None:
        return ScriptEnd(seconds, "exception", raised)
    if ending.status is None:
        text = "it was killed, and nobody could say how it ended"
        lost = UserError(ending.text, text)
        return ScriptEnd(seconds, "node lost", lost, charged=False)
    if ending.stray and ending.out_of_memory:
        text = "the kernel killed it: out of memory"
        return ScriptEnd(seconds, "memory", UserError("memory", text))
    reason = "signal" if ending.status < 0 else "exit"
    error = UserError(ending.text, f"it ended with {ending.text}")
    return ScriptEnd(seconds, reason, error, charged=not ending.stray)


def _raised(start: ScriptStart) -> UserError | None:
    with contextlib.suppress(OSError, ProtocolError):
        return UserError.decode(Path(start.error_file).read_bytes())
    return None
