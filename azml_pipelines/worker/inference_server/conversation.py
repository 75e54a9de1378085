"""A server that is kept running, and the requests of one file after the other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from azml_pipelines.worker.inference_server.client import (
    Client,
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
from azml_pipelines.worker.inference_server.process import ServerLimits, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.worker.inference_server.options import ServerOptions
    from azml_pipelines.worker.inference_server.records import Record

__all__ = ["Conversation", "ScoringError"]

Answers = list[tuple[Response, int]]


class ScoringError(Exception):
    """A file or some rows cannot be scored; the message says which and why."""


class Conversation:
    """Starts a server, asks it, starts it again when it ends.

    Args:
        options: How it is started, and what it is sent.
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
        server = ServerProcess(self._options, self._model, self._folder)
        self._server = server
        server.wait_ready()
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
        """Ask for one payload; of one that is too large, in halves."""
        try:
            answer = self._invoke(payload.body)
        except TooLargeError:
            if payload.count == 1:
                msg = f"{_where(name, payload)}: larger than the server takes"
                raise ScoringError(msg) from None
            return self._in_halves(name, payload, records, header)
        except (Refused, ServerGoneError) as error:
            msg = f"{_where(name, payload)}: {error}"
            raise ScoringError(msg) from error
        return [(answer, payload.count)]

    def _in_halves(
        self, name: str, payload: Payload, records: Sequence[Record], header: bytes
    ) -> Answers:
        """Send what was too large again, and remember what this server takes."""
        smaller = max(len(payload.body) // 2, 1)
        known = self._limits.payload_bytes
        if not known or smaller < known:
            self._limits = replace(self._limits, payload_bytes=smaller)
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
                    body, options.content_type, options.accept, deadline
                )
            except ServerGoneError as gone:
                self._restart(server, gone)

    def _restart(self, ended: ServerProcess, gone: ServerGoneError) -> None:
        """Start a server in the place of one that has ended.

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
            if ended.alive:
                raise gone
            if not self._may_restart:
                msg = f"the server ended twice with this mini-batch; {ended.ending}"
                raise ServerGoneError(msg) from gone
            self._may_restart = False
            ended.close()
            self.start()

    def _client(self, server: ServerProcess) -> Client:
        """Return the connection that this thread has to a server."""
        known: Optional[Client] = getattr(self._own, "client", None)  # noqa: UP045
        if known is not None and known.port == server.port:
            return known
        if known is not None:
            known.close()
        client = Client(server.port, self._options.invocations_max_retries)
        self._own.client = client
        self._clients.append(client)
        return client


def _where(name: str, payload: Payload) -> str:
    last = payload.first + payload.count - 1
    if payload.count == 1:
        return f"{name}, record {payload.first}"
    return f"{name}, records {payload.first} to {last}"
