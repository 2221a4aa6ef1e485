"""Group commit: what all runs append is written in one transaction, and shown to readers only after it.

An append to a quiet journal, a status and the first token of a stream are committed at once; tokens that follow
wait for each other for one interval. While the database is away everything is kept and tried again, up to a bound.
Knows no SQL: `journal` gives it the function that writes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from sentinel.clock import Clock
from sentinel.domain.events import Event
from sentinel.domain.runs import Run
from sentinel.errors import FenceLostError, SentinelError, StoreError, StoreUnavailableError
from sentinel.persistence.patience import Patience
from sentinel.persistence.run_log import LogPart, PendingLog
from sentinel.tasks import ended
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

Commit = Callable[[Sequence[LogPart]], Awaitable[Sequence[bool]]]
"""Write all parts in one transaction; tells for each whether it stands in the log (no: the fence is lost).

A part that already stands there, because the answer to an earlier commit was lost, is not written twice.
"""
Publish = Callable[[Sequence[Event]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferLimits:
    """How much may wait for an absent database, in bytes."""

    run_bytes: int = 8 * 1024 * 1024
    total_bytes: int = 128 * 1024 * 1024


class GroupCommit:
    """Gives out the writers of runs' logs and commits what they append. Enter it to start, leave it to flush and stop.

    `publish` hears of committed events, in order; `on_state(False)` and `on_state(True)` tell that the database
    went away and came back.
    """

    def __init__(
        self,
        *,
        commit: Commit,
        clock: Clock,
        publish: Publish,
        flush_interval_seconds: float = 0.025,
        limits: BufferLimits | None = None,
        on_state: Callable[[bool], None] | None = None,
        close_timeout_seconds: float = 5.0,
    ) -> None:
        """Build it; nothing runs before it is entered."""
        self._commit = commit
        self._clock = clock
        self._publish = publish
        self._interval = flush_interval_seconds
        self._limits = limits or BufferLimits()
        self._patience = Patience(clock, on_state)
        self._close_timeout = close_timeout_seconds
        self._dirty: dict[PendingLog, None] = {}
        self._in_flight: list[tuple[PendingLog, LogPart]] = []
        self._size = 0
        self._last_commit_at = clock.monotonic() - flush_interval_seconds
        self._wake = asyncio.Event()
        self._alarm: asyncio.Task[None] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._is_closing = False
        self._is_closed = False

    @property
    def waiting_bytes(self) -> int:
        """How much is not committed yet, roughly."""
        return self._size

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._work(), name="journal")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def open(self, run: Run) -> PendingLog:
        """Give the writer for a run just claimed (`run.fence`, `run.last_seq`)."""
        return PendingLog(run, group=self)

    async def aclose(self) -> None:
        """Commit what waits, for at most the time limit, and stop; what is left then is given up with an error."""
        self._is_closing = True
        self._wake.set()
        if self._worker is None:
            self._give_up()
            return
        timer = asyncio.create_task(self._clock.sleep(self._close_timeout), name="journal-close")
        try:
            await asyncio.wait({self._worker, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(timer, self._worker, self._alarm)
        if not self._worker.cancelled():
            self._worker.result()

    # What logs ask ---------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Give the time that events appended now carry."""
        return self._clock.now()

    def admit(self, log: PendingLog) -> None:
        """Raise StoreUnavailableError when no more may wait."""
        if self._is_closed:
            raise _closed()
        if log.size >= self._limits.run_bytes or self._size >= self._limits.total_bytes:
            message = "the database has been away for so long that no more events can be kept"
            raise StoreUnavailableError(message)

    def grown(self, log: PendingLog, *, size: int, is_urgent: bool) -> None:
        """Hear that something waits in the log, and commit it at once or with the next group."""
        if self._is_closed:
            log.fail(_closed())
            return
        self._size += size
        self._dirty[log] = None
        wait = self._last_commit_at + self._interval - self._clock.monotonic()
        if is_urgent or wait <= 0:
            self._wake.set()
        elif self._alarm is None or self._alarm.done():
            self._alarm = asyncio.create_task(self._ring_after(wait), name="journal-alarm")

    # The worker ------------------------------------------------------------------------------------------------------

    async def _ring_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._wake.set()

    async def _work(self) -> None:
        try:
            while self._dirty or not self._is_closing:
                if not self._is_closing:
                    await self._wake.wait()
                self._wake.clear()
                await self._commit_group()
        finally:
            self._give_up()

    async def _commit_group(self) -> None:
        """Write what waits. A mistake of ours costs the runs of one group, not the journal of all that follow."""
        try:
            self._in_flight = self._take()
            await self._write(self._in_flight)
        except Exception:
            logger.exception("journal_failed", runs=len(self._in_flight))
            for log, _ in self._in_flight:
                self._drop(log, _broken())
        self._in_flight = []

    def _take(self) -> list[tuple[PendingLog, LogPart]]:
        dirty, self._dirty = self._dirty, {}
        self._last_commit_at = self._clock.monotonic()
        return [(log, part) for log in dirty if (part := log.take()) is not None]

    async def _write(self, pairs: Sequence[tuple[PendingLog, LogPart]]) -> None:
        if not pairs:
            return
        try:
            written = await self._patience.write(lambda: self._commit([part for _, part in pairs]))
        except StoreError as error:
            await self._write_apart(pairs, error)
        except Exception:
            logger.exception("commit_failed", runs=len(pairs))
            await self._write_apart(pairs, _broken())
        else:
            self._settle(pairs, written)

    async def _write_apart(self, pairs: Sequence[tuple[PendingLog, LogPart]], error: StoreError) -> None:
        """One run holds something that the database refuses: it alone shall fail."""
        if len(pairs) == 1:
            self._drop(pairs[0][0], error)
            return
        for pair in pairs:
            await self._write([pair])

    def _settle(self, pairs: Sequence[tuple[PendingLog, LogPart]], written: Sequence[bool]) -> None:
        outcomes = list(zip(pairs, written, strict=True))
        if any(written):
            self._tell([event for (_, part), is_written in outcomes if is_written for event in part.events])
        for (log, part), is_written in outcomes:
            if is_written:
                self._size -= part.size
                log.settle(part)
            else:
                message = f"run {part.run.run_id!r} has been claimed by another owner, or has ended"
                self._drop(log, FenceLostError(message))

    def _tell(self, events: Sequence[Event]) -> None:
        try:
            self._publish(events)
        except Exception:
            logger.exception("readers_not_told", detail="they will find the events in the log")

    def _drop(self, log: PendingLog, failure: SentinelError) -> None:
        self._size -= log.size
        log.fail(failure)

    def _give_up(self) -> None:
        """Nothing will be committed any more: nobody may wait for it."""
        self._is_closed = True
        for log in [*(log for log, _ in self._in_flight), *self._dirty]:
            self._drop(log, _closed())
        self._in_flight = []
        self._dirty = {}


def _broken() -> StoreError:
    return StoreError("the journal could not write the events of this run; the log of the server has the details")


def _closed() -> StoreUnavailableError:
    return StoreUnavailableError("the journal is closed; what was not committed is lost")
