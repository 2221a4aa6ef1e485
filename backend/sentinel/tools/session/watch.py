"""Looks after one session while it is in use: whether its server is still there, and whether its tools have changed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from mcp import MCPError

from sentinel.clock import Clock
from sentinel.resilience.pauses import growing_pauses
from sentinel.tools.catalogue.reading import ReadTool
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.filters.quoting import is_of_the_sdk
from sentinel.tools.outcome import Cause
from sentinel.tools.session.classification import fault_of
from sentinel.tools.session.connection import Connection, list_all_tools
from sentinel.tools.waiting import finished_within

REFUSED: Final = (Cause.AUTH, Cause.FORBIDDEN)
_GONE: Final = (Cause.CONNECT, Cause.TRANSPORT)
_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The watch over one connection. `check` asks for a sign of life and tells whether it came."""

    connection: Connection
    check: Callable[[], Awaitable[bool]]
    tools_changed: Callable[[], None]
    clock: Clock
    config: SupervisionConfig
    rng: Callable[[], float]

    async def run(self) -> None:
        """Watch until cancelled, or until nothing is left to be watched."""
        watches = [self._follow_changes()]
        if not self.connection.transport.shows_end:
            watches.append(self._take_pulse())
        await asyncio.gather(*watches)

    async def _follow_changes(self) -> None:
        """Follow the server's own stream of changes; where that breaks off, the server may be gone.

        A stream that never lasts is opened ever less often.
        """
        pauses, opened_at = self._pauses(), self.clock.monotonic()
        while await self.connection.follow_changes(self.tools_changed):
            if not await self.check():
                return
            if self.clock.monotonic() - opened_at >= self.config.stable_seconds:
                pauses = self._pauses()
            await self.clock.sleep(next(pauses))
            self.tools_changed()  # what was said in between was not heard
            opened_at = self.clock.monotonic()

    def _pauses(self) -> Iterator[float]:
        first, longest = self.config.backoff_base_seconds, self.config.backoff_max_seconds
        return growing_pauses(first_seconds=first, longest_seconds=longest, rng=self.rng)

    async def _take_pulse(self) -> None:
        while True:
            await self.clock.sleep(self.config.watch_seconds)
            if not await self.check():
                return


class Relisting:
    """Lists the tools of a session anew when somebody asks: one listing at a time, at most one a second."""

    def __init__(
        self,
        publish: Callable[[Connection, tuple[ReadTool, ...]], None],
        *,
        clock: Clock,
        config: SupervisionConfig,
        rng: Callable[[], float],
    ) -> None:
        """Give every list to `publish`; a listing that fails or takes too long is tried again, ever less often."""
        self._publish = publish
        self._clock = clock
        self._config = config
        self._rng = rng
        self._task: asyncio.Task[None] | None = None
        self._wanted: Connection | None = None

    def ask(self, connection: Connection) -> None:
        """List soon; what is asked for while a listing is under way is one more listing after it."""
        self._wanted = connection
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="tools:relist")

    def stop(self) -> "asyncio.Task[None] | None":
        """Ask for no more; gives the task that is to be cancelled, if any."""
        self._wanted = None
        return self._task

    async def _run(self) -> None:
        pauses = self._pauses()
        try:
            while (connection := self._wanted) is not None:
                self._wanted = None
                if await self._is_listed(connection):
                    pauses = self._pauses()
                elif not connection.is_lost:
                    self._wanted = connection  # what has changed is still not known
                await self._clock.sleep(next(pauses))
        finally:
            self._task = None

    def _pauses(self) -> Iterator[float]:
        yield _PAUSE_SECONDS
        yield from growing_pauses(
            first_seconds=2 * _PAUSE_SECONDS, longest_seconds=_LONGEST_PAUSE_SECONDS, rng=self._rng
        )

    async def _is_listed(self, connection: Connection) -> bool:
        listing = asyncio.create_task(list_all_tools(connection.session, config=self._config))
        try:
            await finished_within(listing, seconds=self._config.connect_seconds, clock=self._clock)
            if not listing.done() or listing.cancelled() or listing.exception() is not None:
                return False
            self._publish(connection, listing.result())
            return True
        finally:
            listing.cancel()


def fault_of_question(question: "asyncio.Task[bool]") -> Cause | None:
    """Tell what a question for a sign of life has found to be wrong; None if it got one.

    A server that does not answer, or only ends its answers, is `hung`.
    """
    if not question.done() or question.cancelled():
        return Cause.HUNG
    error = question.exception()
    fault = fault_of(error)
    if fault in REFUSED or fault is Cause.SESSION_EXPIRED:
        return fault
    # An error is an answer too, unless it only says that there is no connection.
    is_answer = error is None or (isinstance(error, MCPError) and not is_of_the_sdk(error))
    return None if is_answer and fault not in _GONE else Cause.HUNG
