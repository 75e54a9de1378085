"""The model processes of a server: lend them out, and replace those that end."""

from __future__ import annotations

import itertools
import queue
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from azml_pipelines.compute.fork_server_link import (
    ForkServerLink,
    ForkServerLostError,
    ForkServerPlan,
)
from azml_pipelines.compute.interpreter import CURRENT
from azml_pipelines.compute.runner import InitError, ProcessLimits
from azml_pipelines.errors import InitFailedError
from azml_pipelines.serving.messages import Answer, Invocation, Setup
from azml_pipelines.serving.model_process import ModelProcess, ProcessLostError
from azml_pipelines.serving.scratch_folder import ScratchFolder
from azml_pipelines.worker.messages import NodeStart, UserError, WorkerStart

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ModelPlan", "ModelPool"]

_STARTUP = ["azml_pipelines.compat.importer:install_inside_run"]
_STARTS = 3
"""Fresh processes in a row that may fail before the server gives up."""
_OUTPUT = 2
"""What scripts print goes to our standard error."""


def _start_error(error: UserError) -> InitFailedError:
    where = f" at {error.user_line}" if error.user_line else ""
    message = error.message.rstrip(".")
    return InitFailedError(
        f"init() failed {_STARTS} times, last with {error.exception_type}: "
        f"{message}{where}"
    )


@dataclass(frozen=True)
class ModelPlan:
    """What is served, and how."""

    source_directory: Path | None
    """Absolute; its scripts run here, and may import each other. None for an empty
    one."""
    entry_script: str
    entry_kind: str = "script"
    entry_options: str = ""
    """What an entry of that kind has to know."""
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    setup: Setup = field(default_factory=Setup)
    processes: int = 1
    seconds: float = 60.0
    """For one request."""
    start_seconds: float = 600.0
    """For ``init()``."""
    memory_limit: int | None = None
    """Bytes of data that one process may hold."""


class ModelPool:
    """Runs ``processes`` model processes as long as it is open.

    Args:
        plan: What is served.
    """

    def __init__(self, plan: ModelPlan) -> None:
        self._plan = plan
        self._scratch = ScratchFolder()
        self._folder = self._scratch.path
        self._limits = ProcessLimits(
            run=plan.seconds,
            init=plan.start_seconds,
            overhead=plan.seconds,
            memory=plan.memory_limit,
        )
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._server: ForkServerLink | None = None
        self._free: queue.LifoQueue[ModelProcess] = queue.LifoQueue()
        self._living: set[ModelProcess] = set()
        self._ready = threading.Event()
        self._closed = False
        self.error: InitFailedError | None = None
        """Why no process starts any more; None as long as they do."""

    @property
    def ready(self) -> bool:
        """Whether the model has been loaded, and can still be."""
        return self._ready.is_set() and self.error is None

    def start(self) -> None:
        """Begin to start all processes; returns at once."""
        for _ in range(self._plan.processes):
            self._replace()

    def ask(self, invocation: Invocation) -> Answer:
        """Have a request answered by the next free process; waits for one.

        A process that ended or had to be killed is replaced, and the request that it
        had is answered with an error: it is not known what it has done already.
        """
        process = self._next_free()
        if process is None:
            return Answer.refusal(503, str(self.error or "the server is stopping"))
        try:
            answer = process.ask(invocation)
        except ProcessLostError as lost:
            self._lose(process)
            return Answer.refusal(lost.status, str(lost))
        except ForkServerLostError:
            self._lose(process)
            return Answer.refusal(500, "the model process was killed")
        self._free.put(process)
        return answer

    def close(self) -> None:
        """Let every process call ``shutdown()``, and end them all."""
        self._closed = True
        with self._lock:
            living, server = list(self._living), self._server
        stopping = [threading.Thread(target=one.stop) for one in living]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        if server is not None:
            server.close()
        self._scratch.close()

    def _next_free(self) -> ModelProcess | None:
        while not self._closed and self.error is None:
            try:
                return self._free.get(timeout=0.2)
            except queue.Empty:
                continue
        return None

    def _lose(self, process: ModelProcess) -> None:
        with self._lock:
            self._living.discard(process)
        process.release()
        self._replace()

    def _replace(self) -> None:
        threading.Thread(target=self._bring_up, daemon=True).start()

    def _bring_up(self) -> None:
        """Start one process; what fails is tried again, a few times."""
        last: UserError | None = None
        for _ in range(_STARTS):
            if self._closed:
                return
            try:
                process = self._start_one()
                process.wait_ready()
            except InitError as failed:
                last = failed.error
            except ForkServerLostError:
                last = UserError("node lost", "the fork server of the model ended")
            else:
                with self._lock:
                    self._living.add(process)
                self._free.put(process)
                self._ready.set()
                return
        if last is not None:
            self.error = _start_error(last)

    def _start_one(self) -> ModelProcess:
        number = next(self._numbers)
        name = f"process{number % self._plan.processes:03d}"
        start = WorkerStart(number, name, part="", outputs=2)
        return ModelProcess(
            self._fork_server(),
            start,
            self._limits,
            setup=replace(self._plan.setup, folder=str(self._folder)),
            output=_OUTPUT,
        )

    def _fork_server(self) -> ForkServerLink:
        """Return the fork server; a new one when the last has gone."""
        with self._lock:
            if self._server is None or self._server.lost:
                preload = tuple(place.partition(":")[0] for place in _STARTUP)
                plan = ForkServerPlan(
                    CURRENT,
                    self._folder / "fork_server.txt",
                    preload,
                    program="azml_pipelines.serving.model_worker",
                )
                self._server = ForkServerLink(plan, self._node())
            return self._server

    def _node(self) -> NodeStart:
        plan = self._plan
        output = self._folder / "output"
        output.mkdir(mode=0o700, exist_ok=True)
        source = plan.source_directory or self._folder / "empty"
        source.mkdir(mode=0o700, exist_ok=True)
        return NodeStart(
            node="node000",
            entry_kind=plan.entry_kind,
            entry_options=plan.entry_options,
            source_directory=str(source),
            entry_script=plan.entry_script,
            inputs=[],
            output_action="summary_only",
            output_directory=str(output),
            parts="",
            logs=str(self._folder / "logs"),
            arguments=list(plan.arguments),
            environment={"AZUREML_BI_OUTPUT_PATH": str(output), **plan.environment},
            memory_limit=plan.memory_limit,
            startup=_STARTUP,
        )
