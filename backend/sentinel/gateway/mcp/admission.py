"""What an HTTP request to `/mcp` must be before the SDK sees it: the same strict answer in both eras.

The SDK takes a request whose id is no id for a notification, and accepts it without an answer; NaN and half characters
would travel on to tools. Every refusal is an error of JSON-RPC, with the request's id where that is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import pydantic_core
from mcp.server.streamable_http import check_accept_headers
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope

from sentinel.tools.transport.framing import CROWDED, is_crowded

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not served, as HTTP and as JSON-RPC."""

    message: str
    status: HTTPStatus = HTTPStatus.BAD_REQUEST
    code: int = INVALID_REQUEST
    request_id: str | int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        """Give the answer."""
        error = {"code": self.code, "message": self.message}
        body = {"jsonrpc": "2.0", "id": self.request_id, "error": error}
        return JSONResponse(body, self.status, headers=self.headers)


def refusal_of_head(scope: Scope, *, allowed: str) -> Refusal | None:
    """Look at what comes before the body. `allowed` are the HTTP methods of the request's era."""
    request = Request(scope)
    if request.method != "POST":
        message = f"Method not allowed: {request.method}"
        return Refusal(message=message, status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"allow": allowed})
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        message = f"Unsupported media type: the content type must be {_JSON}"
        return Refusal(message=message, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if not all(check_accept_headers(request)):
        message = f"Not acceptable: the client must accept {_JSON} and text/event-stream"
        return Refusal(message=message, status=HTTPStatus.NOT_ACCEPTABLE)
    return None


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int) -> bytes | Refusal:
    """Read the body, or no further than it may go.

    Raises:
        ClientDisconnect: the caller has left.
    """
    too_large = Refusal(
        message=f"Request body too large: at most {max_bytes} bytes", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    )
    announced = Request(scope).headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        return too_large
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > max_bytes:
            return too_large
    return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read once more, and then whatever comes after it."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return parts.pop() if parts else await receive()

    return receive_again


def refusal_of_body(body: bytes) -> Refusal | None:
    """Look at the message: one request, notification or response of JSON-RPC."""
    if is_crowded(body):
        return Refusal(message=f"Request too large: {CROWDED}", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        message = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        return Refusal(message=f"Parse error: {error}", code=PARSE_ERROR)
    if not isinstance(message, dict):
        return Refusal(message="Invalid request: the body must be one JSON-RPC message; batches are not supported")
    fault = _fault(message)
    request_id = message.get("id")
    known_id = request_id if _is_id(request_id) else None
    if fault is not None:
        return Refusal(message=f"Invalid request: {fault}", request_id=known_id)
    if not isinstance(message.get("params"), dict | None):
        return Refusal(message="Invalid params: they must be an object", code=INVALID_PARAMS, request_id=known_id)
    return None


def _fault(message: Mapping[str, Any]) -> str | None:
    if message.get("jsonrpc") != "2.0":
        return "jsonrpc must be '2.0'"
    if "id" in message and not _is_id(message["id"]):
        return "the id must be a string or an integer"
    answers = [name for name in ("result", "error") if name in message]
    if "method" not in message:
        return None if len(answers) == 1 and "id" in message else "the method is missing"
    if not isinstance(message["method"], str) or not message["method"]:
        return "the method must be a name"
    return "a request has neither result nor error" if answers else None


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
