"""One reader's stream over ASGI, in virtual time: a slow reader is let go, and misses nothing when it comes back."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from sentinel.api.sse import LIFE_SECONDS, SEND_TIMEOUT_SECONDS, EventStream
from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.events import Event, EventType
from sentinel.testing.clock import settle
from sentinel.testing.virtual_time import LoopClock, run_in_virtual_time
from tests.support.written_log import WrittenLog

SCOPE = {"type": "http", "method": "GET", "path": "/api/runs/run/events"}


@dataclass
class Reader:
    """A browser that takes `appetite` pieces and then no more; it never goes away by itself."""

    appetite: int = 1_000_000
    taken: bytes = b""
    ended_at: float = 0.0
    left: list[str] = field(default_factory=list)

    async def read(self, live: LiveEvents, *, after: int = 0) -> None:
        """Read until the server ends it."""
        stream = EventStream(lambda start: followed(live, start), after=after, on_left_early=self._note)
        await stream(SCOPE, self._receive, self._send)
        self.ended_at = asyncio.get_running_loop().time()

    @property
    def seen(self) -> list[int]:
        """The ids of the frames that arrived."""
        return [int(line[4:]) for line in self.taken.decode().splitlines() if line.startswith("id: ")]

    async def _note(self) -> None:
        self.left.append("left")

    async def _receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        body = message.get("body", b"")
        if body and self.appetite <= 0:
            await asyncio.Event().wait()
        self.appetite -= bool(body)
        self.taken += body


def followed(live: LiveEvents, start: int) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
    return live.follow("run", after=start, most_seconds=LIFE_SECONDS)


def live_over(log: WrittenLog, *, most_waiting: int = 20) -> LiveEvents:
    return LiveEvents(log=log, clock=LoopClock(asyncio.get_running_loop()), most_waiting=most_waiting)


def test_a_reader_that_takes_nothing_is_let_go_in_time_and_misses_nothing() -> None:
    async def scenario() -> None:
        log = WrittenLog()
        live = live_over(log)
        began = asyncio.get_running_loop().time()
        slow = Reader(appetite=3)
        reading = asyncio.create_task(slow.read(live))
        for _ in range(600):  # far more than may wait for it
            live.publish(log.write(EventType.TOKEN))
            await asyncio.sleep(0.05)
        await reading
        assert slow.ended_at - began <= SEND_TIMEOUT_SECONDS + 1
        assert slow.left == ["left"]
        assert live.followers == 0
        live.publish(log.write(EventType.COMPLETION))
        again = Reader()
        await again.read(live, after=slow.seen[-1])
        assert [*slow.seen, *again.seen] == list(range(1, 602))

    run_in_virtual_time(scenario())


def test_ten_slow_readers_hold_up_nobody_and_keep_no_more_than_they_may() -> None:
    async def scenario() -> None:
        log = WrittenLog()
        live = live_over(log, most_waiting=20)
        slow = [Reader(appetite=1) for _ in range(10)]
        quick = Reader()
        tasks = [asyncio.create_task(reader.read(live)) for reader in (*slow, quick)]
        for _ in range(100):
            live.publish(log.write(EventType.TOKEN))
            await asyncio.sleep(0.01)
            assert max(len(follower._offered) for follower in live._followers["run"]) <= 20
        live.publish(log.write(EventType.COMPLETION))
        await asyncio.gather(*tasks)
        assert quick.seen == list(range(1, 102))
        assert quick.ended_at < slow[0].ended_at

    run_in_virtual_time(scenario())


def test_a_connection_that_has_lived_long_ends_with_a_word_and_the_reader_goes_on() -> None:
    async def scenario() -> None:
        log = WrittenLog()
        live = live_over(log)
        log.write(EventType.TOKEN)
        reader = Reader()
        await reader.read(live)
        assert LIFE_SECONDS <= reader.ended_at - 1000 <= LIFE_SECONDS + 5
        assert reader.left == []  # it was us
        assert b": the run goes on" in reader.taken
        log.write(EventType.TOKEN, EventType.COMPLETION)
        again = Reader()
        await again.read(live, after=1)
        assert again.seen == [2, 3]
        assert b": the run goes on" not in again.taken

    run_in_virtual_time(scenario())


def test_readers_are_told_to_come_back_when_the_process_stops() -> None:
    async def scenario() -> None:
        log = WrittenLog()
        live = live_over(log)
        reader = Reader()
        reading = asyncio.create_task(reader.read(live))
        live.publish(log.write(EventType.STATUS))
        await settle()
        live.end()
        await reading
        assert reader.seen == [1]
        assert b": the run goes on" in reader.taken

    run_in_virtual_time(scenario())
