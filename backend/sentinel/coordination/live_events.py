"""Followers of runs' logs, woken in memory: many readers of one run cost one tail and no query per event.

Committed events come from the journal of this process through `publish`, and from other processes through the fan-out;
one poll for all followed runs finds what was told by neither. These are only the short ways: what a follower missed, it
reads from the log.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import groupby
from operator import attrgetter

from sentinel.clock import Clock, SystemClock
from sentinel.coordination.fan_out import FanOut, MemoryFanOut
from sentinel.coordination.follower import Follower
from sentinel.domain.events import Event
from sentinel.domain.stores import EventLog, LogHead
from sentinel.errors import StoreUnavailableError
from sentinel.tasks import ended
from sentinel.telemetry.survival import repeated, survived

_PAGE = 500  # events per read of the log


class LiveEvents:
    """Implements LiveEvents of the domain, and `publish` for the journal. Meant for one event loop."""

    def __init__(
        self,
        *,
        log: EventLog,
        clock: Clock | None = None,
        poll_interval_seconds: float = 2.0,
        most_waiting: int = 1000,
        fan_out: FanOut | None = None,
    ) -> None:
        """Follow `log`; a follower that leaves more than `most_waiting` events unread goes back to the log.

        `fan_out` tells other processes of what is published here, and us of what they publish.
        """
        self._log = log
        self._fan_out = fan_out or MemoryFanOut()
        self._clock = clock or SystemClock()
        self._poll_interval = poll_interval_seconds
        self._most_waiting = most_waiting
        self._followers: defaultdict[str, set[Follower]] = defaultdict(set)
        self._heard: set[str] = set()
        self._poller: asyncio.Task[None] | None = None
        self._missed: set[str] = set()
        self._looker: asyncio.Task[None] | None = None

    @property
    def followers(self) -> int:
        """How many readers follow runs."""
        return sum(map(len, self._followers.values()))

    def publish(self, events: Sequence[Event]) -> None:
        """Hand committed events to their followers, here and elsewhere; never waits, keeps none without a follower."""
        for run_id, of_run in groupby(events, key=attrgetter("run_id")):
            if run_id in self._followers:
                self._heard.add(run_id)
                self._deliver(run_id, list(of_run))
        self._fan_out.announce(events)

    def end(self) -> None:
        """Let every follower stop after what it has in hand: the process stops, and readers come back elsewhere."""
        self._end(self._followers)

    async def head(self, run_id: str) -> LogHead | None:
        """Give the committed end of the run's log; None for an unknown run."""
        return (await self._log.heads([run_id])).get(run_id)

    @asynccontextmanager
    async def follow(
        self, run_id: str, *, after: int, most_seconds: float | None = None
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """Give committed events with seq > `after`, then wait for more; ends after the terminal event.

        An `after` beyond the end of the log means its end. After `most_seconds`, and a poll at most, it ends as it
        does when the process stops.

        Raises:
            StoreUnavailableError: the log cannot be read when the block is entered; later it is tried again.
        """
        follower = Follower(
            run_id,
            log=self._log,
            after=after,
            page=_PAGE,
            most_waiting=self._most_waiting,
            pause=self._pause,
            ends_at=None if most_seconds is None else self._clock.monotonic() + most_seconds,
        )
        self._enter(follower)  # before the first read: what is committed from now on is heard
        try:
            await follower.start()
            yield follower
        finally:
            await self._leave(follower)

    def _enter(self, follower: Follower) -> None:
        run_id = follower.run_id
        is_first = run_id not in self._followers
        self._followers[run_id].add(follower)
        if is_first:
            self._fan_out.listen(run_id, partial(self._heard_elsewhere, run_id))
        if self._poller is None:
            polls = repeated("look into logs", self._poll, clock=self._clock, every_seconds=self._poll_interval)
            self._poller = asyncio.create_task(polls, name="live-events-poll")

    async def _leave(self, follower: Follower) -> None:
        followers = self._followers[follower.run_id]
        followers.discard(follower)
        if not followers:
            del self._followers[follower.run_id]
            self._heard.discard(follower.run_id)
            self._fan_out.leave(follower.run_id)
        if not self._followers:
            tasks = self._poller, self._looker
            self._poller = self._looker = None
            await ended(*tasks)

    def _heard_elsewhere(self, run_id: str, events: Sequence[Event]) -> None:
        """Take what another process has committed; nothing in it means that something may have been missed."""
        if events:
            self._heard.add(run_id)
            self._deliver(run_id, events)
            return
        self._missed.add(run_id)
        if self._looker is None or self._looker.done():
            self._looker = asyncio.create_task(self._look_at_missed(), name="live-events-look")

    async def _look_at_missed(self) -> None:
        while self._missed:
            run_ids, self._missed = self._missed & self._followers.keys(), set()
            with survived("look into logs"), suppress(StoreUnavailableError):  # the next poll tries again
                await self._catch_up(run_ids)

    def _deliver(self, run_id: str, events: Sequence[Event]) -> None:
        for follower in self._followers.get(run_id, ()):
            follower.offer(events)

    async def _pause(self) -> None:
        await self._clock.sleep(self._poll_interval)

    async def _poll(self) -> None:
        self._end_the_old()
        quiet = self._followers.keys() - self._heard
        self._heard.clear()
        with suppress(StoreUnavailableError):  # the followers stay, and the next round tries again
            await self._catch_up(quiet)

    def _end_the_old(self) -> None:
        now = self._clock.monotonic()
        for followers in self._followers.values():
            for follower in followers:
                if follower.ends_at is not None and follower.ends_at <= now:
                    follower.end()

    async def _catch_up(self, run_ids: set[str]) -> None:
        """Look for what other processes have written, in one query for all runs that were quiet here.

        Nothing will follow in a run that is not there any more: it was deleted, and perhaps its end with it.
        """
        if not run_ids:
            return
        heads = await self._log.heads(run_ids)
        self._end(run_ids - heads.keys())
        for run_id, head in heads.items():
            reached = self._least_reached(run_id)
            while reached is not None and reached < head.last_seq:
                events = await self._log.read(run_id, after=reached, limit=_PAGE)
                self._deliver(run_id, events)
                reached = events[-1].seq if events else None

    def _end(self, run_ids: Collection[str]) -> None:
        for run_id in run_ids:
            for follower in self._followers.get(run_id, ()):
                follower.end()

    def _least_reached(self, run_id: str) -> int | None:
        waiting = [follower.reached for follower in self._followers.get(run_id, ())]
        return min((reached for reached in waiting if reached is not None), default=None)
