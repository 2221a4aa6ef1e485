"""Hedged attempts of agent runs over the real SDKs and real sockets: who loses is disconnected at once."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import httpx
import httpx2
import pytest
from pydantic import SecretStr

from sentinel.clock import SystemClock
from sentinel.domain.attempts import Attempt
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Deadlines, Target
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.chat import ChatAttempts, ChatHedge, ChatRequest, ChatResult
from sentinel.providers.ollama import ollama_provider
from sentinel.providers.openai import HttpClients, connection_pool, openai_provider
from sentinel.resilience.deadline import Deadline
from sentinel.testing.protection import open_protection
from simulator.server import Simulator

PATIENT = Deadlines(connect_seconds=10.0, first_token_seconds=10.0, stall_seconds=10.0, total_seconds=30.0)
BOTH_WAYS = pytest.mark.parametrize(("first", "second"), [("openai", "ollama"), ("ollama", "openai")])


@dataclass
class Rig:
    """The real adapters on both wires of one simulator; `emitted` is what readers get."""

    simulator: Simulator
    models: ChatAttempts
    emitted: list[str] = field(default_factory=list)
    left: list[Attempt] = field(default_factory=list)
    spoke_at: float = 0.0

    async def ask(self, first: str, second: str) -> ChatResult:
        """Ask one wire, and after 0.05 s of silence the other."""
        clock = SystemClock()
        request = ChatRequest(
            number=1,
            target=Target(first, "sim-large"),
            turns=[Turn(role="user", content="Hello")],
            tools=(),
            deadlines=PATIENT,
            deadline=Deadline(clock, PATIENT.total_seconds),
        )
        hedge = ChatHedge(
            request=replace(request, number=2, target=Target(second, "sim-large"), is_hedge=True),
            after_seconds=0.05,
            may_send=lambda: True,
            on_left=self.left.append,
        )
        return await self.models.run(request, self._emit, hedge=hedge)

    def _emit(self, text: str) -> None:
        self.spoke_at = self.spoke_at or asyncio.get_running_loop().time()
        self.emitted.append(text)

    def in_flight(self) -> int:
        bulkheads = self.models.pipeline.protection.bulkheads
        return sum(bulkheads.in_flight(Target(wire, "sim-large")) for wire in ("openai", "ollama"))


@pytest.fixture
async def rig(simulator: Simulator) -> AsyncIterator[Rig]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # nothing here speaks TLS; reading certificates takes time
    clock = SystemClock()
    async with connection_pool(tls) as pool, httpx.AsyncHTTPTransport(verify=tls) as transport:
        with httpx2.Client(verify=tls) as unused:
            openai = openai_provider(
                "openai",
                base_url=simulator.openai_base_url,
                api_key=SecretStr("sk-test-1234"),
                clients=HttpClients(pool, unused),
                clock=clock,
            )
            ollama = ollama_provider(
                "ollama", base_url=simulator.ollama_base_url, transport=transport, tls=tls, clock=clock
            )
            pipeline = AttemptPipeline(protection=open_protection(clock), clock=clock)
            yield Rig(simulator, ChatAttempts(providers={"openai": openai, "ollama": ollama}, pipeline=pipeline))


async def closed_at(rig: Rig, wire: str) -> float:
    """Wait until the simulator has seen its caller go, and tell when."""
    await rig.simulator.requests.wait_for(1, wire=wire, outcome="client_closed")
    return asyncio.get_running_loop().time()


@BOTH_WAYS
async def test_a_silent_first_target_is_overtaken_and_disconnected(rig: Rig, first: str, second: str) -> None:
    getattr(rig.simulator, first).arm("no_response")
    getattr(rig.simulator, second).arm("slow_tokens", words_per_second=20)
    asking = asyncio.create_task(rig.ask(first, second))
    closed = await closed_at(rig, first)
    assert not asking.done(), "the other one still speaks"
    result = await asking
    assert closed - rig.spoke_at < 1.0
    assert result.succeeded
    assert result.attempt.target.provider == second
    assert "".join(rig.emitted) == result.text
    assert [(row.number, row.cause) for row in result.beside] == [(1, "hedge_lost")]
    assert [row.cause for row in rig.left] == ["hedge_lost"]
    assert rig.in_flight() == 0


@BOTH_WAYS
async def test_a_hedge_that_is_slower_is_disconnected(rig: Rig, first: str, second: str) -> None:
    getattr(rig.simulator, first).arm("slow_first_token", seconds=0.5)
    getattr(rig.simulator, second).arm("no_response")
    result = await rig.ask(first, second)
    assert await closed_at(rig, second) - rig.spoke_at < 1.0
    assert result.succeeded
    assert result.attempt.target.provider == first
    assert "".join(rig.emitted) == result.text
    assert [(row.number, row.cause, row.hedge) for row in result.beside] == [(2, "hedge_lost", True)]
    assert rig.in_flight() == 0


@BOTH_WAYS
async def test_a_caller_who_leaves_disconnects_both(rig: Rig, first: str, second: str) -> None:
    rig.simulator.openai.arm("no_response")
    rig.simulator.ollama.arm("no_response")
    asking = asyncio.create_task(rig.ask(first, second))
    await rig.simulator.requests.wait_for(2, outcome="in_progress")
    left_at = asyncio.get_running_loop().time()
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    assert await closed_at(rig, first) - left_at < 1.0
    assert await closed_at(rig, second) - left_at < 1.0
    assert rig.emitted == []
    assert rig.in_flight() == 0
