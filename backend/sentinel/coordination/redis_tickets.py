"""Tickets for probes in Redis: one key each, with an owner and an end. Answers come within the time of a command."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from sentinel.coordination.probe_tickets import Answer
from sentinel.coordination.redis_link import RedisLink
from sentinel.errors import StoreUnavailableError
from sentinel.telemetry.survival import survived

_TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_GIVE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisTickets:
    """Implements ProbeTickets over Redis."""

    def __init__(self, link: RedisLink, *, namespace: str, author: str) -> None:
        """Take tickets as `author`."""
        self._link = link
        self._prefix = f"{namespace}:ticket:"
        self._author = author
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, name: str, seconds: float, answer: Answer) -> None:
        """Answer soon; at once and with yes while Redis is away."""
        if self._link.is_up:
            self._begin(self._take(name, seconds, answer))
        else:
            answer(True)

    def give_back(self, name: str) -> None:
        """Let go of it soon; if that fails it lapses."""
        if self._link.is_up:
            self._begin(self._give_back(name))

    async def aclose(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="redis-ticket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, name: str, seconds: float, answer: Answer) -> None:
        taken: Any = True
        with survived("take a ticket"), suppress(StoreUnavailableError):  # without an answer nobody would ever probe
            taken = await self._link.run(
                lambda redis: redis.eval(_TAKE, 1, self._prefix + name, self._author, round(seconds * 1000))
            )
        answer(bool(taken))

    async def _give_back(self, name: str) -> None:
        with survived("give a ticket back"), suppress(StoreUnavailableError):  # it lapses by itself
            await self._link.run(lambda redis: redis.eval(_GIVE_BACK, 1, self._prefix + name, self._author))
