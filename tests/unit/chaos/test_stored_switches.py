"""Kill switches of several processes on one store: each sees the others' within one look, and none is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

import pytest

from sentinel.chaos.kill_switches import KillSwitches
from sentinel.chaos.stored_switches import StoredSwitches
from sentinel.coordination.switch_watch import LOOK_SECONDS, SwitchWatch
from sentinel.domain.stores import KillSwitchRecord
from sentinel.errors import StoreUnavailableError
from sentinel.testing.clock import FakeClock, settle


async def nothing() -> None:
    """Happen while nobody does anything."""


class Store:
    """A store in memory that may be away, and may be slow to read and to write."""

    def __init__(self) -> None:
        self.records: dict[str, KillSwitchRecord] = {}
        self.is_away = False
        self.while_reading: Callable[[], Awaitable[object]] = nothing
        self.saved_when: dict[str, asyncio.Event] = {}

    async def save_kill_switch(self, record: KillSwitchRecord) -> None:
        """Store it."""
        self._check()
        if record.target in self.saved_when:
            await self.saved_when[record.target].wait()
        self.records[record.target] = record

    async def remove_kill_switch(self, target: str) -> None:
        """Forget it."""
        self._check()
        self.records.pop(target, None)

    async def kill_switches(self) -> Sequence[KillSwitchRecord]:
        """Give what is stored when the read begins."""
        self._check()
        found = list(self.records.values())
        await self.while_reading()
        return found

    def _check(self) -> None:
        if self.is_away:
            message = "away"
            raise StoreUnavailableError(message)


class Bench:
    """Two processes on one store."""

    def __init__(self) -> None:
        self.clock, self.store = FakeClock(), Store()
        self.here, self.there = (
            StoredSwitches(KillSwitches(self.clock), self.store, clock=self.clock) for _ in range(2)
        )

    async def throw(self, target: str = "p", *, active: bool = True, ttl_seconds: float | None = None) -> None:
        """Throw a switch here."""
        await self.here.set(target, active, actor="ann", ttl_seconds=ttl_seconds, reason="drill")

    async def throw_in_vain(self, *targets: str) -> None:
        """Throw switches here that cannot be stored; then the store is back."""
        self.store.is_away = True
        for target in targets:
            with pytest.raises(StoreUnavailableError):
                await self.throw(target)
        self.store.is_away = False


@pytest.fixture
def bench() -> Bench:
    """Two processes."""
    return Bench()


async def begun(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Begin it, and let it go as far as it can."""
    task = asyncio.create_task(work)
    await settle()
    return task


def on(switches: StoredSwitches) -> list[str]:
    return [switch.target for switch in switches.switches.list()]


async def test_a_switch_is_taken_over_as_it_was_thrown(bench: Bench) -> None:
    await bench.throw(ttl_seconds=60)
    bench.clock.advance(10)
    await bench.there.refresh()
    assert bench.there.switches.list() == bench.here.switches.list()
    bench.clock.advance(49)
    assert on(bench.there) == ["p"]
    bench.clock.advance(2)
    await bench.there.refresh()
    assert on(bench.there) == []


async def test_a_switch_that_is_taken_back_is_off_there_too(bench: Bench) -> None:
    await bench.throw()
    await bench.there.refresh()
    await bench.throw(active=False)
    await bench.there.refresh()
    assert on(bench.there) == []


async def test_a_switch_thrown_while_the_store_is_read_is_not_taken_for_gone(bench: Bench) -> None:
    bench.store.while_reading = bench.throw
    await bench.here.refresh()
    assert on(bench.here) == ["p"]
    bench.store.while_reading = nothing
    await bench.here.refresh()
    assert on(bench.here) == ["p"]


async def test_a_switch_thrown_while_the_database_is_away_holds_and_is_stored_later(bench: Bench) -> None:
    bench.store.is_away = True
    with pytest.raises(StoreUnavailableError):
        await bench.throw()
    for _ in range(3):
        await bench.here.refresh()
    assert on(bench.here) == ["p"]
    bench.store.is_away = False
    await bench.here.refresh()
    await bench.there.refresh()
    assert (on(bench.here), on(bench.there)) == (["p"], ["p"])


async def test_who_switches_off_while_on_is_stored_late_has_the_last_word(bench: Bench) -> None:
    """The later write waits for the earlier one, which may take long."""
    await bench.throw_in_vain("p")
    saved = bench.store.saved_when["p"] = asyncio.Event()
    looking = await begun(bench.here.refresh())
    switching_off = await begun(bench.throw("p", active=False))
    assert on(bench.here) == []
    saved.set()
    await asyncio.gather(looking, switching_off)
    for each in (bench.here, bench.there):
        await each.refresh()
    assert (on(bench.here), on(bench.there), bench.store.records) == ([], [], {})


async def test_what_was_switched_off_while_another_is_stored_late_is_not_stored_as_on(bench: Bench) -> None:
    await bench.throw_in_vain("p", "q")
    saved = bench.store.saved_when["p"] = asyncio.Event()
    looking = await begun(bench.here.refresh())
    switching_off = await begun(bench.throw("q", active=False))
    saved.set()
    await asyncio.gather(looking, switching_off)
    await bench.here.refresh()
    assert (on(bench.here), list(bench.store.records)) == (["p"], ["p"])


async def test_a_switch_thrown_while_another_is_stored_late_is_not_taken_for_gone(bench: Bench) -> None:
    """What the look reads may be older than the switch, which is stored before the reading ends."""
    await bench.throw_in_vain("p")
    is_read = asyncio.Event()
    bench.store.while_reading = is_read.wait
    saved = bench.store.saved_when = {"p": asyncio.Event(), "q": asyncio.Event()}
    looking, throwing = await begun(bench.here.refresh()), await begun(bench.throw("q"))
    for step in (saved["p"], saved["q"], is_read):
        step.set()
        await settle()
    await asyncio.gather(looking, throwing)
    assert on(bench.here) == ["p", "q"]


async def test_an_absent_database_releases_nothing(bench: Bench) -> None:
    await bench.throw()
    await bench.there.refresh()
    bench.store.is_away = True
    await bench.there.refresh()
    assert on(bench.there) == ["p"]


async def test_a_start_takes_over_what_holds_and_forgets_what_is_over(bench: Bench) -> None:
    await bench.throw("p", ttl_seconds=60)
    await bench.throw("q")
    bench.clock.advance(61)
    await bench.there.restore()
    assert (on(bench.there), list(bench.store.records)) == (["q"], ["q"])
    assert bench.there.switches.list()[0].since == bench.clock.now() - timedelta(seconds=61)


async def test_the_watch_looks_every_other_second_and_at_once_when_woken(bench: Bench) -> None:
    async with SwitchWatch(bench.there.refresh, clock=bench.clock) as watch:
        await bench.throw()
        await settle()
        assert on(bench.there) == []
        watch.wake()
        await settle()
        assert on(bench.there) == ["p"]
        await bench.throw(active=False)
        await bench.clock.elapse(LOOK_SECONDS)
        assert on(bench.there) == []
