"""How much a server may say, and ask: its words cost our processor, and its questions wait in our memory for an answer.

Between a transport and the SDK's client, which takes in whatever comes, and keeps a task for each question until the
server has read the answer.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

from sentinel.clock import Clock
from sentinel.tools.filters.streams import AlteredStream, Item

MESSAGES_AT_ONCE: Final = 50_000
MESSAGES_PER_SECOND: Final = 5_000
QUESTIONS_AT_ONCE: Final = 100
QUESTIONS_PER_SECOND: Final = 10
"""Those beyond are not answered: servers have little to ask, since nothing is offered to them."""
_LEAST_PAUSE_SECONDS: Final = 0.05


class Allowance:
    """What may come at once, and how fast it grows again."""

    def __init__(self, *, at_once: int, per_second: float, clock: Clock) -> None:
        """Begin with all of it."""
        self._left = float(at_once)
        self._at_once = at_once
        self._per_second = per_second
        self._clock = clock
        self._seen_at = clock.monotonic()

    def debt_seconds(self) -> float:
        """Use up one, and give how long it takes until that is made good; 0 while there is some left."""
        now = self._clock.monotonic()
        grown = self._left + (now - self._seen_at) * self._per_second
        self._left, self._seen_at = min(grown, float(self._at_once)) - 1, now
        return max(0.0, -self._left / self._per_second)

    def has_one(self) -> bool:
        """Use up one if there is one."""
        if self.debt_seconds() == 0.0:
            return True
        self._left += 1
        return False


class _Heard(AlteredStream):
    """What a server says, as fast as it may."""

    def __init__(self, inner: Any, *, is_blocked: Callable[[], bool], clock: Clock) -> None:
        super().__init__(inner, lambda item: item)
        self._is_blocked = is_blocked
        self._clock = clock
        self._messages = Allowance(at_once=MESSAGES_AT_ONCE, per_second=MESSAGES_PER_SECOND, clock=clock)
        self._questions = Allowance(at_once=QUESTIONS_AT_ONCE, per_second=QUESTIONS_PER_SECOND, clock=clock)

    async def receive(self) -> Item:
        while not await self._is_heard(item := await super().receive()):
            pass
        return item

    async def __anext__(self) -> Item:
        while not await self._is_heard(item := await super().__anext__()):
            pass
        return item

    async def _is_heard(self, item: Item) -> bool:
        debt = self._messages.debt_seconds()
        if debt >= _LEAST_PAUSE_SECONDS:
            await self._clock.sleep(debt)
        message = item.message if isinstance(item, SessionMessage) else None
        if not isinstance(message, JSONRPCRequest):
            return True
        # Who reads nothing gets no answer either: it would only be kept for it.
        return not self._is_blocked() and self._questions.has_one()


@asynccontextmanager
async def measured(transport: Any, *, clock: Clock) -> AsyncIterator[tuple[Any, Any]]:
    """Give the streams of a transport, which are not read faster than a server may talk."""
    async with transport as (reading, writing):
        yield _Heard(reading, is_blocked=lambda: bool(transport.is_blocked), clock=clock), writing
