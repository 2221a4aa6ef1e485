"""The ways on which a request reaches a provider in production, each to be sent against any address.

`openai` and `ollama` are the SDKs of agent runs; `relay` and `relay_plain` are the gateway, streamed and in one piece.
"""

import math
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import httpx2
from pydantic import SecretStr

from sentinel.clock import Clock, SystemClock
from sentinel.domain.attempts import Attempt
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Deadlines, Target
from sentinel.gateway.encoders import OriginalEncoder
from sentinel.gateway.http_upstream import HttpUpstream, UpstreamSessions, upstream_sessions
from sentinel.gateway.outgoing import Outgoing
from sentinel.gateway.plain_exchange import PlainExchange, completion_check
from sentinel.gateway.stream_exchange import StreamExchange
from sentinel.gateway.upstream import CHAT_PATH, UpstreamClient
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Exchange
from sentinel.providers.base import ChatProvider, ToolSchema
from sentinel.providers.chat import ChatExchange, ChatRequest
from sentinel.providers.ollama import ollama_provider
from sentinel.providers.openai import HttpClients, connection_pool, openai_provider
from sentinel.resilience.deadline import Deadline
from sentinel.testing.protection import open_protection

OPENAI, OLLAMA, RELAY, PLAIN = "openai", "ollama", "relay", "relay_plain"
STREAMS = (OPENAI, OLLAMA, RELAY)
ON_OPENAI_WIRE = (OPENAI, RELAY, PLAIN)
ALL_PATHS = (OPENAI, OLLAMA, RELAY, PLAIN)

PATIENT = Deadlines(connect_seconds=10.0, first_token_seconds=10.0, stall_seconds=10.0, total_seconds=30.0)
API_KEY = "sk-test-1234567890"
MODEL = "sim-large"
CALCULATOR = ToolSchema(
    "calculator__evaluate",
    "Evaluate an arithmetic expression",
    {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]},
)
_OPENAI_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": CALCULATOR.name, "description": "Evaluate", "parameters": CALCULATOR.input_schema},
}


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What to ask, and how long it may take."""

    text: str = "Hello"
    with_tools: bool = False
    deadlines: Deadlines = PATIENT


@dataclass(kw_only=True)
class WirePaths:
    """Makes single attempts through the real adapters and the real pipeline."""

    clients: HttpClients
    transport: httpx.AsyncBaseTransport
    sessions: UpstreamSessions
    tls: ssl.SSLContext
    clock: Clock = field(default_factory=SystemClock)

    async def attempt(self, path: str, address: str, asking: Asking | None = None) -> Attempt:
        """Ask the server at `address` (scheme, host and port) once."""
        asking = asking or Asking()
        target = Target(path, MODEL)
        deadline = Deadline(self.clock, asking.deadlines.total_seconds)
        limits = asking.deadlines if path != PLAIN else replace(asking.deadlines, first_token_seconds=math.inf)
        spec = AttemptSpec(number=1, target=target, deadlines=limits, deadline=deadline)
        pipeline = AttemptPipeline(protection=open_protection(self.clock), clock=self.clock)
        return await pipeline.run(spec, self._exchange(spec, address, asking))

    def _exchange(self, spec: AttemptSpec, address: str, asking: Asking) -> Exchange:
        if spec.target.provider in {OPENAI, OLLAMA}:
            return ChatExchange(self.provider(spec.target.provider, address), _chat_request(spec, asking), _nobody)
        headers = {"authorization": f"Bearer {API_KEY}"}
        upstream = HttpUpstream(sessions=self.sessions, base_url=f"{address}/v1", headers=headers)
        client = UpstreamClient(upstreams={spec.target.provider: upstream})
        common: dict[str, Any] = {
            "client": client,
            "target": spec.target,
            "connect_seconds": spec.deadlines.connect_seconds,
            "body": _body(asking, is_stream=spec.target.provider == RELAY),
        }
        if spec.target.provider == PLAIN:
            return PlainExchange(path=CHAT_PATH, check=completion_check(1), **common)
        outgoing = Outgoing(start=_started, send=_sent)
        return StreamExchange(
            outgoing=outgoing,
            encoder=OriginalEncoder(outgoing),
            choices=1,
            wants_usage=True,
            is_constrained=False,
            may_skip=lambda: False,
            **common,
        )

    def provider(self, path: str, address: str) -> ChatProvider:
        """Give the adapter of an agent run's path."""
        if path == OPENAI:
            key = SecretStr(API_KEY)
            return openai_provider(path, base_url=f"{address}/v1", api_key=key, clients=self.clients, clock=self.clock)
        return ollama_provider(path, base_url=address, transport=self.transport, tls=self.tls, clock=self.clock)


@asynccontextmanager
async def wire_paths() -> AsyncIterator[WirePaths]:
    """Open the clients of all paths; none of them trusts any certificate, and reading none takes no time."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with AsyncExitStack() as stack:
        yield WirePaths(
            clients=HttpClients(
                pool=await stack.enter_async_context(connection_pool(tls)),
                unused=stack.enter_context(httpx2.Client(verify=tls)),
            ),
            transport=await stack.enter_async_context(httpx.AsyncHTTPTransport(verify=tls)),
            sessions=await stack.enter_async_context(upstream_sessions(tls=tls)),
            tls=tls,
        )


def _chat_request(spec: AttemptSpec, asking: Asking) -> ChatRequest:
    return ChatRequest(
        number=spec.number,
        target=spec.target,
        turns=[Turn(role="user", content=asking.text)],
        tools=(CALCULATOR,) if asking.with_tools else (),
        deadlines=spec.deadlines,
        deadline=spec.deadline,
    )


def _body(asking: Asking, *, is_stream: bool) -> dict[str, Any]:
    tools = {"tools": [_OPENAI_TOOL]} if asking.with_tools else {}
    return {"model": MODEL, "messages": [{"role": "user", "content": asking.text}], "stream": is_stream, **tools}


def _nobody(_: str) -> None:
    """Take text that nobody reads."""


async def _started() -> None:
    """Take the start of a response."""


async def _sent(_: bytes) -> None:
    """Take a part of a response."""
