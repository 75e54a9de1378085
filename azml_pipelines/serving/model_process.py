"""One process with the user's code, from the outside: ask it, wait, have it killed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from azml_pipelines.compute.blame import Ending
from azml_pipelines.compute.runner import Runner
from azml_pipelines.serving.messages import ANSWER, INVOKE, SETUP, Answer
from azml_pipelines.worker.frames import ProtocolError, send_frame

if TYPE_CHECKING:
    from azml_pipelines.compute.fork_server_link import ForkServerLink
    from azml_pipelines.compute.runner import ProcessLimits
    from azml_pipelines.serving.messages import Invocation, Setup
    from azml_pipelines.worker.messages import WorkerStart

__all__ = ["ModelProcess", "ProcessLostError"]


class ProcessLostError(Exception):
    """The process is gone, with what it had in hand. ``status``: for the caller."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ModelProcess(Runner):
    """A runner that asks its worker process one request after the other.

    Args:
        server: Forks and kills the process.
        start: What to fork.
        limits: Seconds for ``init()``, for one request, and for the end.
        setup: How it reads what it is sent.
        output: Descriptor that gets what the script prints.
    """

    def __init__(
        self,
        server: ForkServerLink,
        start: WorkerStart,
        limits: ProcessLimits,
        *,
        setup: Setup,
        output: int,
    ) -> None:
        super().__init__(server, start, limits, outputs=(output, output))
        self._link.settimeout(limits.overhead)
        send_frame(self._link, SETUP, setup.encode())

    def ask(self, invocation: Invocation) -> Answer:
        """Have a request processed.

        Raises:
            ProcessLostError: It took too long and was killed, or the process ended.
            ForkServerLostError: All processes are gone.
        """
        seconds = self._limits.run
        deadline = time.monotonic() + seconds
        try:
            self._link.settimeout(seconds)
            send_frame(self._link, INVOKE, invocation.encode())
            frame = self._next_frame(deadline - time.monotonic())
        except (OSError, ProtocolError) as error:
            self.kill()
            msg = f"the model process does not speak as one: {error}"
            raise ProcessLostError(msg, 500) from error
        if frame is not None and frame[0] == ANSWER:
            return Answer.decode(frame[1])
        if not self._closed:
            self.kill()
            msg = f"run() took longer than {seconds:g} s and was killed"
            raise ProcessLostError(msg, 504)
        msg = f"the model process ended in run(): {Ending(self.kill()).text}"
        raise ProcessLostError(msg, 500)
