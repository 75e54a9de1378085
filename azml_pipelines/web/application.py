"""The routes of the REST server; whoever asks is checked before any is reached.

Nothing here waits for the disk: threads do the work, so the loop always answers.
"""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import tornado.web
from pydantic import BaseModel, ValidationError

from azml_pipelines.errors import (
    AzmlError,
    IdempotencyError,
    RunNotFoundError,
    WorkspaceException,
)
from azml_pipelines.masking import mask
from azml_pipelines.pipeline.problems import one_line as validation_line
from azml_pipelines.printable import one_line
from azml_pipelines.web.guard import Visit
from azml_pipelines.web.messages import ResubmitRequest, SubmitRequest
from azml_pipelines.web.openapi import openapi
from azml_pipelines.web.service import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.web.guard import Guard
    from azml_pipelines.web.service import Service

__all__ = ["BODY_BYTES", "make_application"]

BODY_BYTES = 1 << 20
"""Larger bodies are refused: values are names and numbers, not data."""
_THREADS = 8
_WAITING = 256
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_log = logging.getLogger(__name__)
B = TypeVar("B", bound=BaseModel)


@dataclass
class _Desk:
    """Does the work of requests in threads, and counts them."""

    service: Service
    guard: Guard
    threads: ThreadPoolExecutor
    in_hand: int = 0

    async def do(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self.in_hand += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.threads, work)
        finally:
            self.in_hand -= 1


class _Handler(tornado.web.RequestHandler):
    """What all routes have in common: who may ask, and one-line errors in JSON."""

    def initialize(self, desk: _Desk) -> None:
        self.desk = desk

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        headers = {
            name.lower(): self.request.headers.get_list(name)
            for name in self.request.headers
        }
        method = str(self.request.method)
        refusal = self.desk.guard.objection(Visit(method, headers))
        if refusal is not None:
            if refusal.status == HTTPStatus.UNAUTHORIZED:
                self.set_header("WWW-Authenticate", "Bearer")
            self.refuse(refusal.status, refusal.code, refusal.message)
        elif self.desk.in_hand >= _WAITING:
            self.set_header("Retry-After", "1")
            self.refuse(503, "busy", f"{_WAITING} requests are waiting")

    def refuse(self, status: int, code: str, message: str) -> None:
        """End this request with an error in one line."""
        self.set_status(status)
        self.give({"error": {"code": code, "message": mask(message)}})

    def give(self, answer: dict[str, Any]) -> None:
        """End this request with JSON."""
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(answer))

    async def answer(self, work: Callable[[], dict[str, Any]]) -> None:
        """End this request with what ``work`` returns, or with its error."""
        try:
            self.give(await self.desk.do(work))
        except (RunNotFoundError, NotFoundError) as error:
            self.refuse(404, "not_found", one_line(error))
        except IdempotencyError as error:
            self.refuse(409, "key_used", one_line(error))
        except WorkspaceException as error:
            self.refuse(503, "unavailable", one_line(error))
        except AzmlError as error:
            self.refuse(400, "bad_request", one_line(error))

    def body(self, model: type[B]) -> B | None:
        """Return the body, or None after it was refused."""
        try:
            return model.model_validate_json(self.request.body)
        except ValidationError as error:
            self.refuse(400, "bad_request", f"{validation_line(error)}.")
            return None

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:  # noqa: ANN401 - tornado's
        """Print the traceback where the server was started, never into an answer."""
        if not isinstance(value, tornado.web.HTTPError):
            _log.error("%s failed", self.request.path, exc_info=(typ, value, tb))

    def write_error(self, status_code: int, **_: object) -> None:
        said = HTTPStatus(status_code)
        self.refuse(status_code, said.name.lower(), said.phrase)


class _Pipelines(_Handler):
    async def get(self) -> None:
        await self.answer(self.desk.service.pipelines)


class _Pipeline(_Handler):
    async def get(self, pipeline_id: str) -> None:
        await self.answer(lambda: self.desk.service.pipeline(pipeline_id))


class _Submit(_Handler):
    async def post(self, pipeline_id: str) -> None:
        body = self.body(SubmitRequest)
        if body is not None:
            key = self.request.headers.get("Idempotency-Key")
            service = self.desk.service
            await self.answer(lambda: service.submit(pipeline_id, body, key))


class _SubmitVersion(_Handler):
    async def post(self, endpoint_id: str) -> None:
        body = self.body(SubmitRequest)
        if body is not None:
            key = self.request.headers.get("Idempotency-Key")
            service = self.desk.service
            await self.answer(lambda: service.submit_version(endpoint_id, body, key))


class _Runs(_Handler):
    async def get(self) -> None:
        await self.answer(self.desk.service.runs)


class _Run(_Handler):
    async def get(self, run_id: str) -> None:
        await self.answer(lambda: self.desk.service.run(run_id))


class _Cancel(_Handler):
    async def post(self, run_id: str) -> None:
        await self.answer(lambda: self.desk.service.cancel(run_id))


class _Resubmit(_Handler):
    async def post(self, run_id: str) -> None:
        body = self.body(ResubmitRequest)
        if body is not None:
            key = self.request.headers.get("Idempotency-Key")
            service = self.desk.service
            await self.answer(lambda: service.resubmit(run_id, body, key))


class _OpenApi(_Handler):
    def get(self) -> None:
        self.give(openapi())


class _Nothing(_Handler):
    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            self.refuse(404, "not_found", "there is no such address")


ROUTES: tuple[tuple[str, type[_Handler]], ...] = (
    (r"/pipelines/v1\.0/PipelineRuns/PipelineSubmit/([^/]+)", _Submit),
    (r"/pipelines/v1\.0/PipelineRuns/PipelineEndpointSubmit/([^/]+)", _SubmitVersion),
    (r"/api/v1/pipelines", _Pipelines),
    (r"/api/v1/pipelines/([^/]+)", _Pipeline),
    (r"/api/v1/runs", _Runs),
    (r"/api/v1/runs/([^/]+)", _Run),
    (r"/api/v1/runs/([^/]+)/cancel", _Cancel),
    (r"/api/v1/runs/([^/]+)/resubmit", _Resubmit),
    (r"/api/v1/openapi\.json", _OpenApi),
)


def make_application(service: Service, guard: Guard) -> tornado.web.Application:
    """Return the routes of a server for one workspace."""
    given = {"desk": _Desk(service, guard, ThreadPoolExecutor(_THREADS, "ask"))}
    return tornado.web.Application(
        [(pattern, handler, given) for pattern, handler in ROUTES],
        default_handler_class=_Nothing,
        default_handler_args=given,
        log_function=lambda _: None,
    )
