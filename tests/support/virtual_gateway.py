"""The gateway's use cases between made-up providers and made-up callers, without sockets, in virtual time.

Everything from the request's body to the bytes of the answer is the product's. A provider is a function from the body
of a request to what its server does then, so a limit of minutes is as quickly tested as an error at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import httpx
import orjson

from sentinel.domain.attempts import Attempt
from sentinel.domain.requests import RequestRecord
from sentinel.domain.routes import Capabilities, Route, Target
from sentinel.errors import Outcome, ProviderError
from sentinel.gateway.call import Recovery
from sentinel.gateway.completions import Completions
from sentinel.gateway.endpoints import GatewayApp
from sentinel.gateway.open_calls import OpenCalls
from sentinel.gateway.repeats import Repeats
from sentinel.gateway.routing import Router
from sentinel.gateway.upstream import UpstreamClient
from sentinel.ids import IdSource
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.classification import from_exception
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.resilience.retry_budget import CallSlot, RetryBudget
from sentinel.testing.protection import hedge_planner, open_protection
from sentinel.testing.virtual_time import LoopClock

FOREVER = float("inf")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a server does with one request: a wait, then an error or an answer in parts, then an error, an end or none.

    `pulse` is sent each second once the parts are, for ever: a server that lives and says nothing.
    """

    before: float = 0.0
    refuses: Exception | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/event-stream"
    parts: Sequence[bytes] = ()
    every: float = 0.0
    error: Exception | None = None
    hangs: bool = False
    pulse: bytes = b""


async def wait(seconds: float) -> None:
    """Wait, perhaps for ever."""
    if seconds == FOREVER:
        await asyncio.get_running_loop().create_future()
    elif seconds > 0:
        await LoopClock(asyncio.get_running_loop()).sleep(seconds)


@dataclass
class _Response:
    """Also its own body."""

    reply: Reply

    def __post_init__(self) -> None:
        self.status, self.headers = self.reply.status, self.reply.headers
        self.content_type, self.content = self.reply.content_type, self

    async def iter_any(self) -> AsyncIterator[bytes]:
        reply = self.reply
        for part in reply.parts:
            await wait(reply.every)
            yield part
        while reply.pulse:
            await wait(1.0)
            yield reply.pulse
        if reply.hangs:
            await wait(FOREVER)
        if reply.error is not None:
            raise reply.error


@dataclass
class FakeUpstream:
    """A provider; `requests` has when each request came, and what it said; `under_way` counts those not yet let go."""

    reply: Callable[[dict[str, Any], int], Reply]
    requests: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    under_way: int = 0

    @asynccontextmanager
    async def post(self, path: str, body: dict[str, Any], *, connect_seconds: float) -> AsyncIterator[_Response]:
        """Answer as told."""
        reply = self.reply(body, len(self.requests))
        self.requests.append((asyncio.get_running_loop().time(), orjson.loads(orjson.dumps(body))))
        self.under_way += 1
        try:
            await wait(reply.before)
            if reply.refuses is not None:
                raise reply.refuses
            yield _Response(reply)
        finally:
            self.under_way -= 1

    def map_error(self, error: Exception) -> ProviderError:
        """Translate like the real one."""
        return from_exception(error)


class AuditedBudget(RetryBudget):
    """Keeps a second account of each provider's tokens, and counts the retries it has allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.account: defaultdict[str, float] = defaultdict(lambda: 10.0)
        self.granted: defaultdict[str, int] = defaultdict(int)

    def observe(self, attempt: Attempt) -> None:
        super().observe(attempt)
        provider = attempt.target.provider
        if attempt.outcome is Outcome.FAILURE:
            self.account[provider] = max(0.0, self.account[provider] - 1)
        elif attempt.outcome is Outcome.SUCCESS:
            self.account[provider] = min(10.0, self.account[provider] + 0.1)

    def retry(self, provider: str) -> CallSlot | None:
        slot = super().retry(provider)
        if slot is not None:
            assert self.account[provider] > 5, "a retry without budget"
            self.granted[provider] += 1
        return slot

    def assert_at_rest(self) -> None:
        for account in self._accounts.values():
            assert (account.calls, account.retries) == (0, 0)


@dataclass
class Given:
    """What a caller has got: the messages of the ASGI server, and the record of it."""

    record: RequestRecord | None = None
    messages: list[MutableMapping[str, Any]] = field(default_factory=list)
    has_left: bool = False

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> httpx.Headers:
        return httpx.Headers(self.messages[0]["headers"])

    @property
    def raw(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])

    def assert_is_one_response(self) -> None:
        """One head, and one end."""
        kinds = [message["type"] for message in self.messages]
        assert kinds == ["http.response.start", *["http.response.body"] * (len(kinds) - 1)]
        assert [message["more_body"] for message in self.messages[1:]] == [True] * (len(kinds) - 2) + [False]


@dataclass
class VirtualGateway:
    """A gateway on the running loop; `upstreams` are by provider, `route` is its only one."""

    upstreams: Mapping[str, FakeUpstream]
    route: Route
    capabilities: Mapping[Target, Capabilities] = field(default_factory=dict)
    max_attempts: int = 3
    records: list[RequestRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = LoopClock(asyncio.get_running_loop())
        self._numbers = count()
        self.budget = AuditedBudget()
        self.protection = replace(open_protection(self.clock), budget=self.budget)
        gate = TargetGate(
            self.protection.board,
            lambda *_: False,
            cooldowns=self.protection.cooldowns,
            bulkheads=self.protection.bulkheads,
        )
        recovery = Recovery(
            pipeline=AttemptPipeline(protection=self.protection, clock=self.clock),
            planner=RecoveryPlanner(
                max_attempts=self.max_attempts,
                backoff=Backoff(rng=lambda: 0.5),
                capabilities=self.capabilities,
                allows_retry=self.budget.allows,
            ),
            gate=gate,
            hedges=hedge_planner(gate, self.protection),
            clock=self.clock,
        )
        open_calls = OpenCalls()
        completions = Completions(
            recovery=recovery,
            router=Router({"default": self.route}, frozenset(self.upstreams)),
            client=UpstreamClient(upstreams=self.upstreams),
            ids=IdSource(self.clock),
            observe=self.records.append,
            open_calls=open_calls,
        )
        self.app = GatewayApp(
            completions=completions,
            repeats=Repeats(clock=self.clock, window_seconds=3600.0),
            open_calls=open_calls,
            models=[],
            max_body_bytes=1_000_000,
        )

    async def ask(self, *, patience: float = FOREVER, **body: Any) -> Given:
        """Be a caller, who leaves after so many seconds."""
        given, trace_id = Given(), f"trace-{next(self._numbers)}"
        asked = orjson.dumps({"model": "default", "messages": [{"role": "user", "content": "Hello"}], **body})
        incoming = [{"type": "http.request", "body": asked, "more_body": False}]

        async def receive() -> MutableMapping[str, Any]:
            if incoming:
                return incoming.pop()
            await wait(patience)
            given.has_left = True
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            if not given.has_left:  # else nobody is there to take it, as with a real server
                given.messages.append(message)

        scope = {"type": "http", "method": "POST", "path": "/chat/completions", "headers": []}
        await self.app({**scope, "state": {"request_id": trace_id}}, receive, send)
        (given.record,) = [record for record in self.records if record.trace_id == trace_id]
        return given

    def assert_at_rest(self) -> None:
        """Nothing is held, and every connection has been let go."""
        assert all(upstream.under_way == 0 for upstream in self.upstreams.values())
        assert all(self.protection.bulkheads.in_flight(target) == 0 for target in self.route.targets)
        assert not any(snapshot.is_probe_in_flight for snapshot in self.protection.board.snapshot())
        self.budget.assert_at_rest()
