"""A server that is kept running, and the requests of one file after the other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Optional, Union

from azml_pipelines.worker.inference_server.client import (
    PortTakenError,
    Refused,
    Response,
    ServerGoneError,
    TooLargeError,
)
from azml_pipelines.worker.inference_server.payloads import (
    Payload,
    RecordTooLargeError,
    pack,
)
from azml_pipelines.worker.inference_server.process import (
    ServerFailedError,
    ServerLimits,
    ServerProcess,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.worker.containers.engines import PreparedImage
    from azml_pipelines.worker.inference_server.client import Client
    from azml_pipelines.worker.inference_server.options import ServerOptions
    from azml_pipelines.worker.inference_server.records import Record

__all__ = ["Answers", "BadRecord", "Conversation", "ScoringError"]

_BAD_INPUT = frozenset({400, 413, 422, 500})
"""Answers that may be about one record of many; servers use 500 for bad input, too."""
_PORTS_TRIED = 3


@dataclass(frozen=True)
class BadRecord:
    """What stands in the place of an answer for one record that was refused."""

    reason: str


Answers = list[tuple[Union[Response, BadRecord], int]]


class ScoringError(Exception):
    """A file or some rows cannot be scored; the message says which and why."""


class Conversation:
    """Starts a server, asks it, starts it again when it ends.

    Args:
        options: How it is started, and what it is sent.
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
        self._image = image
        self._options = options
        self._model = model
        self._folder = folder
        self._server: Optional[ServerProcess] = None  # noqa: UP045
        self._limits = ServerLimits(0, 1, single=False)
        self._threads: Optional[ThreadPoolExecutor] = None  # noqa: UP045
        self._own = threading.local()
        self._clients: list[Client] = []
        self._restarting = threading.Lock()
        self._may_restart = False

    def start(self) -> None:
        """Start the server and ask what it takes.

        Raises:
            ServerFailedError: It does not come up.
        """
        for tries_left in reversed(range(_PORTS_TRIED)):
            server = ServerProcess(
                self._options, self._model, self._folder, self._image
            )
            self._server = server
            try:
                server.wait_ready()
                break
            except PortTakenError as error:
                # Between the choice of a port and its use, anybody may take it.
                server.close()
                if not tries_left:
                    raise ServerFailedError(str(error)) from error
            except BaseException:
                server.close()
                raise
        if self._threads is None:
            self._limits = server.limits()
            self._threads = ThreadPoolExecutor(self._limits.concurrency)

    def begin_mini_batch(self) -> None:
        """From now on the server may be started again, once."""
        self._may_restart = True

    def score(self, name: str, records: Sequence[Record], header: bytes) -> Answers:
        """Have the records of one file scored.

        Args:
            name: Of the file, for what is said.
            records: In order.
            header: What each request begins with.

        Returns:
            The responses in order, each with how many records it is for.

        Raises:
            ScoringError: The server refuses some of them, or cannot be kept running.
        """
        limits = self._limits
        if self._threads is None:
            msg = "the server has not been started"
            raise ScoringError(msg)

        def ask(payload: Payload) -> Answers:
            return self._ask(name, payload, records, header)

        try:
            payloads = list(
                pack(records, limits.payload_bytes, header=header, single=limits.single)
            )
        except RecordTooLargeError as error:
            msg = f"{name}: {error}"
            raise ScoringError(msg) from error
        return [one for part in self._threads.map(ask, payloads) for one in part]

    def close(self) -> None:
        """End the server."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for client in self._clients:
            client.close()
        if self._server is not None:
            self._server.close()

    def _ask(
        self, name: str, payload: Payload, records: Sequence[Record], header: bytes
    ) -> Answers:
        """Ask for one payload; of one that is too large, in halves.

        Where records are looked for one by one, so it is done with one that has a bad
        record in it.
        """
        try:
            answer = self._invoke(payload.body)
        except TooLargeError:
            if payload.count == 1:
                return self._bad(name, payload, "larger than the server takes")
            self._learn(len(payload.body) // 2)
            return self._in_halves(name, payload, records, header)
        except Refused as error:
            if error.status not in _BAD_INPUT or not self._options.bisects:
                raise _failed(name, payload, error) from error
            if payload.count == 1:
                return self._bad(name, payload, str(error))
            return self._in_halves(name, payload, records, header)
        except (ServerGoneError, PortTakenError) as error:
            raise _failed(name, payload, error) from error
        return [(answer, payload.count)]

    def _bad(self, name: str, payload: Payload, reason: str) -> Answers:
        """Give one record up, and its file with it unless the others are kept.

        Raises:
            ScoringError: They are not.
        """
        if not self._options.bisects:
            raise _failed(name, payload, reason)
        return [(BadRecord(reason), 1)]

    def _learn(self, payload_bytes: int) -> None:
        """Remember what this server takes."""
        smaller = max(payload_bytes, 1)
        known = self._limits.payload_bytes
        if not known or smaller < known:
            self._limits = replace(self._limits, payload_bytes=smaller)

    def _in_halves(
        self, name: str, payload: Payload, records: Sequence[Record], header: bytes
    ) -> Answers:
        middle = payload.first + payload.count // 2
        end = payload.first + payload.count
        answers: Answers = []
        for begin, stop in ((payload.first, middle), (middle, end)):
            part = records[begin:stop]
            body = header + b"".join(record.framed for record in part)
            half = Payload(begin, stop - begin, body)
            answers += self._ask(name, half, records, header)
        return answers

    def _invoke(self, body: bytes) -> Response:
        """Send one body; if the server has ended, start it again and send once more.

        Raises:
            Refused: The server does not answer this body.
            TooLargeError: The same, because of its size.
            ServerGoneError: It ended twice, or does not answer.
        """
        options = self._options
        while True:
            server = self._server
            if server is None:
                msg = "the server has not been started"
                raise ServerGoneError(msg)
            deadline = time.monotonic() + options.invocations_timeout_in_seconds
            try:
                return self._client(server).invoke(
                    body,
                    options.content_type,
                    options.accept,
                    deadline,
                    alive=partial(getattr, server, "alive"),
                )
            except (ServerGoneError, PortTakenError) as gone:
                self._restart(server, gone)

    def _restart(
        self, ended: ServerProcess, gone: ServerGoneError | PortTakenError
    ) -> None:
        """Start a server in the place of one that has ended, or has lost its port.

        Raises:
            ServerGoneError: It has not ended, or a second one would be needed.
        """
        with self._restarting:
            if self._server is not ended:
                return
            # Who loses its connection may hear of it before the end has been noticed.
            for _ in range(20):
                if not ended.alive:
                    break
                time.sleep(0.05)
            if ended.alive and isinstance(gone, ServerGoneError):
                raise gone
            if not self._may_restart:
                msg = f"the server ended twice with this mini-batch; {ended.ending}"
                raise ServerGoneError(msg) from gone
            self._may_restart = False
            ended.close()
            try:
                self.start()
            except ServerFailedError as error:
                msg = f"the server ended, and another one does not start: {error}"
                raise ServerGoneError(msg) from error

    def _client(self, server: ServerProcess) -> Client:
        """Return the connection that this thread has to a server."""
        known: Optional[Client] = getattr(self._own, "client", None)  # noqa: UP045
        if known is not None and getattr(self._own, "server", None) is server:
            return known
        if known is not None:
            known.close()
        client = server.client(self._options.invocations_max_retries)
        self._own.client, self._own.server = client, server
        self._clients.append(client)
        return client


def _failed(name: str, payload: Payload, reason: object) -> ScoringError:
    return ScoringError(f"{_where(name, payload)}: {reason}")


def _where(name: str, payload: Payload) -> str:
    last = payload.first + payload.count - 1
    if payload.count == 1:
        return f"{name}, record {payload.first}"
    return f"{name}, records {payload.first} to {last}"
