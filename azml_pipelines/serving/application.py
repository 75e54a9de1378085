"""The routes: ``/ping``, ``/invocations``, ``/execution-parameters``.

Nothing here waits for user code: requests wait in threads, so the loop always answers.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import tornado.web

from azml_pipelines.serving.messages import Answer, Invocation
from azml_pipelines.worker.inference_server.client import TOKEN_HEADER

if TYPE_CHECKING:
    from azml_pipelines.serving.model_pool import ModelPool

__all__ = ["Admission", "Desk", "make_application"]

_MEGABYTE = 1 << 20
_READ_IN_VAIN = 64 * _MEGABYTE
_FILE_ATTRIBUTE = "file="
_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_COUNTED_HERE = 1 << 62
"""Tornado would close the connection without a word; bytes are counted here."""


@dataclass(frozen=True)
class Admission:
    """Who is let in, with how much."""

    payload_bytes: int = 6 * _MEGABYTE
    """The largest body."""
    waiting: int = 256
    """Requests that may wait for a free process."""
    hosts: frozenset[str] | None = None
    """Accepted ``Host`` names; None accepts any. A web page that a browser on this
    machine has open cannot reach a server that insists on its own name."""
    token: str | None = None
    """What ``Authorization: Bearer`` must say, or the header that worker processes
    send to a server that they have started; None asks for nothing."""


class Desk:
    """Hands requests to the model processes and counts those that wait.

    Args:
        pool: Answers.
        processes: How many requests it answers at the same time.
        admission: Who is let in, with how much.
    """

    def __init__(self, pool: ModelPool, processes: int, admission: Admission) -> None:
        self.pool = pool
        self.processes = processes
        self.admission = admission
        self.closing = False
        """Whether new requests are turned away."""
        self._numbers = itertools.count()
        self._in_hand = 0
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="ask")

    @property
    def idle(self) -> bool:
        """Whether no request is waiting for its answer."""
        return self._in_hand == 0

    def objection(self) -> str | None:
        """Say why no further request is taken just now; None when one is."""
        if self.closing:
            return "the server is stopping"
        if self._in_hand >= self.processes + self.admission.waiting:
            return f"{self.admission.waiting} requests are waiting"
        return None

    async def ask(self, request: _Request) -> Answer:
        """Wait for the answer to a request, without keeping the loop."""
        invocation = Invocation(
            next(self._numbers),
            request.content_type,
            request.accept,
            request.body,
            request.file_name,
        )
        self._in_hand += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self.pool.ask, invocation)
        finally:
            self._in_hand -= 1


@dataclass(frozen=True)
class _Request:
    content_type: str
    accept: str
    body: bytes
    file_name: str


class _Handler(tornado.web.RequestHandler):
    """What all routes have in common: who may ask, and one-line errors in JSON."""

    def initialize(self, desk: Desk) -> None:
        self.desk = desk

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        admission = self.desk.admission
        if (
            admission.hosts is not None
            and self.request.host_name not in admission.hosts
        ):
            self.refuse(403, f"Host {self.request.host_name!r} is not this server")
        elif "Origin" in self.request.headers and admission.hosts is not None:
            self.refuse(403, "requests of web pages are not accepted")
        elif admission.token is not None and not self._has_token(admission.token):
            self.set_header("WWW-Authenticate", "Bearer")
            self.refuse(401, "Authorization: Bearer with this server's token is needed")

    def _has_token(self, token: str) -> bool:
        headers = self.request.headers
        given = headers.get("Authorization", f"Bearer {headers.get(TOKEN_HEADER, '')}")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())

    def refuse(self, status: int, message: str) -> None:
        """End this request with an error in one line."""
        self.give(Answer.refusal(status, message))

    def give(self, answer: Answer) -> None:
        """End this request with an answer."""
        self.set_status(answer.status)
        self.set_header("Content-Type", answer.content_type)
        self.finish(answer.body)

    def write_error(self, status_code: int, **_: object) -> None:
        said = HTTPStatus(status_code).phrase
        self.refuse(status_code, f"{self.request.method} {self.request.path}: {said}")


class _Ping(_Handler):
    def get(self) -> None:
        if self.desk.pool.ready:
            self.set_header("Content-Type", "application/json")
            self.finish()
        else:
            self.refuse(503, str(self.desk.pool.error or "the model is being loaded"))


class _ExecutionParameters(_Handler):
    def get(self) -> None:
        offer = {
            "MaxConcurrentTransforms": self.desk.processes,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": self.desk.admission.payload_bytes // _MEGABYTE,
        }
        self.give(Answer(200, "application/json", json.dumps(offer).encode()))


@tornado.web.stream_request_body
class _Invocations(_Handler):
    """Reads the body as it comes; of one that is too large, nothing is kept.

    So much of it is read as a client may have sent before it looks for an answer: who
    closes earlier takes the answer away with the connection.
    """

    def initialize(self, desk: Desk) -> None:
        super().initialize(desk)
        self._chunks: list[bytes] = []
        self._size = 0

    def prepare(self) -> None:
        super().prepare()
        limit = self.desk.admission.payload_bytes
        if self._finished:
            return
        self.request.connection.set_max_body_size(_COUNTED_HERE)  # type: ignore[union-attr]
        announced = self.request.headers.get("Content-Length", "0")
        if announced.isdigit() and int(announced) > limit + _READ_IN_VAIN:
            self._too_large()
        elif self.request.method == "POST" and (why := self.desk.objection()):
            self.set_header("Retry-After", "1")
            self.refuse(503, why)

    def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._finished:
            return
        limit = self.desk.admission.payload_bytes
        if self._size > limit + _READ_IN_VAIN:
            self._too_large()
        elif self._size > limit:
            self._chunks.clear()
        else:
            self._chunks.append(chunk)

    async def post(self) -> None:
        limit = self.desk.admission.payload_bytes
        if self._size > limit:
            self.refuse(413, f"the body is larger than {limit} bytes")
            return
        headers = self.request.headers
        answer = await self.desk.ask(
            _Request(
                headers.get("Content-Type", ""),
                headers.get("Accept", ""),
                b"".join(self._chunks),
                _file_name(headers.get(_ATTRIBUTES, "")),
            )
        )
        self.give(answer)

    def _too_large(self) -> None:
        limit = self.desk.admission.payload_bytes
        self._chunks.clear()
        # The rest of the body is not read, so nothing can follow on this connection.
        self.set_header("Connection", "close")
        self.refuse(413, f"the body is larger than {limit} bytes")


class _Nothing(_Handler):
    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            self.refuse(404, f"there is no {self.request.path}")


def _file_name(attributes: str) -> str:
    """Return what ``file=…`` says among a request's custom attributes."""
    for attribute in attributes.split(","):
        key, found, value = attribute.strip().partition("=")
        if found and f"{key}=" == _FILE_ATTRIBUTE:
            return value.strip()
    return ""


def make_application(desk: Desk) -> tornado.web.Application:
    """Return the routes of a server that has its requests answered at ``desk``."""
    given = {"desk": desk}
    return tornado.web.Application(
        [
            ("/ping", _Ping, given),
            ("/invocations", _Invocations, given),
            ("/execution-parameters", _ExecutionParameters, given),
        ],
        default_handler_class=_Nothing,
        default_handler_args=given,
        log_function=lambda _: None,
    )
