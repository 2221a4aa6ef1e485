"""Errors as RFC 9457 problem documents. The only table of status codes; `docs/errors.md` describes each code."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope

from sentinel.api.schemas import CONVERSATION, QUESTION
from sentinel.errors import SentinelError
from sentinel.gateway.openai_errors import error_body, status_of
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
GATEWAY = "/v1"
"""Below this address clients expect OpenAI's errors."""
MCP = "/mcp"
"""Where the tools are served to agents outside."""

PROBLEM_RESPONSE: Mapping[str, Any] = MappingProxyType(
    {
        "description": "A problem (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemView"}}},
    }
)
"""Any error of the API, for the OpenAPI document."""

STATUS_OF_CODE: Mapping[str, int] = MappingProxyType(
    {
        "invalid_request": 422,
        "empty_input": 422,
        "input_too_long": 413,
        "unknown_route": 404,
        "unknown_target": 404,
        "unknown_breaker": 404,
        "unknown_tool": 404,
        "tool_changed": 409,
        "thread_not_found": 404,
        "message_not_found": 404,
        "run_not_found": 404,
        "request_not_found": 404,
        "not_found": 404,
        "method_not_allowed": 405,
        "thread_busy": 409,
        "idempotency_conflict": 409,
        "body_too_large": 413,
        "chaos_disabled": 403,
        "origin_forbidden": 403,
        "host_forbidden": 421,
        "request_rejected": 422,
        "all_providers_failed": 502,
        "stream_broken": 502,
        "deadline_exceeded": 504,
        "recursion_limit": 422,
        "run_interrupted": 500,
        "shutting_down": 503,
        "store_unavailable": 503,
        "store_error": 500,
        "internal_error": 500,
    }
)

_CODE_OF_STATUS = MappingProxyType({404: "not_found", 405: "method_not_allowed", 413: "body_too_large"})

_BODY = "body"
_NOT_IN_THE_BODY = frozenset({_BODY, QUESTION, CONVERSATION})
"""Parts of a fault's place that are ours, not the caller's."""

_TITLES = MappingProxyType(
    {
        "all_providers_failed": "No provider could answer",
        "stream_broken": "The answer broke off",
        "thread_busy": "This thread is answering another question",
        "deadline_exceeded": "The time for this request is over",
        "run_interrupted": "This run was interrupted too often",
    }
)


def problem(code: str, detail: str, trace_id: str, **extra: Any) -> dict[str, Any]:
    """Build the body of a problem document; the terminal `error` event carries the same."""
    return {
        "type": f"urn:sentinel:error:{code}",
        "title": _TITLES.get(code, code.replace("_", " ").capitalize()),
        "status": STATUS_OF_CODE.get(code, 500),
        "detail": detail,
        "code": code,
        "trace_id": trace_id,
        **extra,
    }


def problem_response(code: str, detail: str, trace_id: str, **extra: Any) -> JSONResponse:
    """Answer with a problem document."""
    body = problem(code, detail, trace_id, **extra)
    headers = {"Retry-After": "5"} if body["status"] == HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse(jsonable_encoder(body), body["status"], headers=headers, media_type=MEDIA_TYPE)


def refusal(scope: Scope, code: str, detail: str) -> JSONResponse:
    """Answer with an error in the shape that clients of this address understand."""
    if scope["path"].startswith(f"{GATEWAY}/"):
        return JSONResponse(error_body(code, detail), status_of(code))
    return problem_response(code, detail, scope.get("state", {}).get("request_id", ""))


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app a problem document."""
    app.add_exception_handler(SentinelError, _on_our_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)


def trace_id_of(request: Request) -> str:
    """Give the id under which this request is logged; the same as its `X-Request-ID`."""
    return str(request.scope.get("state", {}).get("request_id", ""))


async def _on_our_error(request: Request, error: Exception) -> JSONResponse:
    ours = cast("SentinelError", error)
    return problem_response(ours.code, ours.message, trace_id_of(request), **ours.extra)


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    invalid = cast("RequestValidationError", error)
    if unreadable := _unreadable(invalid):
        faults = [{"field": _BODY, "message": unreadable}]
        return problem_response("invalid_request", unreadable, trace_id_of(request), errors=faults)
    faults = [{"field": _field(fault["loc"]), "message": _message(fault)} for fault in invalid.errors()]
    detail = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults[:5])
    return problem_response("invalid_request", detail, trace_id_of(request), errors=faults)


def _unreadable(invalid: RequestValidationError) -> str | None:
    """Say why the body is no JSON at all; None if it is, or if there is none."""
    if isinstance(invalid.body, bytes):  # FastAPI reads only what is declared as JSON
        return 'the body is not declared as JSON; send it with the header "content-type: application/json"'
    first = invalid.errors()[0]
    if first["type"] != "json_invalid":
        return None
    text, position = str(invalid.body), int(first["loc"][-1])
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    return f"the body is not valid JSON: {first['ctx']['error']} (line {line}, column {column})"


def _message(fault: dict[str, Any]) -> str:
    return "must be a JSON object" if fault["type"] == "model_attributes_type" else str(fault["msg"])


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    refused = cast("HTTPException", error)
    code = _CODE_OF_STATUS.get(refused.status_code, "invalid_request")
    detail = f"{request.method} {request.url.path}: {refused.detail}"
    response = problem_response(code, detail, trace_id_of(request))
    response.headers.update(refused.headers or {})
    return response


def _field(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location if part not in _NOT_IN_THE_BODY) or _BODY
