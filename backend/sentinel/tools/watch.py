"""Looks after one session while it is in use: whether its server is still there, and whether its tools have changed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from mcp import MCPError

from sentinel.clock import Clock
from sentinel.tools.classification import fault_of
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.connection import Connection, list_all_tools
from sentinel.tools.outcome import Cause
from sentinel.tools.quoting import is_of_the_sdk
from sentinel.tools.reading import ReadTool
from sentinel.tools.waiting import finished_within

REFUSED: Final = (Cause.AUTH, Cause.FORBIDDEN)
_GONE: Final = (Cause.CONNECT, Cause.TRANSPORT)
_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The watch over one connection. `check` asks for a sign of life and tells whether it came."""

    connection: Connection
    check: Callable[[], Awaitable[bool]]
    tools_changed: Callable[[], None]
    clock: Clock
    pulse_seconds: float
    pause_seconds: float

    async def run(self) -> None:
        """Watch until cancelled, or until nothing is left to be watched."""
        watches = [self._follow_changes()]
        if not self.connection.transport.shows_end:
            watches.append(self._take_pulse())
        await asyncio.gather(*watches)

    async def _follow_changes(self) -> None:
        """Follow the server's own stream of changes; where that breaks off, the server may be gone."""
        while await self.connection.follow_changes(self.tools_changed):
            if not await self.check():
                return
            await self.clock.sleep(self.pause_seconds)
            self.tools_changed()  # what was said in between was not heard

    async def _take_pulse(self) -> None:
        while True:
            await self.clock.sleep(self.pulse_seconds)
            if not await self.check():
                return


class Relisting:
    """Lists the tools of a session anew when somebody asks: one listing at a time, at most one a second."""

    def __init__(
        self, publish: Callable[[Connection, tuple[ReadTool, ...]], None], *, clock: Clock, config: SupervisionConfig
    ) -> None:
        """Give every list to `publish`; a listing that fails or takes too long is dropped."""
        self._publish = publish
        self._clock = clock
        self._config = config
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
        try:
            while self._wanted is not None:
                connection, self._wanted = self._wanted, None
                await self._list(connection)
                await self._clock.sleep(_PAUSE_SECONDS)
        finally:
            self._task = None

    async def _list(self, connection: Connection) -> None:
        listing = asyncio.create_task(list_all_tools(connection.session, config=self._config))
        try:
            await finished_within(listing, seconds=self._config.connect_seconds, clock=self._clock)
            if listing.done() and not listing.cancelled() and listing.exception() is None:
                self._publish(connection, listing.result())
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
