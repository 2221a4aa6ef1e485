"""Several processes' worth of sharing in one test: each member has its own link, subscriptions and followers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from sentinel.clock import SystemClock
from sentinel.coordination.facts import FactTable
from sentinel.coordination.fan_out import MemoryFanOut
from sentinel.coordination.live_events import LiveEvents
from sentinel.coordination.redis_facts import RedisFacts
from sentinel.coordination.redis_fan_out import RedisFanOut
from sentinel.coordination.redis_link import COMMAND_SECONDS, RedisLink, WatchPace
from sentinel.coordination.redis_tickets import RedisTickets
from sentinel.coordination.shared import LinkStatus
from sentinel.coordination.subscriptions import Subscriptions
from tests.support.redis import RedisServer
from tests.support.written_log import WrittenLog

PACE = WatchPace(look_seconds=0.1, first_retry_seconds=0.02, longest_retry_seconds=0.2)


class Member:
    """What one process has for sharing over Redis."""

    def __init__(self, url: str, namespace: str, command_seconds: float) -> None:
        self.author = uuid4().hex
        clock = SystemClock()
        self.states: list[LinkStatus] = []
        self.link = RedisLink(url, clock=clock, pace=PACE, command_seconds=command_seconds)
        self.link.add(self.states.append)
        self.subscriptions = Subscriptions(url, clock=clock, pace=PACE)
        self.fan_out = RedisFanOut(self.link, self.subscriptions, namespace=namespace, author=self.author)
        self.facts = FactTable(self.author, clock=clock)
        self.carrier = RedisFacts(self.link, self.subscriptions, self.facts, namespace=namespace, clock=clock)
        self.carrier.tell_refusals(self.states.append)
        self.tickets = RedisTickets(self.link, namespace=namespace, author=self.author)

    async def is_up(self, is_up: bool = True) -> None:
        """Wait until it knows that Redis is there, or away."""
        await until(lambda: self.link.is_up is is_up and (self.subscriptions.is_up or not is_up))


class Members:
    """Makes members that share one namespace of one Redis."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._namespace = uuid4().hex

    async def join(self, url: str, *, namespace: str | None = None, command_seconds: float = COMMAND_SECONDS) -> Member:
        """Start one; it is stopped when the test ends."""
        member = Member(url, namespace or self._namespace, command_seconds)
        for part in (member.link, member.subscriptions, member.fan_out, member.carrier):
            await self._stack.enter_async_context(part)
        self._stack.push_async_callback(member.tickets.aclose)
        return member


@pytest.fixture
async def members() -> AsyncIterator[Members]:
    """A maker of members."""
    async with AsyncExitStack() as stack:
        yield Members(stack)


@pytest.fixture(params=["memory", "redis"])
async def pair(request: pytest.FixtureRequest, members: Members) -> tuple[LiveEvents, LiveEvents, WrittenLog]:
    """Two processes' followers over one log, joined by either implementation; polls would come too late to help."""
    log = WrittenLog()
    if request.param == "memory":
        neighbours: list[MemoryFanOut] = []
        ends = [MemoryFanOut(neighbours), MemoryFanOut(neighbours)]
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        ends = [(await members.join(server.url)).fan_out for _ in range(2)]  # type: ignore[misc]
    first, second = (LiveEvents(log=log, poll_interval_seconds=60, fan_out=each) for each in ends)
    return first, second, log


async def until(holds: Callable[[], bool], *, seconds: float = 5.0) -> None:
    """Poll until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.005)
