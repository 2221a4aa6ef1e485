"""Finds the runs that nobody works on and hands them to the queue: what a dead process left, and what got lost."""

import asyncio
from types import TracebackType
from typing import Self

from sentinel.clock import Clock
from sentinel.domain.queues import QueuedRun, RunQueue
from sentinel.domain.stores import RunStore
from sentinel.errors import ShuttingDownError, StoreError, StoreUnavailableError
from sentinel.runs.leases import Leases
from sentinel.tasks import ended
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.survival import repeated

logger = get_logger(__name__)

_AT_ONCE = 200


class Sweeper:
    """Sweeps when it is entered and every `sweep_seconds` from then on, until it is left.

    No run is too young for that, whatever the clock says: it may have been put back since. What the queue knows
    already, it ignores; of a long line, which it knows as a rule, each sweep looks at another part.
    """

    def __init__(
        self,
        *,
        runs: RunStore,
        queue: RunQueue,
        leases: Leases,
        clock: Clock,
        sweep_seconds: float = 2.0,
    ) -> None:
        """Build it; nothing is swept before it is entered."""
        self._runs = runs
        self._queue = queue
        self._leases = leases
        self._clock = clock
        self._sweep_seconds = sweep_seconds
        self._task: asyncio.Task[None] | None = None
        self._skip = 0

    async def __aenter__(self) -> Self:
        await self.sweep()
        sweeps = repeated("sweep for runs", self.sweep, clock=self._clock, every_seconds=self._sweep_seconds)
        self._task = asyncio.create_task(sweeps, name="sweeper")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await ended(self._task)

    async def sweep(self) -> None:
        """Hand over what nobody works on; an absent database is left alone until the next time."""
        try:
            for run in await self._found():
                await self._queue.submit(run)
        except ShuttingDownError:
            return
        except StoreUnavailableError:
            self._leases.note_outage()
        except StoreError as error:
            logger.error("sweep_failed", detail=error.message)  # noqa: TRY400 - the message says it

    async def _found(self) -> list[QueuedRun]:
        """Give the first of those that nobody works on, which were begun, and the next part of the others."""
        found = list(await self._runs.idle(limit=_AT_ONCE))
        if len(found) < _AT_ONCE:
            return found
        self._skip += _AT_ONCE
        more = await self._runs.idle(limit=_AT_ONCE, skip=self._skip)
        if len(more) < _AT_ONCE:
            self._skip = 0
        return [*found, *more]
