"""The housekeeper: what is done now and then behind the back of everything else, one chore after the other.

Of many processes on one database one does them at a time: every transaction of a chore begins with `is_our_turn`. Only
leaked checkpoints are looked for by every process, since they are dropped over connections that know nothing of that
lock. What is not got to, because the database went away or the process ended, is done the next time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, func, select

from sentinel.clock import Clock
from sentinel.errors import StoreError
from sentinel.tasks import ended
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.survival import survived

logger = get_logger(__name__)

PAUSE_SECONDS = 0.05
"""Between two transactions of a chore, so that no writer waits for it."""
_LOCK = 0x53454E5449535750  # the key of the advisory lock


def is_our_turn(connection: Connection) -> bool:
    """Take the housekeepers' lock for this transaction; False while another process has it. SQLite has one process."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """What is to be done, so long after the start for the first time and so long after its end again.

    `tidy` does all that is due and raises StoreError when the database cannot do it now.
    """

    name: str
    tidy: Callable[[], Awaitable[None]]
    every_seconds: float
    first_seconds: float = 60.0
    """The start has better things to do."""


class Housekeeper:
    """Does its chores while it is entered."""

    def __init__(self, chores: Sequence[Chore], *, clock: Clock) -> None:
        """Do these; nothing runs before it is entered."""
        self._clock = clock
        self._due = {chore: clock.monotonic() + chore.first_seconds for chore in chores}
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._work(), name="housekeeper")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await ended(self._worker)

    async def _work(self) -> None:
        while self._due:
            chore, due = min(self._due.items(), key=lambda item: item[1])
            await self._clock.sleep(due - self._clock.monotonic())
            with survived(f"chore: {chore.name}"):
                try:
                    await chore.tidy()
                except StoreError as error:
                    logger.warning("chore_put_off", of=chore.name, detail=error.message)
            self._due[chore] = self._clock.monotonic() + chore.every_seconds
