"""The other side of the gateway: each provider as something that answers on the OpenAI wire, and how refusals are read.

Two kinds exist: servers that speak this wire (`http_upstream`) and chat models whose answers are written as if they
did (`translated_upstream`). Exchanges see no difference.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

import orjson

from sentinel.errors import ProviderError, ProviderProtocolError, ProviderUnavailableError
from sentinel.gateway import wire_json
from sentinel.providers.classification import from_response
from sentinel.providers.usage_refusals import UsageRefusals
from sentinel.providers.vendor_codes import FAILED

CHAT_PATH = "/chat/completions"
EMBEDDINGS_PATH = "/embeddings"
MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""The largest real answers are thousands of embeddings; what is longer never ends."""
_ERROR_BODY_BYTES = 64 * 1024


class Content(Protocol):
    """The body of an answer."""

    def iter_any(self) -> AsyncIterator[bytes]:
        """Give the parts as they arrive."""
        ...


class UpstreamResponse(Protocol):
    """An answer whose head has arrived."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, in any case."""
        ...

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        ...

    @property
    def content(self) -> Content:
        """The body."""
        ...


class Upstream(Protocol):
    """One provider."""

    def post(
        self, path: str, body: dict[str, Any], *, connect_seconds: float
    ) -> AbstractAsyncContextManager[UpstreamResponse]:
        """Send a request; leaving the context before the answer is read closes the connection."""
        ...

    def map_error(self, error: Exception) -> ProviderError:
        """Translate what `post` or the body raises."""
        ...


@dataclass(frozen=True, kw_only=True)
class UpstreamClient:
    """All providers by their names in the configuration.

    `without_usage`: the targets that refuse to be asked for the usage of a stream.
    """

    upstreams: Mapping[str, Upstream]
    without_usage: UsageRefusals = field(default_factory=UsageRefusals)

    def post(
        self, provider: str, path: str, body: dict[str, Any], *, connect_seconds: float
    ) -> AbstractAsyncContextManager[UpstreamResponse]:
        """Send a request to a provider; see Upstream."""
        return self.upstreams[provider].post(path, body, connect_seconds=connect_seconds)

    def map_error(self, provider: str, error: Exception) -> ProviderError:
        """Translate what a provider's request raised."""
        return error if isinstance(error, ProviderError) else self.upstreams[provider].map_error(error)


@dataclass(slots=True)
class Refusal:
    """The provider's own words, for the case that they are what the caller must see."""

    status_code: int
    body: bytes

    @property
    def is_caller_s_fault(self) -> bool:
        """Whether the status says that the request must be changed."""
        return HTTPStatus.BAD_REQUEST <= self.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


async def refusal_of(response: UpstreamResponse) -> Refusal | None:
    """Read the provider's error, if the answer is one."""
    if response.status == HTTPStatus.OK:
        return None
    body = b""
    async for part in response.content.iter_any():
        body += part
        if len(body) > _ERROR_BODY_BYTES:
            break
    return Refusal(response.status, body[:_ERROR_BODY_BYTES])


def raise_for(refusal: Refusal, headers: Mapping[str, str]) -> None:
    """Raise the classified error."""
    try:
        parsed = orjson.loads(refusal.body)
    except orjson.JSONDecodeError:
        parsed = refusal.body.decode("utf-8", "replace")
    raise from_response(refusal.status_code, parsed, "no reason given", headers=headers)


def refuse_pages(response: UpstreamResponse) -> None:
    """Raise for a web page with status 200, as proxies send."""
    if response.content_type == "text/html":
        message = "the provider answered with a web page"
        raise ProviderProtocolError(message, cause="not_json")


async def read_whole(body: AsyncIterator[bytes], *, first: bytes = b"") -> bytes:
    """Read a body to its end; `first` has been read before.

    Raises:
        ProviderProtocolError: it is longer than any real one.
    """
    parts = [first]
    size = len(first)
    async for part in body:
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            message = f"the provider's answer is over {MAX_ANSWER_BYTES} bytes"
            raise ProviderProtocolError(message, cause="unreadable")
    return b"".join(parts)


def parse_answer(raw: bytes) -> dict[str, Any]:
    """Read an answer that came in one piece.

    Raises:
        ProviderError: it is none, or an error that was sent with a status of success.
    """
    try:
        data = wire_json.loads(raw)
    except orjson.JSONDecodeError as error:
        message = "the provider's answer does not parse"
        raise ProviderProtocolError(message, cause="not_json") from error
    if not isinstance(data, dict):
        message = "the provider's answer is no object"
        raise ProviderProtocolError(message, cause="not_json")
    if "error" in data and "choices" not in data and "data" not in data:
        raise reported(data)
    return data


def reported(data: dict[str, Any]) -> ProviderError:
    """Classify an error object that came where an answer should."""
    inner = data["error"]
    said = inner.get("message") if isinstance(inner, dict) else inner
    return from_response(None, data, str(said or "no reason given"))


def refuse_failed(finish_reason: str) -> None:
    """Raise where a provider says by the finish reason alone that it could not go on."""
    if finish_reason == FAILED:
        message = "the provider ended the answer with an error"
        raise ProviderUnavailableError(message, cause="server_error")
