"""What a caller is told when there is no answer: which error, which status, and when it may ask again."""

import math
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from sentinel.domain.attempts import Attempt
from sentinel.errors import Outcome
from sentinel.gateway.call import Call
from sentinel.gateway.receipts import Header
from sentinel.gateway.upstream import Refusal
from sentinel.resilience.refusal import RefusalCause

_RETRY_AFTER_SECONDS = 5.0
"""Said when nothing better is known."""
_UNKNOWN_MODEL = "unknown_model"
_SLOW = frozenset(
    {"first_token_timeout", "stall", "connect_timeout", "read_timeout", "request_timeout", "deadline_exceeded"}
)


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is none. `original` is the provider's own error body, if the caller shall see that."""

    code: str
    status: int
    message: str
    headers: tuple[Header, ...] = ()
    original: bytes | None = None


def failure_of(call: Call, refusal: Refusal | None) -> Failure:
    """Tell how to answer when no target could; `refusal` is what the last one said, if it said something."""
    called = call.ledger.called
    if refusal is not None and refusal.is_caller_s_fault and called and _is_refused(called[-1]):
        return _rejected(called[-1], refusal)
    unknown = _unknown_model(call)
    if unknown is not None:
        return Failure("model_not_found", HTTPStatus.NOT_FOUND, unknown)
    if called and all(attempt.cause == "unsupported" for attempt in called):
        return Failure("request_rejected", HTTPStatus.BAD_REQUEST, failure_text(call))
    if call.deadline.remaining() <= 0 or (called and called[-1].cause == "deadline_exceeded"):
        return _temporary(call, "deadline_exceeded", HTTPStatus.GATEWAY_TIMEOUT)
    return _temporary(call, "all_providers_failed", _status(called))


def _is_refused(last: Attempt) -> bool:
    """Whether the request itself was refused, and not what we have added to it."""
    return last.final and last.outcome is Outcome.NEUTRAL


def failure_text(call: Call) -> str:
    """Say in one line that nobody answered, and what was tried."""
    return f"no target of route {call.route.name!r} could answer ({_tried(call) or 'none was asked'})"


def broken_text(call: Call) -> str:
    """Say in one line that an answer broke off after some of it was sent, and what was tried."""
    return f"the answer broke off, and the text so far is all there is ({_tried(call)})"


def _tried(call: Call) -> str:
    return "; ".join(f"{a.target}: {(a.cause or '').replace('_', ' ')}" for a in call.attempts)


def _rejected(attempt: Attempt, refusal: Refusal) -> Failure:
    """The request itself was refused: others would be asked the same, and the caller has to change it."""
    original = refusal.body if _is_error_body(refusal.body) else None
    return Failure("request_rejected", refusal.status_code, attempt.detail or "", original=original)


def _unknown_model(call: Call) -> str | None:
    """Give what the only target of a route says of a model that it does not know, now or when it was last asked."""
    last = call.attempts[-1] if call.attempts else None
    if last is None or len(call.route.targets) > 1:
        return None
    if last.cause == _UNKNOWN_MODEL:
        return last.detail
    refusal = call.recovery.gate.refusal(call.route, last.target) if last.cause == RefusalCause.LATCHED else None
    return refusal.detail if refusal is not None and refusal.reason == _UNKNOWN_MODEL else None


def _temporary(call: Call, code: str, status: int) -> Failure:
    seconds = max(1, math.ceil(call.retry_after_seconds or _RETRY_AFTER_SECONDS))
    return Failure(code, status, failure_text(call), headers=((b"retry-after", str(seconds).encode()),))


def _status(called: tuple[Attempt, ...]) -> int:
    """504 if all were too slow, 503 if none could be asked or all want a pause, else 502."""
    if all(attempt.cause == "rate_limit" for attempt in called):
        return HTTPStatus.SERVICE_UNAVAILABLE
    is_slow = all(attempt.cause in _SLOW for attempt in called)
    return HTTPStatus.GATEWAY_TIMEOUT if is_slow else HTTPStatus.BAD_GATEWAY


def _is_error_body(body: bytes) -> bool:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(data, dict) and bool(data.get("error"))
