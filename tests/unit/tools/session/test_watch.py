"""The watch over a session: a stream that never lasts is opened less often, a list that failed is asked for again."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import cast

import pytest

from sentinel.testing.clock import FakeClock
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.session.connection import Connection
from sentinel.tools.session.watch import Watch
from tests.support.bounded import bounded
from tests.unit.tools.peers import tool
from tests.unit.tools.supervised import BOUND, Supervised

CONFIG = SupervisionConfig(backoff_base_seconds=0.2, backoff_max_seconds=30.0, stable_seconds=30.0)
ROUNDS = 12
LONG_SECONDS = 3600.0


class Fleeting:
    """A session whose streams of changes end after so many seconds each; the last one is refused for good."""

    def __init__(self, clock: FakeClock, *, lasting: float) -> None:
        self.opened_at: list[float] = []
        self._clock = clock
        self._lasting = lasting

    class _Transport:
        shows_end = True

    transport = _Transport()

    async def follow_changes(self, _changed: Callable[[], None]) -> bool:
        self.opened_at.append(self._clock.monotonic())
        await self._clock.sleep(self._lasting)
        return len(self.opened_at) < ROUNDS


async def pauses_between(*, lasting: float) -> list[float]:
    """Watch streams that last so long, and give the seconds between the end of each and the next."""
    clock = FakeClock()
    session = Fleeting(clock, lasting=lasting)

    async def is_alive() -> bool:
        return True

    watch = Watch(
        connection=cast("Connection", session),
        check=is_alive,
        tools_changed=lambda: None,
        clock=clock,
        config=CONFIG,
        rng=lambda: 1.0,
    )
    watching = asyncio.create_task(watch.run())
    await clock.elapse(LONG_SECONDS)
    await bounded(watching, BOUND)
    starts = session.opened_at
    return [round(later - earlier - lasting, 3) for earlier, later in pairwise(starts)]


async def test_a_stream_of_changes_that_never_lasts_is_opened_ever_less_often() -> None:
    """Some servers answer from functions that end: five questions a second each would be for ever."""
    assert await pauses_between(lasting=0.0) == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0, 30.0]


async def test_a_stream_of_changes_that_lasted_is_opened_again_at_once() -> None:
    """It has most likely reached somebody's limit of time."""
    assert set(await pauses_between(lasting=60.0)) == {0.2}


@pytest.mark.parametrize("failures", [1, 4])
async def test_a_list_that_fails_is_asked_for_again(supervised: Supervised, failures: int) -> None:
    """The server has said that its tools have changed; one bad moment must not hide that for ever."""
    supervisor = await supervised.ready()
    supervised.peer.refuses_to_list = True
    supervised.peer.listed.append(tool("more"))
    supervisor.relist()
    asked = supervised.peer.asked.count("tools/list")
    while supervised.peer.asked.count("tools/list") < asked + failures:
        await supervised.clock.elapse(0.5)
    supervised.peer.refuses_to_list = False
    await supervised.clock.elapse(15.0)
    await supervised.until(lambda one: one.status().tools == ("echo", "more"))


async def test_a_list_of_a_session_that_is_lost_is_not_asked_for_again(supervised: Supervised) -> None:
    """The next session begins with a list of its own."""
    supervisor = await supervised.ready()
    supervised.peer.refuses_to_list = True
    supervisor.relist()
    await supervised.clock.elapse(0.0)
    supervised.peer.crash()
    supervised.peer.refuses_to_list = False
    await supervised.clock.elapse(0.2)
    await supervised.until(lambda one: one.status().sessions == 2)
    asked = supervised.peer.asked.count("tools/list")
    await supervised.clock.elapse(60.0)
    assert supervised.peer.asked.count("tools/list") == asked
