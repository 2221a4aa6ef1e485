"""Errors in the shape that OpenAI's clients understand, with the status they expect."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

_INVALID = "invalid_request_error"
_UPSTREAM = "upstream_error"

_STATUS = {
    "invalid_request": (400, _INVALID),
    "unknown_route": (404, _INVALID),
    "idempotency_conflict": (409, _INVALID),
    "model_not_found": (404, _INVALID),
    "body_too_large": (413, _INVALID),
    "not_found": (404, _INVALID),
    "method_not_allowed": (405, _INVALID),
    "host_forbidden": (421, _INVALID),
    "origin_forbidden": (403, _INVALID),
    "request_rejected": (400, _INVALID),
    "shutting_down": (503, "server_error"),
    "deadline_exceeded": (504, "timeout_error"),
    "all_providers_failed": (502, _UPSTREAM),
    "stream_broken": (502, _UPSTREAM),
}

_ADVICE: Mapping[str, tuple[bytes, bytes]] = {
    "idempotency_conflict": (b"x-should-retry", b"false"),  # for its status clients would ask again, and in vain
    "shutting_down": (b"retry-after", b"1"),
}


def error_body(code: str, message: str, *, param: str | None = None, **extra: Any) -> dict[str, Any]:
    """Give the body of an error."""
    _, kind = _STATUS.get(code, (0, "server_error"))
    return {"error": {"message": message, "type": kind, "param": param, "code": code, **extra}}


def status_of(code: str) -> int:
    """Give the status of an error code."""
    return _STATUS.get(code, (int(HTTPStatus.INTERNAL_SERVER_ERROR), ""))[0]


def advice_on(code: str) -> Sequence[tuple[bytes, bytes]]:
    """Give the headers that say whether, and when, a client should ask again after an error of ours."""
    return [_ADVICE[code]] if code in _ADVICE else []
