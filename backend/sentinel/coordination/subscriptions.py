"""One connection to Redis for all channels that this process listens to, made anew whenever it is lost.

Listening never waits: wishes are carried out by one task. After every subscription, a new one or one made again, the
listener is told to look for what it may have missed; so a lost message is late, and never lost for good.
"""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from sentinel.clock import Clock
from sentinel.coordination.redis_link import CONNECT_SECONDS, WatchPace, connection_options
from sentinel.tasks import ended
from sentinel.telemetry.survival import survived

_SIGN_OF_LIFE_SECONDS = 1.0
_LONGEST_SILENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Listener:
    """What is done with a message of a channel, and what when some may have been missed; neither may raise."""

    heard: Callable[[bytes], None]
    missed: Callable[[], None]


class Subscriptions:
    """All channels of the process. Enter it to start; while Redis is away it tries again, and wishes are kept."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        pace: WatchPace | None = None,
        rng: Callable[[], float] = random.random,  # noqa: S311 - spreads reconnects, protects no secret
    ) -> None:
        """Listen to nothing yet."""
        self._pool = ConnectionPool.from_url(url, **connection_options())
        self._clock = clock
        self._pace = pace or WatchPace()
        self._rng = rng
        self._listeners: dict[str, Listener] = {}
        self._wishes: list[tuple[str, str]] = []
        self._wish = asyncio.Event()
        self._pauses = self._pace.pauses(rng)
        self._worker: asyncio.Task[None] | None = None
        self.is_up = False

    def listen(self, channel: str, listener: Listener) -> None:
        """Hear the channel from soon on; one listener each."""
        self._listeners[channel] = listener
        self._change("SUBSCRIBE", channel)

    def leave(self, channel: str) -> None:
        """Hear it no more."""
        if self._listeners.pop(channel, None) is not None:
            self._change("UNSUBSCRIBE", channel)

    @property
    def channels(self) -> int:
        """How many channels are listened to."""
        return len(self._listeners)

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._work(), name="redis-subscriptions")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._worker)

    def _change(self, command: str, channel: str) -> None:
        if self.is_up:
            self._wishes.append((command, channel))
            self._wish.set()

    # The connection ---------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            # What the link to Redis sees, too, it tells of.
            with survived("listen to Redis"), suppress(RedisError, OSError, TimeoutError, UnicodeError):
                async with self._connection() as connection:
                    await self._serve(connection)
            await self._clock.sleep(next(self._pauses))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.connect()
            yield connection
        finally:
            self.is_up = False
            await connection.disconnect()

    async def _serve(self, connection: Any) -> None:
        """Send wishes and read messages until the connection is lost, which raises."""
        self.is_up = True
        self._wishes = [("SUBSCRIBE", channel) for channel in self._listeners]
        tasks = [
            asyncio.create_task(self._send(connection), name="redis-subscriptions-send"),
            asyncio.create_task(self._read(connection), name="redis-subscriptions-read"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await ended(*tasks)

    async def _send(self, connection: Any) -> None:
        while True:
            wishes, self._wishes = self._wishes, []
            self._wish.clear()
            for command, channels in _batched(wishes):
                await connection.send_command(command, *channels, check_health=False)
            await connection.send_command("PING", check_health=False)
            with suppress(TimeoutError):  # time for a sign of life
                async with asyncio.timeout(_SIGN_OF_LIFE_SECONDS):  # wait_for may swallow a cancellation on 3.11
                    await self._wish.wait()

    async def _read(self, connection: Any) -> None:
        while True:
            async with asyncio.timeout(_LONGEST_SILENCE_SECONDS):
                reply = await connection.read_response(timeout=math.inf)
            self._pauses = self._pace.pauses(self._rng)
            if isinstance(reply, list) and len(reply) == 3:  # noqa: PLR2004 - kind, channel, payload
                self._take(*reply)

    def _take(self, kind: bytes, channel: bytes, payload: Any) -> None:
        listener = self._listeners.get(channel.decode())
        if listener is None:
            return
        with survived("hear of others"):
            if kind == b"message":
                listener.heard(payload)
            elif kind == b"subscribe":
                listener.missed()


def _batched(wishes: list[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Join neighbours of one kind, in order: leaving and coming back must not change places."""
    batches: list[tuple[str, list[str]]] = []
    for command, channel in wishes:
        if batches and batches[-1][0] == command:
            batches[-1][1].append(channel)
        else:
            batches.append((command, [channel]))
    return batches
