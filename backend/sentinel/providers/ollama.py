"""Ollama servers, through `langchain-ollama` on their own NDJSON wire."""

import ssl
from datetime import datetime
from typing import Any

import httpx
import ollama
from langchain_ollama import ChatOllama
from pydantic import ValidationError

from sentinel.clock import Clock
from sentinel.errors import ProviderEmptyError, ProviderError
from sentinel.providers.base import ModelCall
from sentinel.providers.classification import from_exception, from_response
from sentinel.providers.kept_connections import trace_connection
from sentinel.providers.langchain_chat import LangChainProvider
from sentinel.providers.transport_errors import chain_of
from sentinel.providers.web_pages import refuse_web_page


def ollama_provider(
    name: str, *, base_url: str, transport: httpx.AsyncBaseTransport, tls: ssl.SSLContext, clock: Clock
) -> LangChainProvider:
    """Make the adapter.

    `transport` holds the connections of all its models and is closed by who made it. `tls` is for the blocking client
    that each model makes and never uses: without it, each would read all certificates again (50 ms).
    """

    def build(call: ModelCall) -> ChatOllama:
        return ChatOllama(
            model=call.model,
            base_url=base_url,
            temperature=call.temperature,
            num_predict=call.max_tokens,
            client_kwargs={"verify": tls},
            async_client_kwargs={
                "transport": transport,
                "timeout": httpx.Timeout(None, connect=call.connect_seconds, pool=call.connect_seconds),
                "follow_redirects": False,
                "event_hooks": {"request": [trace_connection], "response": [refuse_web_page]},
            },
        )

    return LangChainProvider(
        name=name,
        build=build,
        read_error=lambda error: read_ollama_error(error, now=clock.now()),
        finish_reason=_finish_reason,
        empty_has_marker=True,
    )


def read_ollama_error(error: Exception, *, now: datetime) -> ProviderError:
    """Translate what the Ollama SDK raises; an error line in mid-stream carries status -1."""
    chain = list(chain_of(error))
    refused = next((link.response for link in chain if isinstance(link, httpx.HTTPStatusError)), None)
    if refused is not None:
        return from_response(refused.status_code, refused.text, refused.text, headers=refused.headers, now=now)
    if isinstance(error, ollama.ResponseError):
        return from_response(error.status_code, {"error": error.error}, str(error.error))
    if any(isinstance(link, ValidationError) and _is_about_arguments(link) for link in chain):
        return ProviderEmptyError("the model wrote a tool call that does not parse", cause="bad_tool_json")
    return from_exception(error)


def _is_about_arguments(error: ValidationError) -> bool:
    return any("arguments" in found["loc"] for found in error.errors(include_url=False, include_input=False))


def _finish_reason(metadata: dict[str, Any]) -> str | None:
    if not metadata.get("done"):
        return None
    return str(metadata.get("done_reason") or "stop")
