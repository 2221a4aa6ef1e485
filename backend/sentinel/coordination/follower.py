"""One reader's place in a run's log: an iterator over memory that goes back to the log for what it missed.

Cancelling a wait for the next event loses nothing: readers wait with a limit to send heartbeats in between.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

from sentinel.domain.events import Event
from sentinel.domain.stores import EventLog
from sentinel.errors import StoreUnavailableError


class Follower:
    """Gives the events of one run in order, each once, up to the terminal one."""

    def __init__(
        self,
        run_id: str,
        *,
        log: EventLog,
        after: int,
        page: int,
        most_waiting: int,
        pause: Callable[[], Awaitable[None]],
        ends_at: float | None = None,
    ) -> None:
        """Begin after `after`; read `page` events at once; `pause` waits before an absent database is asked again.

        `ends_at` is the monotonic time at which its owner lets it end.
        """
        self.run_id = run_id
        self.ends_at = ends_at
        self._log = log
        self._after = after
        self._page_size = page
        self._most_waiting = most_waiting
        self._pause = pause
        self._page: deque[Event] = deque()
        self._offered: deque[Event] = deque()
        self._is_behind = True  # must read the log; what is offered meanwhile need not be kept
        self._is_over = False
        self._is_ending = False
        self._wake = asyncio.Event()

    @property
    def reached(self) -> int | None:
        """The number of the newest event it has in hand; None while it needs nothing or will read the log itself."""
        if self._is_behind or self._is_over:
            return None
        newest = self._offered or self._page
        return newest[-1].seq if newest else self._after

    def offer(self, events: Sequence[Event]) -> None:
        """Take committed events; never waits. Too many unread ones are let go: the log has them."""
        if self._is_behind or self._is_over:
            return
        if len(self._offered) + len(events) > self._most_waiting:
            self._fall_behind()
        else:
            self._offered.extend(events)
        self._wake.set()

    def end(self) -> None:
        """Stop after what is already in hand, before the end of the run: the reader comes back."""
        self._is_ending = True
        self._wake.set()

    async def start(self) -> None:
        """Read the first page, so that an absent database is known before anything is promised.

        Raises:
            StoreUnavailableError: the log cannot be read.
        """
        await self._read_page()
        if not self._page:
            await self._stop_at_the_end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._is_over:
            if self._page:
                return self._hand_out(self._page.popleft())
            if self._is_behind:
                await self._read_page_or_pause()
            elif (event := self._next_offered()) is not None:
                return self._hand_out(event)
            elif self._is_ending:
                break
            elif not self._is_behind:
                self._wake.clear()
                await self._wake.wait()
        raise StopAsyncIteration

    def _hand_out(self, event: Event) -> Event:
        self._after = event.seq
        self._is_over = event.type.is_terminal
        return event

    def _next_offered(self) -> Event | None:
        while self._offered:
            event = self._offered.popleft()
            if event.seq == self._after + 1:
                return event
            if event.seq > self._after:
                self._fall_behind()
        return None

    def _fall_behind(self) -> None:
        self._is_behind = True
        self._offered.clear()

    async def _read_page_or_pause(self) -> None:
        try:
            await self._read_page()
        except StoreUnavailableError:
            if self._is_ending:
                self._is_over = True
            else:
                await self._pause()

    async def _read_page(self) -> None:
        self._is_behind = False  # what is committed from here on, the read may miss: it must be kept
        is_read = False
        try:
            page = await self._log.read(self.run_id, after=self._after, limit=self._page_size)
            is_read = True
        finally:
            if not is_read:
                self._fall_behind()
        self._page.extend(page)
        if len(page) == self._page_size:
            self._fall_behind()

    async def _stop_at_the_end(self) -> None:
        """Nothing follows now: either nothing ever will, or the reader asked for a place that does not exist yet."""
        head = (await self._log.heads([self.run_id])).get(self.run_id)
        if head is None:
            return
        self._after = min(self._after, head.last_seq)
        self._is_over = head.ended and self._after == head.last_seq
        if self._after < head.last_seq:
            self._fall_behind()
