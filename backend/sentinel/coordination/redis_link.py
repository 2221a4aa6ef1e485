"""The way to Redis, with a guard: a command has 50 ms, and while Redis is away nobody asks it anything.

One task keeps watch: it asks for a sign of life every second, calls Redis away after three vain ones in a row, and
tries again with growing, jittered pauses. When the link raises, its users go by what this process knows itself.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from sentinel.clock import Clock
from sentinel.coordination.shared import LinkStatus
from sentinel.errors import ConfigurationError, StoreUnavailableError
from sentinel.resilience.pauses import growing_pauses
from sentinel.tasks import ended
from sentinel.telemetry.survival import survived

T = TypeVar("T")
COMMAND_SECONDS = 0.05
"""How long a command may take; then the process goes by what it knows itself."""
CONNECT_SECONDS = 1.0
"""How long the watch waits for a connection; nobody else waits for one."""

_TRIES = 3
_CONNECTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPace:
    """How often the link looks after Redis, in seconds: while it answers, and the shortest and longest pause if not."""

    look_seconds: float = 1.0
    first_retry_seconds: float = 0.25
    longest_retry_seconds: float = 5.0

    def pauses(self, rng: Callable[[], float]) -> Iterator[float]:
        """Give the pauses while Redis does not answer, from the shortest on."""
        return growing_pauses(
            first_seconds=self.first_retry_seconds, longest_seconds=self.longest_retry_seconds, rng=rng
        )


class RedisLink:
    """Commands for one Redis. Enter it to start the watch; it never raises at the start, whatever Redis does.

    `on_state` hears of every change, the first one included, in the order in which they came.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        pace: WatchPace | None = None,
        command_seconds: float = COMMAND_SECONDS,
        rng: Callable[[], float] = random.random,  # noqa: S311 - spreads reconnects, protects no secret
    ) -> None:
        """Count Redis as away until it has answered; raises ConfigurationError for a URL that it cannot use."""
        self._pool = _pool(url)
        self._redis = Redis(connection_pool=self._pool)
        self._clock = clock
        self._pace = pace or WatchPace()
        self._command_seconds = command_seconds
        self._rng = rng
        self._listeners: list[Callable[[LinkStatus], None]] = []
        self._doubt = asyncio.Event()
        self._was_looked_at = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self.state = LinkStatus(is_up=False, reason="it has not been asked yet")
        self.latency_ms: float | None = None

    @property
    def is_up(self) -> bool:
        """Whether Redis is asked at all."""
        return self.state.is_up

    def add(self, listener: Callable[[LinkStatus], None]) -> None:
        """Tell this one of changes; it must not raise."""
        self._listeners.append(listener)

    async def run(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """Give what `work` gives, within the time of a command.

        Raises:
            StoreUnavailableError: Redis is away, or did not answer in time.
        """
        if not self.state.is_up:
            raise _away(self.state.reason)
        try:
            async with asyncio.timeout(self._command_seconds):
                return await work(self._redis)
        except (RedisError, OSError, TimeoutError) as error:
            self._doubt.set()
            raise _away(reason_of(error)) from error

    async def __aenter__(self) -> Self:
        self._watch = asyncio.create_task(self._keep_watch(), name="redis-watch")
        await self._was_looked_at.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._watch)
        await self._pool.aclose()

    # The watch --------------------------------------------------------------------------------------------------------

    async def _keep_watch(self) -> None:
        pauses = self._pace.pauses(self._rng)
        while True:
            reason: str | None = "a fault of Sentinel itself, which its log has"
            with survived("look after Redis"):
                reason = await self._look()
            self._settle(LinkStatus(is_up=reason is None, reason=reason))
            if reason is None:
                pauses = self._pace.pauses(self._rng)
                await self._rest()
            else:
                await self._clock.sleep(next(pauses))

    async def _look(self) -> str | None:
        """Ask for a sign of life; give why there is none."""
        limit, tries = (self._command_seconds, _TRIES) if self.state.is_up else (CONNECT_SECONDS, 1)
        reason = None
        for _ in range(tries):
            self._doubt.clear()
            began = self._clock.monotonic()
            try:
                async with asyncio.timeout(limit):
                    await self._redis.ping()
            except (
                RedisError,
                OSError,
                TimeoutError,
                UnicodeError,
            ) as error:  # the latter: a name that no host can have
                reason = reason_of(error)
            else:
                self.latency_ms = round((self._clock.monotonic() - began) * 1000, 3)
                return None
        return reason

    async def _rest(self) -> None:
        """Wait until the next look is due, or a command gives reason to doubt."""
        timer = asyncio.create_task(self._clock.sleep(self._pace.look_seconds), name="redis-rest")
        doubt = asyncio.create_task(self._doubt.wait(), name="redis-doubt")
        try:
            await asyncio.wait({timer, doubt}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(timer, doubt)

    def _settle(self, state: LinkStatus) -> None:
        is_news = state.is_up != self.state.is_up or not self._was_looked_at.is_set()
        self.state = state
        self._was_looked_at.set()
        if is_news:
            for listener in self._listeners:
                listener(state)


def _pool(url: str) -> BlockingConnectionPool:
    options: dict[str, Any] = connection_options() | {"max_connections": _CONNECTIONS, "timeout": CONNECT_SECONDS}
    try:
        pool = BlockingConnectionPool.from_url(url, **options)
        # Connects nothing; but only now does the library look at the words of the URL's query.
        pool.make_connection()  # type: ignore[no-untyped-call]
    except (RedisError, TypeError, ValueError) as error:
        message = "REDIS_URL says something in its query that the Redis client does not know, or not so"
        raise ConfigurationError(message) from error
    return pool


def connection_options() -> dict[str, Any]:
    """Give how every connection is made: nobody but the watch tries anything again."""
    return {
        # Every use has its own limit around it. With one here the library sends through `wait_for`, which swallows a
        # cancellation that comes as it ends, up to Python 3.11: a process that stops would wait for ever.
        "socket_timeout": None,
        "socket_connect_timeout": CONNECT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def _away(reason: str | None) -> StoreUnavailableError:
    message = f"Redis is not to be had: {reason}"
    return StoreUnavailableError(message)


def reason_of(error: BaseException | None) -> str:
    """Say what happened without the address, which may hold a password."""
    if isinstance(error, (TimeoutError, RedisTimeoutError)):
        return "no answer in time"
    if isinstance(error, (RedisConnectionError, OSError, UnicodeError)):
        return "no connection"
    return f"it refuses commands ({type(error).__name__})"
