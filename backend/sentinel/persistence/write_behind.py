"""Writes what is kept of requests, incidents and the like in groups, behind the back of what they are about.

Nobody waits for it and it fails nobody: while the database is away records wait in memory, up to a bound, and what
does not fit is dropped and counted. Leaving it writes what waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from types import TracebackType
from typing import Generic, Self, TypeVar

from sentinel.clock import Clock
from sentinel.errors import StoreError
from sentinel.persistence.patience import Patience
from sentinel.tasks import ended
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.survival import survived

logger = get_logger(__name__)

T = TypeVar("T")

OnLoss = Callable[[bool, int], None]
"""Hears that records began (True) or ceased (False) to be dropped, and how many were dropped so far."""

_LARGEST_GROUP = 500
_CLOSE_SECONDS = 5.0


class WriteBehind(Generic[T]):
    """Takes records from the loop's thread. Enter it to start, leave it to write what waits and stop.

    `add` stores all that it is given in one transaction; it may be given the same again. `key` names a record: a newer
    one takes the place of one of the same name that still waits.
    """

    def __init__(
        self,
        *,
        name: str,
        add: Callable[[Sequence[T]], Awaitable[None]],
        key: Callable[[T], str],
        clock: Clock,
        flush_interval_seconds: float = 0.25,
        limit: int = 20_000,
        on_state: Callable[[bool], None] | None = None,
        on_loss: OnLoss | None = None,
    ) -> None:
        """Build it; at most `limit` records wait. Nothing runs before it is entered."""
        self.name = name
        self._add = add
        self._key = key
        self._clock = clock
        self._interval = flush_interval_seconds
        self._limit = limit
        self._patience = Patience(clock, on_state)
        self._on_loss = on_loss
        self._waiting: dict[str, T] = {}
        self._in_flight = 0
        self._dropped = 0
        self._is_dropping = False
        self._is_closing = False
        self._wake = asyncio.Event()
        self._pause: asyncio.Task[None] | None = None
        self._worker: asyncio.Task[None] | None = None

    @property
    def dropped(self) -> int:
        """How many records were lost: for want of space, because they could not be written, or left at the end."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """How many records are not written yet."""
        return len(self._waiting) + self._in_flight

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._work(), name=self.name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def record(self, record: T) -> None:
        """Put a record into one of the next groups, or drop it when there is no space. Never waits, never raises."""
        key = self._key(record)
        if self._is_closing or (self.waiting >= self._limit and key not in self._waiting):
            self._lose(1)
            return
        if self._is_dropping and len(self._waiting) < self._limit // 2:
            self._keep_again()
        self._waiting[key] = record
        self._wake.set()

    async def aclose(self) -> None:
        """Write what waits, for at most the time limit, and stop; what is left then is lost."""
        self._is_closing = True
        self._wake.set()
        if self._pause is not None:
            self._pause.cancel()
        if self._worker is not None:
            timer = asyncio.create_task(self._clock.sleep(_CLOSE_SECONDS), name=f"{self.name}-close")
            try:
                await asyncio.wait({self._worker, timer}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await ended(timer, self._worker)
                self._give_up()

    def _give_up(self) -> None:
        left = self.waiting
        self._waiting.clear()
        self._in_flight = 0
        if left:
            self._lose(left)

    async def _work(self) -> None:
        while self._waiting or not self._is_closing:
            await self._wake.wait()
            self._wake.clear()
            while group := self._take():
                await self._write(group)
                self._in_flight = 0
            if not self._is_closing:
                await self._rest()

    async def _rest(self) -> None:
        """Let records gather; the end of the journal ends the pause."""
        self._pause = asyncio.create_task(self._clock.sleep(self._interval), name=f"{self.name}-pause")
        try:
            await asyncio.wait({self._pause})
        finally:
            self._pause.cancel()

    def _take(self) -> list[T]:
        group = [self._waiting.pop(key) for key in list(islice(self._waiting, _LARGEST_GROUP))]
        self._in_flight = len(group)
        return group

    async def _write(self, group: Sequence[T]) -> None:
        is_written = False
        with survived(f"write {self.name}"):
            try:
                await self._patience.write(lambda: self._add(group))
                is_written = True
            except StoreError as error:
                if len(group) == 1:
                    logger.error("record_refused", of=self.name, detail=error.message)  # noqa: TRY400 - it says why
        if not is_written:
            await self._write_apart(group)

    async def _write_apart(self, group: Sequence[T]) -> None:
        """One record holds something that cannot be written: it alone shall be lost."""
        if len(group) == 1:
            self._lose(1)
            return
        for record in group:
            await self._write([record])

    def _lose(self, count: int) -> None:
        self._dropped += count
        if not self._is_dropping:
            self._is_dropping = True
            self._tell_loss()

    def _keep_again(self) -> None:
        self._is_dropping = False
        self._tell_loss()

    def _tell_loss(self) -> None:
        if self._on_loss is not None:
            self._on_loss(self._is_dropping, self._dropped)
