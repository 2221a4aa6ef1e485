"""The leases of a process: how long it may be certain, and what it does when it may not."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

import pytest

from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import Run
from sentinel.errors import FenceLostError, StoreUnavailableError
from sentinel.runs.leases import LeaseOptions, Leases, Stop
from sentinel.runs.sweeper import Sweeper
from sentinel.testing.clock import FakeClock, settle
from sentinel.testing.stores import MemoryData, MemoryRunStore
from tests.support.bounded import bounded
from tests.support.run_builders import Questions


class AbsentStore(MemoryRunStore):
    """Cannot be reached while `is_away`; counts renewals."""

    is_away = False
    renewals = 0

    async def renew(self, run_ids: Collection[str], *, owner: str, lease_seconds: float) -> Collection[str]:
        self._check()
        self.renewals += 1
        return await super().renew(run_ids, owner=owner, lease_seconds=lease_seconds)

    async def idle(self, *, limit: int, skip: int = 0) -> Sequence[QueuedRun]:
        self._check()
        return await super().idle(limit=limit, skip=skip)

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailableError("away")


@dataclass
class Place:
    """One database, and processes on it."""

    clock: FakeClock
    store: AbsentStore

    def process(self, owner: str) -> Leases:
        return Leases(runs=self.store, clock=self.clock, options=LeaseOptions(owner=owner))

    async def ask(self, questions: Questions) -> Run:
        return await self.store.create(questions.ask(at=self.clock.now()))


@pytest.fixture
def place() -> Place:
    clock = FakeClock()
    return Place(clock, AbsentStore(MemoryData(clock)))


@pytest.fixture
async def mine(place: Place) -> AsyncIterator[Leases]:
    async with place.process("a") as leases:
        yield leases


async def test_all_leases_are_renewed_together_as_long_as_somebody_is_inside(place: Place, mine: Leases) -> None:
    questions = Questions()
    first, second = await place.ask(questions), await place.ask(questions)
    async with mine.claimed(first.run_id) as one, mine.claimed(second.run_id) as two:
        await place.clock.elapse(20.0)
        assert one
        assert one.is_certain
        assert two
        assert two.is_certain
        assert place.store.renewals == 10
    await place.clock.elapse(6.0)
    idle = await place.store.idle(limit=10)
    assert idle == [QueuedRun.of(first), QueuedRun.of(second)]


async def test_a_run_is_held_once_by_a_process_and_by_nobody_else(place: Place, mine: Leases) -> None:
    run = await place.ask(Questions())
    async with mine.claimed(run.run_id) as held, mine.claimed(run.run_id) as again:
        assert held
        assert again is None
        async with place.process("b") as other, other.claimed(run.run_id) as theirs:
            assert theirs is None


async def test_who_cannot_renew_waits_before_it_acts_and_goes_on_when_it_can(place: Place, mine: Leases) -> None:
    run = await place.ask(Questions())
    async with mine.claimed(run.run_id) as lease:
        assert lease
        await bounded(lease.ensure(), 1)
        place.store.is_away = True
        await place.clock.elapse(6.0)
        acting = asyncio.ensure_future(lease.ensure())
        await place.clock.elapse(10.0)
        assert not acting.done()
        place.store.is_away = False
        await place.clock.elapse(0.5)
        await bounded(acting, 1)


async def test_a_process_that_was_frozen_learns_that_its_run_is_lost_before_it_acts(place: Place, mine: Leases) -> None:
    run = await place.ask(Questions())
    async with mine.claimed(run.run_id) as lease:
        assert lease
        await settle()
        place.clock.advance(7.0)  # nothing of this process ran meanwhile
        taken = await place.store.claim(run.run_id, owner="b", lease_seconds=6.0, at=place.clock.now())
        assert taken
        working = asyncio.ensure_future(lease.perform(asyncio.Event().wait()))
        with pytest.raises(FenceLostError):
            await bounded(lease.ensure(), 1)
        with pytest.raises(asyncio.CancelledError):
            await working
        assert lease.stopped is Stop.LOST


async def test_after_an_outage_nobody_is_taken_over_from_before_a_lease_has_passed(place: Place) -> None:
    run = await place.ask(Questions())
    async with place.process("b") as other:
        await place.store.claim(run.run_id, owner="a", lease_seconds=6.0, at=place.clock.now())
        place.store.is_away = True
        await place.clock.elapse(30.0)
        place.store.is_away = False
        async with other.claimed(run.run_id) as early:
            assert early is None
        await place.clock.elapse(6.5)
        async with other.claimed(run.run_id) as late:
            assert late
            assert (late.run.taken_over_from, late.run.recovered) == ("a", 1)


async def test_a_cancellation_from_elsewhere_stops_the_work_within_a_second(place: Place, mine: Leases) -> None:
    run = await place.ask(Questions())
    async with mine.claimed(run.run_id) as lease:
        assert lease
        working = asyncio.ensure_future(lease.perform(asyncio.Event().wait()))
        await place.store.request_cancel(run.run_id)
        await place.clock.elapse(1.0)
        assert lease.stopped is Stop.CANCELLED
        with pytest.raises(asyncio.CancelledError):
            await working


async def test_who_leaves_gives_everything_back(place: Place) -> None:
    run = await place.ask(Questions())
    async with place.process("a") as leases, leases.claimed(run.run_id) as lease:
        assert lease
        lease.stop(Stop.HANDED_OVER)
    assert len(await place.store.idle(limit=10)) == 1
    async with place.process("b") as other, other.claimed(run.run_id) as next_one:
        assert next_one
        assert (next_one.run.taken_over_from, next_one.run.recovered) == (None, 0)


async def test_a_mistake_in_one_renewal_does_not_end_all_that_follow(
    place: Place, mine: Leases, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await place.ask(Questions())
    renew = place.store.renew

    async def stumble(*_: object, **__: object) -> Collection[str]:
        vars(place.store)["renew"] = renew
        raise TypeError("a mistake")

    async with mine.claimed(run.run_id) as lease:
        assert lease
        vars(place.store)["renew"] = stumble
        await place.clock.elapse(20.0)
        assert lease.is_certain
    assert "a mistake" in capsys.readouterr().out


async def test_a_renewal_that_hangs_is_given_up_in_time_for_another(place: Place) -> None:
    run = await place.ask(Questions())
    leases = Leases(runs=place.store, clock=place.clock, options=LeaseOptions(owner="a", lease_seconds=0.03))

    async def hang(*_: object, **__: object) -> Collection[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async with leases.claimed(run.run_id) as lease:
        assert lease
        vars(place.store)["renew"] = hang
        assert not await bounded(leases.renew(), 5)
        del vars(place.store)["renew"]
        assert await leases.renew()


@dataclass
class Heard:
    """A queue that only listens."""

    runs: list[str]

    async def submit(self, run: QueuedRun) -> None:
        self.runs.append(run.run_id)


async def test_the_sweeper_finds_what_waits_also_after_the_clock_was_put_back(place: Place, mine: Leases) -> None:
    heard = Heard([])
    waiting = await place.ask(Questions())
    place.clock.jump_wall_clock(-7200)
    queue: object = heard
    async with Sweeper(runs=place.store, queue=queue, leases=mine, clock=place.clock):  # type: ignore[arg-type]
        assert heard.runs == [waiting.run_id]


async def test_the_sweeper_finds_what_nobody_works_on_at_once_and_every_two_seconds(place: Place, mine: Leases) -> None:
    questions, heard = Questions(), Heard([])
    lost, fresh = await place.ask(questions), await place.ask(questions)
    await place.store.claim(lost.run_id, owner="dead", lease_seconds=1.0, at=place.clock.now())
    queue: object = heard
    async with Sweeper(runs=place.store, queue=queue, leases=mine, clock=place.clock):  # type: ignore[arg-type]
        assert heard.runs == [fresh.run_id]
        await place.clock.elapse(2.0)
        assert heard.runs == [fresh.run_id, lost.run_id, fresh.run_id]  # what was begun comes first
        place.store.is_away = True
        await place.clock.elapse(2.0)
        assert len(heard.runs) == 3
        assert not mine.may_take_over
        place.store.is_away = False
        await place.clock.elapse(2.0)
        assert len(heard.runs) == 5


async def test_the_sweeper_finds_what_was_lost_behind_a_long_line_at_once(place: Place, mine: Leases) -> None:
    """It is one of the newest, and all the others are known to the queue."""
    questions, heard = Questions(), Heard([])
    for _ in range(230):
        await place.ask(questions)
    lost = await place.ask(questions)
    await place.store.claim(lost.run_id, owner="a", lease_seconds=60.0, at=place.clock.now())
    await place.store.release("a", lost.run_id)
    queue: object = heard
    await Sweeper(runs=place.store, queue=queue, leases=mine, clock=place.clock).sweep()  # type: ignore[arg-type]
    assert lost.run_id in heard.runs


async def test_the_sweeper_gets_to_the_end_of_a_long_line_in_some_sweeps_and_begins_again(
    place: Place, mine: Leases
) -> None:
    questions, heard = Questions(), Heard([])
    line = {(await place.ask(questions)).run_id for _ in range(700)}
    queue: object = heard
    sweeper = Sweeper(runs=place.store, queue=queue, leases=mine, clock=place.clock)  # type: ignore[arg-type]
    for _ in range(2):
        heard.runs.clear()
        for _ in range(3):
            await sweeper.sweep()
        assert set(heard.runs) == line
