"""One running container: started by its engine, spoken to through its network."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Optional

from azml_pipelines.worker.containers.engines import (
    CONTAINER_PREFIX,
    ENGINES,
    PORT,
    launch,
    said_by,
)
from azml_pipelines.worker.containers.network_door import NetworkDoor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.worker.containers.engines import PreparedImage

__all__ = ["Container", "remove_orphans"]

_LOOK_SECONDS = 0.05
_NAMES = "{{.Names}}"


def remove_orphans(image: PreparedImage) -> None:
    """End containers of worker processes that were killed, and have them forgotten.

    Those of podman and docker are no children of the process that asked for them.
    """
    if image.engine not in {"podman", "docker"}:
        return
    engine = (image.engine, *image.before)
    _, said = said_by(
        (
            *engine,
            "ps",
            "--all",
            "--filter",
            f"name=^{CONTAINER_PREFIX}",
            "--format",
            _NAMES,
        ),
        whole=True,
    )
    for name in said.split():
        pid = name[len(CONTAINER_PREFIX) :].partition("-")[0]
        if name.startswith(CONTAINER_PREFIX) and not os.path.exists(f"/proc/{pid}"):
            said_by((*engine, "rm", "--force", name))


class Container:
    """A server in a container.

    Args:
        image: As an engine of this node can run it.
        words: The program; empty for the image's own.
        model: Folder of the model.
        variables: Of the server.
        port: A free one of this machine, for engines that need it.
        output: Descriptor that it prints to.
    """

    def __init__(
        self,
        image: PreparedImage,
        words: Sequence[str],
        model: Optional[str],  # noqa: UP045 - worker/ runs on Python 3.9 too
        variables: dict[str, str],
        *,
        port: int,
        output: int,
    ) -> None:
        self._image = image
        self._engine = next(one for one in ENGINES if one.name == image.engine)
        self.port = PORT if self._engine.own_network else port
        # Behind a published port the server finds what hosting gives it, too.
        listens = port if image.engine == "apptainer" else PORT
        ports = dict.fromkeys(("PORT", "SAGEMAKER_BIND_TO_PORT"), str(listens))
        if image.engine == "docker":
            # What is published does not lead to the container's loopback address.
            ports["AZML_SERVER_HOST"] = "0.0.0.0"  # noqa: S104 - a container's
        self._door: Optional[NetworkDoor] = None  # noqa: UP045
        self._opening = threading.Lock()
        self._published = port
        name = f"{CONTAINER_PREFIX}{os.getpid()}-{port}"
        started = launch(
            image, words, model, {**variables, **ports}, name=name, port=port
        )
        self._name = started.name
        self._info, theirs = os.pipe()
        command = list(started.command)
        if image.engine == "bubblewrap":
            command[1:1] = ["--info-fd", str(theirs)]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=started.environment,
                pass_fds=[theirs],
            )
        finally:
            os.close(theirs)

    def connect(self, seconds: float) -> socket.socket:
        """Return a socket that is connected to the server.

        Raises:
            OSError: It does not listen, or has ended.
        """
        if not self._engine.own_network:
            return socket.create_connection(("127.0.0.1", self._published), seconds)
        with self._opening:
            if self._door is None:
                self._door = NetworkDoor(self._first_process(seconds))
        return self._door.connect(PORT, seconds)

    def close(self) -> None:
        """Have the engine forget it, when its process has ended."""
        if self._door is not None:
            self._door.close()
        os.close(self._info)
        if self._name:
            said_by((self._image.engine, *self._image.before, "rm", "-f", self._name))

    def _first_process(self, seconds: float) -> int:
        """Return the process whose network is the container's.

        Raises:
            ConnectionRefusedError: There is none yet, or none any more.
        """
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            found = self._asked()
            if found:
                return found
            time.sleep(_LOOK_SECONDS)
        msg = "the container has no process"
        raise ConnectionRefusedError(msg)

    def _asked(self) -> int:
        if self._image.engine == "bubblewrap":
            text = b""
            while b"}" not in text and (piece := os.read(self._info, 4096)):
                text += piece
            return int(json.loads(text)["child-pid"]) if text else 0
        wanted = ("inspect", "--format", "{{.State.Pid}}", self._name)
        code, said = said_by((self._image.engine, *self._image.before, *wanted))
        return int(said) if code == 0 and said.isdecimal() else 0
