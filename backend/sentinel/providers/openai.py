"""OpenAI and every server that speaks its chat-completions wire, through `langchain-openai`."""

import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
import openai
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from sentinel.clock import Clock
from sentinel.errors import ProviderError, ProviderProtocolError
from sentinel.providers.base import ModelCall
from sentinel.providers.classification import from_exception, from_response
from sentinel.providers.kept_connections import trace_connection
from sentinel.providers.langchain_chat import LangChainProvider
from sentinel.providers.transport_errors import chain_of
from sentinel.providers.usage_refusals import UsageRefusals
from sentinel.providers.web_pages import refuse_web_page

_NO_ANSWER = (openai.APIConnectionError, openai.APIResponseValidationError)
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=100)


@dataclass(frozen=True, slots=True)
class HttpClients:
    """The connection pool of one provider. The blocking client is never used, but the SDK would make its own."""

    pool: httpx2.AsyncClient
    unused: httpx2.Client


class _Spoken(httpx2.AsyncByteStream):
    """A body that must not be empty: the SDK takes a stream of no bytes at all for a whole one."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body
        self._has_begun = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._body:  # more than once: what is left after the end marker is read when closing
            self._has_begun = True
            yield part
        if not self._has_begun:
            message = "the stream ended without its end marker"
            raise ProviderProtocolError(message, cause="truncated")

    async def aclose(self) -> None:
        await self._body.aclose()


async def _refuse_silence(response: httpx2.Response) -> None:
    if response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Spoken(response.stream)


class _PlainChunks:
    """Stands in for the SDK's chat completions: chunks stay the dictionaries that they are on the wire.

    The SDK would build models from each, which LangChain turns into dictionaries again: half of what a token of a run
    costs.
    """

    def __init__(self, client: openai.AsyncOpenAI, without_usage: UsageRefusals) -> None:
        self._client = client
        self._without_usage = without_usage

    async def create(self, **body: Any) -> openai.AsyncStream[object]:
        """Open a stream; raises what the SDK raises, and ProviderUnsupportedError where the usage is refused."""
        model = str(body["model"])
        if model in self._without_usage:
            body.pop("stream_options", None)
        try:
            return await self._client.post(
                "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
            )
        except openai.APIStatusError as error:
            self._without_usage.check(model, body, status_code=error.status_code, said=error.response.text)
            raise


def connection_pool(tls: ssl.SSLContext) -> httpx2.AsyncClient:
    """Make the connections of one provider."""
    hooks: dict[str, list[Callable[..., Any]]] = {
        "request": [trace_connection],
        "response": [refuse_web_page, _refuse_silence],
    }
    return httpx2.AsyncClient(limits=_LIMITS, verify=tls, event_hooks=hooks)


def openai_provider(
    name: str, *, base_url: str, api_key: SecretStr, clients: HttpClients, clock: Clock
) -> LangChainProvider:
    """Make the adapter; `clients` are closed by who made them."""

    without_usage = UsageRefusals()

    def build(call: ModelCall) -> ChatOpenAI:
        model = ChatOpenAI(
            model=call.model,
            base_url=base_url,
            api_key=api_key,
            temperature=call.temperature,
            max_tokens=call.max_tokens,  # type: ignore[call-arg]  # accepted by its alias
            max_retries=0,
            timeout=httpx2.Timeout(None, connect=call.connect_seconds, pool=call.connect_seconds),
            stream_usage=True,
            stream_chunk_timeout=None,
            use_responses_api=False,
            http_async_client=clients.pool,
            http_client=clients.unused,
        )
        model.async_client = _PlainChunks(model.root_async_client, without_usage)
        return model

    return LangChainProvider(name=name, build=build, read_error=lambda error: read_openai_error(error, now=clock.now()))


def read_openai_error(error: Exception, *, now: datetime) -> ProviderError:
    """Translate what the OpenAI SDK raises; mid-stream errors have no status, so the body decides.

    LangChain wraps some of its errors in others that have lost the status, so the innermost answer is looked for.
    """
    answered = [link for link in chain_of(error) if isinstance(link, openai.APIStatusError)]
    if answered:
        answer = answered[-1]
        return from_response(answer.status_code, answer.body, answer.message, headers=answer.response.headers, now=now)
    if isinstance(error, openai.APIError) and not isinstance(error, _NO_ANSWER):
        return from_response(None, error.body, error.message)
    return from_exception(error)
