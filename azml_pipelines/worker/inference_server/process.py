"""The server's process: its port, its variables, whether it is ready, its end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from azml_pipelines.worker.containers.container import Container
from azml_pipelines.worker.containers.engines import MODEL, PORT
from azml_pipelines.worker.inference_server.client import (
    Client,
    PortTakenError,
    ServerGoneError,
)
from azml_pipelines.worker.inference_server.port_owner import (
    free_port,
    listening_sockets,
    processes_below,
    processes_marked,
    sockets_of,
)
from azml_pipelines.worker.inference_server.server_output import ServerOutput

if TYPE_CHECKING:
    from azml_pipelines.worker.containers.engines import PreparedImage
    from azml_pipelines.worker.inference_server.options import ServerOptions

__all__ = ["TOKEN_VARIABLE", "ServerFailedError", "ServerLimits", "ServerProcess"]

TOKEN_VARIABLE = "AZML_SERVER_TOKEN"  # noqa: S105 - its name
"""What a server of ours asks of whoever wants an answer; a new one at each start."""

_PING_SECONDS = 2.0
_FIRST_LOOK, _LAST_LOOK = 0.05, 1.0
_GRACE_SECONDS = 5.0
_MEGABYTE = 1 << 20
_DEFAULT_MEGABYTES = 6
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
        image: The container image that it is in, if it is in one.
    """

    def __init__(
        self,
        options: ServerOptions,
        model: Optional[str],  # noqa: UP045 - worker/ runs on Python 3.9 too
        folder: str,
        image: Optional[PreparedImage] = None,  # noqa: UP045
    ) -> None:
        self._options = options
        self.port = free_port()
        self._token = secrets.token_urlsafe()
        self._own_sockets: set[str] = set()
        self._output = ServerOutput()
        self._container: Optional[Container] = None  # noqa: UP045
        try:
            if image is None:
                self._process = self._start_program(model, folder)
            else:
                self._process = self._start_container(image, model)
        except OSError as error:
            what = image.engine if image is not None else options.command[0]
            msg = f"the server {what!r} cannot be started: {error.strerror}"
            raise ServerFailedError(msg) from error
        finally:
            self._output.started()
        self._client = self.client(0)

    def _start_program(
        self,
        model: Optional[str],  # noqa: UP045
        folder: str,
    ) -> subprocess.Popen[bytes]:
        options = self._options
        words = {
            "port": str(self.port),
            "model_dir": model or "",
            "python": sys.executable,
        }
        command = [_filled(word, words) for word in options.command]
        environment = {**os.environ, **options.environment, **self._variables()}
        environment["SAGEMAKER_BASE_DIR"] = folder
        if model is not None:
            place = os.path.join(folder, "model")
            if not os.path.islink(place):
                os.symlink(model, place)
            environment.setdefault("AZUREML_MODEL_DIR", model)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._output.descriptor,
            stderr=self._output.descriptor,
            env=environment,
        )

    def _start_container(
        self,
        image: PreparedImage,
        model: Optional[str],  # noqa: UP045
    ) -> subprocess.Popen[bytes]:
        words = {"port": str(PORT), "model_dir": MODEL, "python": "python3"}
        variables = {**self._options.environment, **self._variables()}
        if model is not None:
            variables.setdefault("AZUREML_MODEL_DIR", MODEL)
        self._container = Container(
            image,
            [_filled(word, words) for word in self._options.command],
            model,
            variables,
            port=self.port,
            output=self._output.descriptor,
        )
        self.port = self._container.port
        return self._container.process

    def client(self, retries: int) -> Client:
        """Return a new connection to it, which is made when it is first used."""
        if self._container is None:
            check = self._check_owner
            return Client(self.port, retries, token=self._token, check=check)
        connect = self._container.connect
        return Client(self.port, retries, token=self._token, connect=connect)

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
            ServerFailedError: It ended, or did not answer in ``startup_timeout``.
            PortTakenError: Somebody else's program has its port.
        """
        deadline = time.monotonic() + self._options.startup_timeout
        pause = _FIRST_LOOK
        said = "nothing"
        while time.monotonic() < deadline:
            if not self.alive:
                if self._container is None:
                    with contextlib.suppress(ConnectionRefusedError):
                        self._check_owner()
                self._output.wait(_GRACE_SECONDS)
                msg = f"the server did not start: {self.ending}{self._output.tail}"
                raise ServerFailedError(msg)
            with contextlib.suppress(ServerGoneError):
                status, _ = self._client.get("/ping", _PING_SECONDS)
                if status == _OK:
                    return
                said = str(status)
            time.sleep(pause)
            pause = min(2 * pause, _LAST_LOOK)
        msg = (
            f"the server answered /ping on port {self.port} with {said} for "
            f"startup_timeout={self._options.startup_timeout:g} s; it has to listen "
            "where SAGEMAKER_BIND_TO_PORT, PORT or {port} in command says"
            f"{self._output.tail}"
        )
        raise ServerFailedError(msg)

    def limits(self) -> ServerLimits:
        """Ask the server what it takes, where the job does not say."""
        offered = self._offered()
        # A server with one thread would wait on this connection, and answer no other.
        self._client.close()
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
        """Ask it to end, and kill what is left of it after five seconds.

        What it has started, and what has left it and its process group, is known by
        the token that all of them have inherited.
        """
        self._client.close()
        if self.alive:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_SECONDS)
        while left := processes_marked(self._mark):
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(_FIRST_LOOK)
        self._process.wait()
        if self._container is not None:
            self._container.close()

    def _variables(self) -> dict[str, str]:
        options = self._options
        variables = {
            TOKEN_VARIABLE: self._token,
            "PORT": str(self.port),
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
        """See that the port is held by a process of this server.

        That is the process that was started and what descends from it, and whatever has
        inherited its token: a program that a server has left behind, with variables of
        its own, is a stranger like all others.

        Raises:
            PortTakenError: It is somebody else's.
            ConnectionRefusedError: Nobody listens any more.
        """
        found = listening_sockets(self.port)
        # Without such a table nobody can be accused.
        if found is None or found & self._own_sockets:
            return
        if not found:
            msg = f"nobody listens on port {self.port}"
            raise ConnectionRefusedError(msg)
        own = processes_below(self._process.pid)
        own.update(processes_marked(self._mark))
        ours = found & sockets_of(own)
        if not ours:
            msg = (
                f"port {self.port} is held by a program that this step did not start; "
                "its answers are not used"
            )
            raise PortTakenError(msg)
        self._own_sockets = ours

    @property
    def _mark(self) -> bytes:
        """The variable that all processes of this server have inherited."""
        return f"{TOKEN_VARIABLE}={self._token}".encode()


def _filled(word: str, words: dict[str, str]) -> str:
    return re.sub(r"\{(port|model_dir|python)\}", lambda found: words[found[1]], word)


def _number(value: object, default: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        return default
    return int(value)
