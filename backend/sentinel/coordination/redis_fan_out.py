"""Committed events through Redis: one channel per run, heard only by processes that have readers of that run.

Announcing puts a message into a bounded queue and returns; one task sends what has come together in one round trip.
What is too large, or could not be sent, is left to the readers' look into the log.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import orjson
from redis.asyncio import Redis

from sentinel.coordination.fan_out import Heard, by_run
from sentinel.coordination.redis_link import RedisLink
from sentinel.coordination.subscriptions import Listener, Subscriptions
from sentinel.domain.events import Event, EventType
from sentinel.errors import StoreUnavailableError
from sentinel.tasks import ended
from sentinel.telemetry.survival import survived

MESSAGE_BYTES = 16 * 1024
"""Events that take more are not sent themselves: their readers are told to look into the log."""
QUEUE_BYTES = 4 * 1024 * 1024
"""How much may wait for Redis."""
_ROUND = 500


class RedisFanOut:
    """Implements FanOut over Redis. Enter it to start; left, it sends nothing more."""

    def __init__(self, link: RedisLink, subscriptions: Subscriptions, *, namespace: str, author: str) -> None:
        """`author` names this process, so that it does not listen to itself."""
        self._link = link
        self._subscriptions = subscriptions
        self._prefix = f"{namespace}:run:"
        self._author = author
        self._queue: deque[tuple[str, bytes]] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self.dropped = 0

    def announce(self, events: Sequence[Event]) -> None:
        """Tell the others soon, or not at all if Redis is away or slow: they look into the log themselves."""
        if not self._link.is_up:
            return
        for run_id, of_run in by_run(events).items():
            message = self._message(of_run)
            if self._waiting + len(message) > QUEUE_BYTES:
                self.dropped += 1
            else:
                self._waiting += len(message)
                self._queue.append((self._prefix + run_id, message))
        self._wake.set()

    def listen(self, run_id: str, heard: Heard) -> None:
        """Hear of a run what other processes commit."""

        def take(message: bytes) -> None:
            events = self._events(run_id, message)
            if events is not None:
                heard(events)

        self._subscriptions.listen(self._prefix + run_id, Listener(heard=take, missed=lambda: heard([])))

    def leave(self, run_id: str) -> None:
        """Hear of it no more."""
        self._subscriptions.leave(self._prefix + run_id)

    async def __aenter__(self) -> Self:
        self._sender = asyncio.create_task(self._send(), name="redis-fan-out")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._sender)

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                with survived("tell others of events"):  # a round takes its messages off the queue first
                    await self._send_round()

    async def _send_round(self) -> None:
        messages = [self._queue.popleft() for _ in range(min(_ROUND, len(self._queue)))]
        self._waiting -= sum(len(message) for _, message in messages)

        async def publish(redis: Redis) -> None:
            pipeline = redis.pipeline(transaction=False)
            for channel, message in messages:
                pipeline.publish(channel, message)
            await pipeline.execute()

        try:
            await self._link.run(publish)
        except StoreUnavailableError:
            self.dropped += len(messages)

    # Messages ---------------------------------------------------------------------------------------------------------

    def _message(self, events: Sequence[Event]) -> bytes:
        lines = [[event.seq, event.at.isoformat(), event.type.value, event.data] for event in events]
        message = orjson.dumps({"from": self._author, "events": lines})
        return message if len(message) <= MESSAGE_BYTES else orjson.dumps({"from": self._author, "events": []})

    def _events(self, run_id: str, message: bytes) -> list[Event] | None:
        """Give what was committed elsewhere; none of it if the message cannot be read: the log can."""
        try:
            content = orjson.loads(message)
            if content["from"] == self._author:
                return None
            return [_event(run_id, line) for line in content["events"]]
        except (ValueError, KeyError, TypeError):
            return []


def _event(run_id: str, line: list[Any]) -> Event:
    seq, at, type_, data = line
    return Event(run_id, seq, datetime.fromisoformat(at), EventType(type_), data)
