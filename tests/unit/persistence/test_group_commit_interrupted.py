"""Group commit while the database is away, and at its own end: what is kept, what is given up, who learns it."""

import asyncio

import pytest

from sentinel.errors import StoreUnavailableError
from sentinel.persistence.group_commit import GroupCommit
from sentinel.persistence.run_log import PendingLog
from sentinel.testing.clock import FakeClock, settle
from tests.support.bounded import bounded
from tests.support.group_commit import LIMITS, FakeDatabase, a_run, journal_over, status, texts, token
from tests.support.run_builders import completed

# An absent database ---------------------------------------------------------------------------------------------------


async def test_while_the_database_is_away_everything_is_kept_and_tried_again_ever_more_slowly(
    clock: FakeClock, database: FakeDatabase, journal: GroupCommit
) -> None:
    database.is_away = True
    log = journal.open(a_run())
    token(log, "a")
    await clock.elapse(30)
    tries = database.tries
    assert 15 < tries < 40  # without chance they would be 20
    token(log, "b")
    token(log, "c")
    await clock.elapse(2)
    assert database.states == [False]

    database.is_away = False
    await clock.elapse(2)
    await log.flush()
    assert (texts(database.events), database.states) == (["a", "bc"], [False, True])
    assert database.published == database.events
    assert [event.seq for event in database.events] == [2, 3]


async def test_one_run_may_not_fill_the_buffer_and_an_ending_always_fits(
    clock: FakeClock, database: FakeDatabase, journal: GroupCommit
) -> None:
    database.is_away = True
    log, other = journal.open(a_run()), journal.open(a_run("other"))
    token(log, "x" * LIMITS.run_bytes)
    with pytest.raises(StoreUnavailableError):
        token(log, "y")
    token(other, "z")
    finished = asyncio.ensure_future(log.finish(completed()))
    await clock.elapse(1)
    database.is_away = False
    await clock.elapse(2)
    await bounded(finished, 5)
    token(other, "room again")
    await other.flush()
    assert texts([event for event in database.published if event.run_id == "other"]) == ["z", "room again"]


async def test_all_runs_together_may_not_fill_the_buffer(database: FakeDatabase, journal: GroupCommit) -> None:
    database.is_away = True
    logs = [journal.open(a_run(f"run-{number}")) for number in range(4)]
    for log in logs[:3]:
        token(log, "x" * 1_800)
    with pytest.raises(StoreUnavailableError):
        token(logs[3], "y")


async def test_room_is_given_back_by_commits_lost_fences_and_refusals(
    clock: FakeClock, database: FakeDatabase, journal: GroupCommit
) -> None:
    database.lost_fences.add("stale")
    database.poisoned.add("bad")
    logs: list[PendingLog] = []
    for _ in range(30):
        logs = [journal.open(a_run(run_id)) for run_id in ("good", "stale", "bad")]
        for log in logs:
            token(log, "x" * 1_000)
        await asyncio.gather(*(log.flush() for log in logs), return_exceptions=True)
        await clock.elapse(1)
    assert {log.size for log in logs} == {0}


# The end --------------------------------------------------------------------------------------------------------------


async def test_closing_commits_what_waits(clock: FakeClock, database: FakeDatabase) -> None:
    async with journal_over(clock, database) as journal:
        log = journal.open(a_run())
        for text in "abc":
            token(log, text)
            await settle()
    assert texts(database.published) == ["a", "bc"]


async def test_closing_gives_up_after_its_time_limit_and_tells_who_waits(
    clock: FakeClock, database: FakeDatabase
) -> None:
    database.is_away = True
    journal = journal_over(clock, database)
    await journal.__aenter__()
    log, idle = journal.open(a_run()), journal.open(a_run("idle"))
    status(log)
    flushed = asyncio.ensure_future(log.flush())
    closing = asyncio.ensure_future(journal.aclose())
    await clock.elapse(4.9)
    assert not closing.done()
    await clock.elapse(0.2)
    await bounded(closing, 5)
    with pytest.raises(StoreUnavailableError):
        await flushed
    with pytest.raises(StoreUnavailableError):
        status(idle)
    with pytest.raises(StoreUnavailableError):
        await idle.finish(completed())


async def test_a_journal_that_never_ran_can_be_closed(clock: FakeClock, database: FakeDatabase) -> None:
    journal = journal_over(clock, database)
    log = journal.open(a_run())
    await journal.aclose()
    with pytest.raises(StoreUnavailableError):
        status(log)
