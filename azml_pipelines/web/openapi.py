"""The REST server's description of itself, for clients that are generated."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from azml_pipelines.web.messages import ResubmitRequest, SubmitRequest

__all__ = ["openapi"]

_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_ERRORS = {
    "400": "a value is not accepted",
    "401": "the token is missing or wrong",
    "403": "asked by another page, or under another name",
    "404": "nothing has this id",
    "409": "the idempotency key was used for another request",
    "413": "the body is too large",
    "415": "the body is not JSON",
    "503": "try again later",
}


def openapi() -> dict[str, Any]:
    """Return an OpenAPI 3.1 document."""
    _, definitions = models_json_schema(
        [(SubmitRequest, "validation"), (ResubmitRequest, "validation")],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "azml-pipelines", "version": "1"},
        "security": [{"token": []}],
        "paths": {
            "/pipelines/v1.0/PipelineRuns/PipelineSubmit/{id}": {
                "parameters": [_ID],
                "post": _start("Start a run of a published pipeline", "SubmitRequest"),
            },
            "/pipelines/v1.0/PipelineRuns/PipelineEndpointSubmit/{id}": {
                "parameters": [_ID],
                "post": _start("Start a run of a pipeline endpoint", "SubmitRequest"),
            },
            "/api/v1/pipelines": {"get": _operation("Published pipelines")},
            "/api/v1/pipelines/{id}": {
                "parameters": [_ID],
                "get": _operation("A published pipeline and its parameters"),
            },
            "/api/v1/runs": {
                "get": _operation("The latest 100 runs, the newest first")
            },
            "/api/v1/runs/{id}": {
                "parameters": [_ID],
                "get": _operation("The state of a run and its steps"),
            },
            "/api/v1/runs/{id}/cancel": {
                "parameters": [_ID],
                "post": {
                    **_operation("Ask a run to stop"),
                    **_body({"type": "object"}),
                },
            },
            "/api/v1/runs/{id}/resubmit": {
                "parameters": [_ID],
                "post": _start("Run it again, with other values", "ResubmitRequest"),
            },
            "/api/v1/openapi.json": {"get": _operation("This document")},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**definitions.get("$defs", {}), "Error": _error()},
        },
    }


def _start(summary: str, body: str) -> dict[str, Any]:
    return {
        **_operation(summary),
        "parameters": [_KEY],
        **_body({"$ref": f"#/components/schemas/{body}"}),
    }


def _body(schema: dict[str, str]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def _operation(summary: str) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    anything = {"application/json": {"schema": {"type": "object"}}}
    return {
        "summary": summary,
        "responses": {
            "200": {"description": "done", "content": anything},
            **{
                status: {"description": said, "content": error}
                for status, said in _ERRORS.items()
            },
        },
    }


def _error() -> dict[str, Any]:
    text = {"type": "string"}
    inner = {
        "type": "object",
        "properties": {"code": text, "message": text},
        "required": ["code", "message"],
    }
    return {"type": "object", "properties": {"error": inner}, "required": ["error"]}
