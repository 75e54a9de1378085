"""The server's process: its port, its variables, whether it is ready, its end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from azml_pipelines.worker.inference_server.client import Client, ServerGoneError

if TYPE_CHECKING:
    from azml_pipelines.worker.inference_server.options import ServerOptions

__all__ = ["ServerFailedError", "ServerLimits", "ServerProcess"]

_PING_SECONDS = 2.0
_FIRST_LOOK, _LAST_LOOK = 0.05, 1.0
_GRACE_SECONDS = 5.0
_MEGABYTE = 1 << 20
_DEFAULT_MEGABYTES = 6
_LISTENING = "0A"
_OK = 200


class ServerFailedError(Exception):
    """The server does not start."""


@dataclass(frozen=True)
class ServerLimits:
    """What a server takes: as the job says, else as the server does, else a default."""

    payload_bytes: int
    """0 for no limit."""
    concurrency: int
    single: bool
    """Whether each record travels alone."""


class ServerProcess:
    """One running server.

    Args:
        options: How it is started.
        model: Local folder of its model; None when it has none.
        folder: For what it takes for ``/opt/ml``; it exists.
    """

    def __init__(
        self,
        options: ServerOptions,
        model: Optional[str],  # noqa: UP045 - worker/ runs on Python 3.9 too
        folder: str,
    ) -> None:
        self._options = options
        self.port = _free_port()
        words = {"port": str(self.port), "model_dir": model or ""}
        command = [_filled(word, words) for word in options.command]
        environment = {**os.environ, **options.environment, **self._variables(folder)}
        if model is not None:
            place = os.path.join(folder, "model")
            if not os.path.islink(place):
                os.symlink(model, place)
            environment.setdefault("AZUREML_MODEL_DIR", model)
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, env=environment
            )
        except OSError as error:
            msg = f"the server {command[0]!r} cannot be started: {error.strerror}"
            raise ServerFailedError(msg) from error
        self._client = Client(self.port, 0)

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    @property
    def ending(self) -> str:
        """How its process ended."""
        code = self._process.poll()
        if code is None:
            return "it is running"
        if code < 0:
            return f"it was ended by {signal.Signals(-code).name}"
        return f"it ended with exit code {code}"

    def wait_ready(self) -> None:
        """Wait until ``/ping`` answers 200.

        Raises:
            ServerFailedError: It ended, did not answer in ``startup_timeout``, or
                somebody else's program has its port.
        """
        deadline = time.monotonic() + self._options.startup_timeout
        pause = _FIRST_LOOK
        said = "nothing"
        while time.monotonic() < deadline:
            if not self.alive:
                msg = f"the server did not start: {self.ending}"
                raise ServerFailedError(msg)
            with contextlib.suppress(ServerGoneError):
                status, _ = self._client.get("/ping", _PING_SECONDS)
                if status == _OK:
                    self._check_owner()
                    return
                said = str(status)
            time.sleep(pause)
            pause = min(2 * pause, _LAST_LOOK)
        msg = (
            f"the server answered /ping on port {self.port} with {said} for "
            f"startup_timeout={self._options.startup_timeout:g} s; it has to listen "
            "where SAGEMAKER_BIND_TO_PORT, PORT or {port} in command says"
        )
        raise ServerFailedError(msg)

    def limits(self) -> ServerLimits:
        """Ask the server what it takes, where the job does not say."""
        offered = self._offered()
        options = self._options
        megabytes = options.max_payload_in_mb
        if megabytes is None:
            megabytes = _number(offered.get("MaxPayloadInMB"), _DEFAULT_MEGABYTES)
        concurrency = options.max_concurrent_transforms
        if not concurrency:
            concurrency = _number(offered.get("MaxConcurrentTransforms"), 1)
        strategy = options.batch_strategy or str(offered.get("BatchStrategy", ""))
        plain = strategy.replace("_", "").lower()
        return ServerLimits(
            megabytes * _MEGABYTE, max(concurrency, 1), plain.startswith("single")
        )

    def close(self) -> None:
        """Ask it to end, and kill it if it does not in five seconds."""
        self._client.close()
        if self.alive:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_SECONDS)
        if self.alive:
            self._process.kill()
            self._process.wait()

    def _variables(self, folder: str) -> dict[str, str]:
        options = self._options
        variables = {
            "PORT": str(self.port),
            "SAGEMAKER_BASE_DIR": folder,
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
        }
        if options.max_payload_in_mb is not None:
            variables["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(options.max_payload_in_mb)
        if options.batch_strategy is not None:
            single = options.batch_strategy.lower().startswith("single")
            strategy = "SINGLE_RECORD" if single else "MULTI_RECORD"
            variables["SAGEMAKER_BATCH_STRATEGY"] = strategy
        if options.max_concurrent_transforms is not None:
            count = str(options.max_concurrent_transforms)
            variables["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = count
        return variables

    def _offered(self) -> dict[str, object]:
        try:
            status, body = self._client.get("/execution-parameters", _PING_SECONDS)
            offered = json.loads(body) if status == _OK else {}
        except (ServerGoneError, ValueError):
            return {}
        return offered if isinstance(offered, dict) else {}

    def _check_owner(self) -> None:
        """See that the port is held by a process that was started here.

        Raises:
            ServerFailedError: It is somebody else's.
        """
        sockets = _listening_sockets(self.port)
        # Not below this process: what loses its parent falls to the fork server.
        if sockets and not sockets & _sockets_below(os.getppid()):
            msg = (
                f"port {self.port} is held by a program that this step did not start; "
                "its answers are not used"
            )
            raise ServerFailedError(msg)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _filled(word: str, words: dict[str, str]) -> str:
    return re.sub(r"\{(port|model_dir)\}", lambda found: words[found[1]], word)


def _number(value: object, default: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        return default
    return int(value)


def _listening_sockets(port: int) -> set[str]:
    """Return the inodes of the sockets that listen on a port of this machine."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), open(table) as lines:
            for line in list(lines)[1:]:
                fields = line.split()
                own = fields[1].rpartition(":")[2]
                if fields[3] == _LISTENING and int(own, 16) == port:
                    found.add(fields[9])
    return found


def _sockets_below(root: int) -> set[str]:
    """Return the inodes of the sockets that a process and its descendants hold."""
    parents = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
            parents[int(name)] = int(fields[1])
    found = set()
    for process in parents:
        above = process
        while above not in (root, 0, 1):
            above = parents.get(above, 0)
        if above == root:
            found |= _sockets_of(process)
    return found


def _sockets_of(process: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            target = os.readlink(f"/proc/{process}/fd/{descriptor}")
            if target.startswith("socket:["):
                found.add(target[8:-1])
    return found
