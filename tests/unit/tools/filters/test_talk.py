"""How much a server may say, and ask, before it is made to wait or not heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, JSONRPCRequest

from sentinel.testing.clock import FakeClock, settle
from sentinel.tools.filters.talk import (
    MESSAGES_AT_ONCE,
    MESSAGES_PER_SECOND,
    QUESTIONS_AT_ONCE,
    QUESTIONS_PER_SECOND,
    Allowance,
    measured,
)

PING = SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=1, method="ping"))
NEWS = SessionMessage(JSONRPCNotification(jsonrpc="2.0", method="notifications/message"))


class Talker:
    """A transport that says what it is given, and then ends."""

    def __init__(self, *said: SessionMessage, is_blocked: bool = False) -> None:
        self.said = said
        self.is_blocked = is_blocked

    async def __aenter__(self) -> tuple[Any, Any]:
        sending, reading = anyio.create_memory_object_stream[SessionMessage | Exception](len(self.said))
        for message in self.said:
            sending.send_nowait(message)
        sending.close()
        return reading, None

    async def __aexit__(self, *_: object) -> None:
        pass


async def at_rest(task: "asyncio.Task[None]", clock: FakeClock) -> None:
    """Let it hear until there is nothing more, or it waits."""
    async with asyncio.timeout(10):
        while not (task.done() or clock.sleepers):
            await settle()


@asynccontextmanager
async def listening(talker: Talker, clock: FakeClock) -> AsyncIterator[tuple[list[Any], "asyncio.Task[None]"]]:
    """What is heard so far, and the task that hears it."""
    heard: list[Any] = []

    async def hear() -> None:
        async with measured(talker, clock=clock) as (reading, _), reading:
            async for item in reading:
                heard.append(item)  # noqa: PERF401 -- what is heard so far is looked at

    task = asyncio.create_task(hear())
    await at_rest(task, clock)
    yield heard, task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_a_server_asks_beyond_its_share_is_not_heard() -> None:
    """What it says without a question is."""
    async with listening(Talker(*[PING] * 300, NEWS), FakeClock()) as (heard, _):
        assert (heard.count(PING), heard.count(NEWS)) == (QUESTIONS_AT_ONCE, 1)


async def test_a_server_that_does_not_read_is_answered_nothing() -> None:
    """Each answer would be kept until it does."""
    async with listening(Talker(PING, NEWS, PING, is_blocked=True), FakeClock()) as (heard, _):
        assert heard == [NEWS]


async def test_a_server_that_talks_without_end_is_read_more_slowly() -> None:
    """So that it does not keep a processor busy; nothing of it is lost."""
    clock, count = FakeClock(), MESSAGES_AT_ONCE + MESSAGES_PER_SECOND
    async with listening(Talker(*[NEWS] * count), clock) as (heard, task):
        assert MESSAGES_AT_ONCE <= len(heard) < count
        while not task.done():
            await clock.elapse(0.1)
        assert len(heard) == count


def test_an_allowance_grows_again_up_to_what_it_was() -> None:
    """Whoever was quiet for long may not talk for longer than whoever has just come."""
    clock = FakeClock()
    questions = Allowance(at_once=QUESTIONS_AT_ONCE, per_second=QUESTIONS_PER_SECOND, clock=clock)
    assert [questions.has_one() for _ in range(QUESTIONS_AT_ONCE + 2)].count(True) == QUESTIONS_AT_ONCE
    clock.advance(1.0)
    assert [questions.has_one() for _ in range(QUESTIONS_AT_ONCE)].count(True) == QUESTIONS_PER_SECOND
    clock.advance(3600.0)
    assert [questions.has_one() for _ in range(2 * QUESTIONS_AT_ONCE)].count(True) == QUESTIONS_AT_ONCE
