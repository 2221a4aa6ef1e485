"""What leases of runs promise, over SQLite, over PostgreSQL and in memory: one holder, and nobody forgotten."""

import asyncio
from collections.abc import Sequence

import pytest

from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import Priority, Run, RunOptions, RunStatus
from sentinel.persistence.engine import create_engine
from sentinel.testing.clock import FakeClock
from tests.support.run_builders import at
from tests.support.stores import Stores, sql_stores_over

LONG = 60.0
OVER = 0.0  # a lease that has lapsed when it is given


async def claim(stores: Stores, run: Run, owner: str, *, lease: float = LONG, **more: bool) -> Run | None:
    return await stores.runs.claim(run.run_id, owner=owner, lease_seconds=lease, at=at(50), **more)


async def idle(stores: Stores) -> Sequence[str]:
    found = await stores.runs.idle(limit=100)
    return [run.run_id for run in found]


async def test_a_queued_run_is_claimed_once_and_then_held(stores: Stores) -> None:
    run = await stores.ask()
    first = await stores.runs.claim(run.run_id, owner="a", lease_seconds=LONG, at=at(10))
    assert first
    assert (first.status, first.fence, first.recovered, first.started_at) == (RunStatus.RUNNING, 1, 0, at(10))
    assert await claim(stores, run, "b") is None
    assert await stores.runs.get(run.run_id) == first


async def test_a_lapsed_lease_is_taken_over_with_a_new_fence_which_counts(stores: Stores) -> None:
    run = await stores.ask()
    first = await stores.runs.claim(run.run_id, owner="a", lease_seconds=OVER, at=at(10))
    second = await stores.runs.claim(run.run_id, owner="b", lease_seconds=LONG, at=at(20))
    assert first
    assert second
    assert (second.fence, second.recovered, second.taken_over_from, second.started_at) == (2, 1, "a", at(10))
    assert await claim(stores, run, "a") is None


async def test_after_an_outage_nobody_takes_over_who_was_told_not_to(stores: Stores) -> None:
    """Whoever could not renew a lease while the database was away gets the time to do it."""
    run, fresh = await stores.ask(), await stores.ask()
    await claim(stores, run, "a", lease=OVER)
    assert await claim(stores, run, "b", may_take_over=False) is None
    assert await claim(stores, fresh, "b", may_take_over=False)
    assert await stores.runs.renew([run.run_id], owner="a", lease_seconds=LONG) == {run.run_id}
    assert await claim(stores, run, "b") is None


async def test_a_released_run_is_free_at_once_and_nothing_is_counted(stores: Stores) -> None:
    run, other = await stores.ask(), await stores.ask()
    await claim(stores, run, "a")
    await claim(stores, other, "a")
    await stores.runs.release("b", run.run_id)
    assert await idle(stores) == []
    await stores.runs.release("a", run.run_id)
    assert await idle(stores) == [run.run_id]
    again = await claim(stores, run, "b")
    assert again
    assert (again.fence, again.recovered, again.taken_over_from) == (2, 0, None)
    assert await claim(stores, other, "b") is None


async def test_who_goes_releases_all_that_is_held_and_nothing_of_others(stores: Stores) -> None:
    runs = [await stores.ask() for _ in range(3)]
    for run, owner in zip(runs, "aab", strict=True):
        await claim(stores, run, owner)
    await stores.runs.release("a")
    assert await idle(stores) == ["run-1", "run-2"]


async def test_the_holder_may_claim_again_which_does_not_count(stores: Stores) -> None:
    """It asks when the answer to its claim was lost, or to begin a fresh log."""
    run = await stores.ask()
    await claim(stores, run, "a")
    again = await claim(stores, run, "a")
    assert again
    assert (again.fence, again.recovered, again.taken_over_from) == (2, 0, None)


async def test_what_a_holder_has_dropped_counts_when_it_takes_it_up_again_unless_it_never_let_go(
    stores: Stores,
) -> None:
    """Else a run that makes its holder stumble would be taken up by it for ever."""
    run = await stores.ask()
    await claim(stores, run, "a", lease=OVER)
    kept = await claim(stores, run, "a", lease=OVER, goes_on=True)
    dropped = await claim(stores, run, "a", lease=OVER)
    assert kept
    assert dropped
    assert (kept.recovered, kept.taken_over_from) == (0, None)
    assert (dropped.recovered, dropped.taken_over_from) == (1, "a")
    assert await claim(stores, run, "a", may_take_over=False) is None


async def test_a_renewed_lease_does_not_lapse_and_a_lost_one_is_not_renewed(stores: Stores) -> None:
    runs = [await stores.ask() for _ in range(4)]
    held, taken, released, ended = runs
    for run in (held, taken, released):
        await claim(stores, run, "a", lease=OVER)
    await claim(stores, taken, "b")
    await stores.runs.release("a", released.run_id)
    await stores.answer(ended)
    renewed = await stores.runs.renew([run.run_id for run in runs], owner="a", lease_seconds=LONG)
    assert set(renewed) == {held.run_id}
    assert await idle(stores) == [released.run_id]
    assert await stores.runs.renew([], owner="a", lease_seconds=LONG) == frozenset()


async def test_a_run_that_has_ended_or_never_was_cannot_be_claimed(stores: Stores) -> None:
    run = await stores.answer(await stores.ask())
    assert await claim(stores, run, "a") is None
    assert await stores.runs.claim("nothing", owner="a", lease_seconds=LONG, at=at(60)) is None
    assert (await stores.runs.get(run.run_id)).fence == run.fence


async def test_runs_that_nobody_works_on_are_found_oldest_first_and_those_that_were_begun_before_all_others(
    stores: Stores,
) -> None:
    assert await idle(stores) == []
    runs = [await stores.ask() for _ in range(6)]
    await stores.answer(runs[1])
    await claim(stores, runs[2], "a")
    await claim(stores, runs[3], "a", lease=OVER)
    await claim(stores, runs[5], "a")
    await stores.runs.release("a", runs[5].run_id)
    assert await idle(stores) == ["run-4", "run-6", "run-1", "run-5"]
    assert [run.run_id for run in await stores.runs.idle(limit=2, skip=1)] == ["run-6", "run-1"]


async def test_an_idle_run_is_found_with_its_thread_and_its_priority(stores: Stores) -> None:
    await stores.ask(options=RunOptions(priority=Priority.BATCH))
    assert await stores.runs.idle(limit=1) == [QueuedRun("run-1", "thread-1", Priority.BATCH)]


async def test_when_nobody_else_lives_all_leases_can_lapse_and_that_counts(stores: Stores) -> None:
    run = await stores.ask()
    await claim(stores, run, "a")
    await stores.runs.lapse()
    assert await idle(stores) == [run.run_id]
    again = await claim(stores, run, "b")
    assert again
    assert (again.recovered, again.taken_over_from) == (1, "a")


async def test_a_holder_sees_which_of_its_runs_shall_stop(stores: Stores) -> None:
    mine, other, going, queued = [await stores.ask() for _ in range(4)]
    for run, owner in ((mine, "a"), (other, "b"), (going, "a")):
        await claim(stores, run, owner)
    for run in (mine, other, queued):
        await stores.runs.request_cancel(run.run_id)
    assert set(await stores.runs.cancelled("a")) == {mine.run_id}


@pytest.mark.parametrize("lease", [None, OVER])
async def test_of_many_who_claim_at_once_exactly_one_holds_the_run(
    database_url: str, clock: FakeClock, lease: float | None
) -> None:
    """A queued run, and one whose lease has lapsed; each claimant has its own connections, as a process has."""
    engines = [create_engine(database_url) for _ in range(6)]
    rivals = [sql_stores_over(engine, clock) for engine in engines]
    run = await rivals[0].ask()
    if lease is not None:
        await claim(rivals[0], run, "dead", lease=lease)
    claims = await asyncio.gather(*(claim(rival, run, f"rival-{number}") for number, rival in enumerate(rivals)))
    assert len([claimed for claimed in claims if claimed]) == 1
    assert (await rivals[0].runs.get(run.run_id)).fence == (1 if lease is None else 2)
    for engine in engines:
        await engine.dispose()
