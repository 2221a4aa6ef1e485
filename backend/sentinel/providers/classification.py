"""From what went wrong on a wire to one error of our tree, with the cause that the failure table knows.

Three wires come here: `openai.py` and `ollama.py` with what their SDKs raise, the gateway with what it read itself.
What vendors and libraries call things is data (`vendor_codes`, `transport_errors`); what to do about a cause is decided
by `resilience.failure_table` alone. Nothing that leaves here holds a credential.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from sentinel.errors import (
    ProviderAuthError,
    ProviderEmptyError,
    ProviderError,
    ProviderModelError,
    ProviderPoolError,
    ProviderProtocolError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from sentinel.providers.kept_connections import stale_connection, was_kept
from sentinel.providers.retry_headers import forbids_retry, retry_after_seconds
from sentinel.providers.transport_errors import chain_of, distrusts_certificate, transport_cause
from sentinel.providers.vendor_codes import Report, cause_of
from sentinel.redaction import redact_text

ERROR_OF_CAUSE: Final[Mapping[str, type[ProviderError]]] = MappingProxyType(
    {
        "connection_refused": ProviderUnavailableError,
        "dns_failure": ProviderUnavailableError,
        "tls_failure": ProviderUnavailableError,
        "connection_lost": ProviderUnavailableError,
        "server_error": ProviderUnavailableError,
        "overloaded": ProviderUnavailableError,
        "connect_timeout": ProviderTimeoutError,
        "read_timeout": ProviderTimeoutError,
        "request_timeout": ProviderTimeoutError,
        "pool_timeout": ProviderPoolError,
        "stale_connection": ProviderPoolError,
        "malformed_frame": ProviderProtocolError,
        "not_json": ProviderProtocolError,
        "unreadable": ProviderProtocolError,
        "rate_limit": ProviderRateLimitedError,
        "quota": ProviderAuthError,
        "auth": ProviderAuthError,
        "unknown_model": ProviderModelError,
        "bad_generation": ProviderEmptyError,
        "bad_tool_json": ProviderEmptyError,
        "bad_request": ProviderRejectedError,
        "conflict": ProviderRejectedError,
        "caller_auth": ProviderRejectedError,
        "context_length": ProviderRejectedError,
        "content_filter": ProviderRejectedError,
        "cancelled": ProviderRejectedError,
    }
)
"""The error for every cause that classification gives; exchanges add those that only they can see."""

_DETAIL_CHARACTERS: Final = 300
_READ_CHARACTERS: Final = 4_000
_DEPTH: Final = 4
_WORD_KEYS: Final = ("code", "type", "status", "reason", "error_code", "error_type")
_NESTED_KEYS: Final = ("error", "details", "innererror", "metadata")
_STATUS: Final = re.compile(r"[45][0-9]{2}")


def from_response(
    status_code: int | None,
    body: object,
    message: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    now: datetime | None = None,
    is_callers_key: bool = False,
) -> ProviderError:
    """Classify an error that the provider itself reported, in an HTTP status or in mid-stream.

    `body` is what it sent, parsed or not; `message` stands in when the body has none. `headers` say whether and when
    to ask again; `now` is for dates in them. `is_callers_key`: the credential came with the caller's request, and is
    not ours to mend.
    """
    status = status_code if status_code and status_code > 0 and status_code != HTTPStatus.OK else None
    parsed = _parsed(body)
    text = _message(parsed) or (parsed if isinstance(parsed, str) else "") or message
    cause = cause_of(_report(status, parsed, text))
    if cause == "auth" and is_callers_key:
        cause = "caller_auth"
    return ERROR_OF_CAUSE[cause](
        f"the provider answered {f'HTTP {status}' if status else 'with an error event'}: {_shown(text)}",
        cause=cause,
        status_code=status,
        retry_after=retry_after_seconds(headers or {}, now=now),
        may_repeat=not forbids_retry(headers or {}),
    )


def from_exception(error: BaseException) -> ProviderError:
    """Classify an exception by the transport's or parser's exception behind it."""
    chain = list(chain_of(error))
    for link in chain:
        if isinstance(link, ProviderError):
            return link
    known = transport_cause(chain)
    if known is None:
        said = f"the answer could not be read ({type(error).__name__})"
        return ProviderProtocolError(_joined(said, str(error)), cause="unreadable")
    cause, link = known
    if cause == "connection_lost" and was_kept(chain):
        return stale_connection(link)
    said = _joined(cause.replace("_", " "), str(link))
    return ERROR_OF_CAUSE[cause](said, cause=cause, may_repeat=not distrusts_certificate(chain))


def scrub(text: str) -> str:
    """Give a foreign text as a short line without anything that looks like a credential."""
    cut = text[:_READ_CHARACTERS]
    if len(text) > _READ_CHARACTERS:
        cut = cut.rpartition(" ")[0]  # a credential that is cut in two would not look like one
    return redact_text(" ".join(cut.split()))[:_DETAIL_CHARACTERS]


def _shown(text: str) -> str:
    return "a web page" if text.lstrip().startswith("<") else scrub(text) or "no reason given"


def _joined(said: str, text: str) -> str:
    shown = scrub(text)
    return f"{said}: {shown}" if shown else said


def _parsed(body: object) -> object:
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _message(body: object) -> str:
    """Find the sentence that a body has for people; servers put it in four places."""
    if isinstance(body, list):
        return next((text for item in body[:1] if (text := _message(item))), "")
    if not isinstance(body, dict):
        return ""
    inner = body.get("error")
    if isinstance(inner, dict):
        return _message(inner)
    return next((text for text in (body.get("message"), inner, body.get("detail")) if isinstance(text, str)), "")


def _report(status: int | None, body: object, message: str) -> Report:
    said = list(_words(body, _DEPTH))
    if status is None:
        status = next((int(word) for word in said if _STATUS.fullmatch(word)), None)
    return Report(status, frozenset(word.lower() for word in said), message[:_READ_CHARACTERS].lower())


def _words(body: object, depth: int) -> Iterator[str]:
    """Give every code, type and reason in a body, wherever it is."""
    if depth == 0:
        return
    if isinstance(body, list):
        for item in body[:_DEPTH]:
            yield from _words(item, depth - 1)
    elif isinstance(body, dict):
        yield from (str(body[key]) for key in _WORD_KEYS if isinstance(body.get(key), str | int))
        for key in _NESTED_KEYS:
            yield from _words(body.get(key), depth - 1)
