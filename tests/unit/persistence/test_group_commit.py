"""Group commit over a commit that only pretends: when it writes, what of, and whom it tells."""

import asyncio
from collections.abc import Sequence

import pytest

from sentinel.domain.events import Event, EventType
from sentinel.errors import FenceLostError, StoreError
from sentinel.persistence.group_commit import GroupCommit
from sentinel.persistence.run_log import LogPart
from sentinel.testing.clock import FakeClock, settle
from tests.support.bounded import bounded
from tests.support.group_commit import INTERVAL, FakeDatabase, a_run, status, texts, token
from tests.support.run_builders import completed

# When it commits ------------------------------------------------------------------------------------------------------


async def test_the_first_token_after_a_pause_is_committed_at_once(
    clock: FakeClock, database: FakeDatabase, journal: GroupCommit
) -> None:
    log = journal.open(a_run())
    token(log, "a")
    await settle()
    assert texts(database.events) == ["a"]
    await clock.elapse(1)
    token(log, "b")
    await settle()
    assert texts(database.events) == ["a", "b"]


async def test_tokens_that_follow_wait_for_each_other_for_one_interval(
    clock: FakeClock, database: FakeDatabase, journal: GroupCommit
) -> None:
    log = journal.open(a_run())
    for text in "abcde":
        token(log, text)
        await settle()
        await clock.elapse(0.004)
    assert texts(database.events) == ["a"]
    await clock.elapse(INTERVAL)
    assert texts(database.events) == ["a", "bcde"]
    assert len(database.groups) == 2


async def test_a_status_and_the_first_token_of_a_stream_wait_for_nobody(
    database: FakeDatabase, journal: GroupCommit
) -> None:
    """The clock stands still: whatever is committed here was committed without waiting."""
    log = journal.open(a_run())
    token(log, "a")
    await settle()
    status(log, "failover")
    await settle()
    token(log, "b")
    await settle()
    token(log, "c")
    await settle()
    assert [event.seq for event in database.events] == [2, 3, 4]


async def test_the_events_of_all_runs_are_committed_in_one_group(database: FakeDatabase, journal: GroupCommit) -> None:
    logs = [journal.open(a_run(f"run-{number}")) for number in range(5)]
    for log in logs:
        status(log)
    await settle()
    assert [[part.run.run_id for part in group] for group in database.groups] == [[f"run-{n}" for n in range(5)]]


async def test_what_arrives_during_a_commit_goes_with_the_next(database: FakeDatabase, journal: GroupCommit) -> None:
    database.gate = asyncio.Event()
    log, other = journal.open(a_run()), journal.open(a_run("other"))
    status(log, "one")
    await settle()
    status(log, "two")
    status(other, "three")
    flushed = asyncio.ensure_future(log.flush())
    await settle()
    assert not flushed.done()
    database.gate.set()
    await bounded(flushed, 5)
    assert [[(part.run.run_id, len(part.events)) for part in group] for group in database.groups] == [
        [("run", 1)],
        [("run", 1), ("other", 1)],
    ]


# What becomes of events -----------------------------------------------------------------------------------------------


async def test_adjacent_tokens_that_wait_together_become_one_event(
    clock: FakeClock, database: FakeDatabase, journal: GroupCommit
) -> None:
    log = journal.open(a_run(last_seq=4))
    token(log, "a")
    token(log, "b")
    token(log, "c", message_id="another")
    status(log, "restarted")
    token(log, "d")
    assert log.last_seq == 8
    await log.flush()
    assert [(event.seq, event.data) for event in database.events] == [
        (5, {"text": "ab", "message_id": "m"}),
        (6, {"text": "c", "message_id": "another"}),
        (7, {"phase": "restarted"}),
        (8, {"text": "d", "message_id": "m"}),
    ]


async def test_what_was_appended_is_not_changed_by_the_caller_later(
    database: FakeDatabase, journal: GroupCommit
) -> None:
    data = {"phase": "plan", "steps": ["one"]}
    log = journal.open(a_run())
    log.append(EventType.STATUS, data)
    data["steps"] = ["two"]
    await log.flush()
    assert database.events[0].data == {"phase": "plan", "steps": ["one"]}


async def test_nothing_is_published_before_it_is_committed(database: FakeDatabase, journal: GroupCommit) -> None:
    database.gate = asyncio.Event()
    status(journal.open(a_run()))
    await settle()
    assert (database.tries, database.published) == (1, [])
    database.gate.set()
    await settle()
    assert database.published == database.events


async def test_a_flush_with_nothing_to_commit_returns_at_once(database: FakeDatabase, journal: GroupCommit) -> None:
    await journal.open(a_run()).flush()
    assert database.tries == 0


async def test_an_ending_goes_with_everything_that_waits_and_is_the_last(
    database: FakeDatabase, journal: GroupCommit
) -> None:
    log = journal.open(a_run())
    token(log, "a")
    ending = completed("a")
    await log.finish(ending)
    await log.finish(completed("again"))

    [[part]] = database.groups
    assert (part.ending, [event.type for event in part.events]) == (ending, [EventType.TOKEN, EventType.COMPLETION])
    with pytest.raises(FenceLostError):
        status(log)


async def test_a_terminal_event_cannot_be_appended_without_an_ending(journal: GroupCommit) -> None:
    with pytest.raises(ValueError, match="finish"):
        journal.open(a_run()).append(EventType.ERROR, {})


async def test_a_cancelled_finish_still_ends_the_run(database: FakeDatabase, journal: GroupCommit) -> None:
    database.gate = asyncio.Event()
    log = journal.open(a_run())
    finishing = asyncio.ensure_future(log.finish(completed()))
    await settle()
    finishing.cancel()
    await asyncio.gather(finishing, return_exceptions=True)
    database.gate.set()
    await bounded(log.finish(completed("another")), 5)
    assert [part.ending for group in database.groups for part in group] == [completed()]


# Fences and refusals --------------------------------------------------------------------------------------------------


async def test_a_lost_fence_ends_one_log_and_spares_the_others(database: FakeDatabase, journal: GroupCommit) -> None:
    database.lost_fences.add("stale")
    stale, good = journal.open(a_run("stale")), journal.open(a_run("good"))
    status(stale)
    status(good)
    outcomes = await asyncio.gather(stale.flush(), good.flush(), return_exceptions=True)

    assert isinstance(outcomes[0], FenceLostError)
    assert outcomes[1] is None
    assert {event.run_id for event in database.published} == {"good"}
    for again in (stale.flush(), stale.finish(completed())):
        with pytest.raises(FenceLostError):
            await again
    with pytest.raises(FenceLostError):
        status(stale)
    assert len(database.groups) == 1


async def test_a_run_that_the_database_refuses_fails_alone(database: FakeDatabase, journal: GroupCommit) -> None:
    database.poisoned.add("bad")
    logs = [journal.open(a_run(run_id)) for run_id in ("good", "bad", "fine")]
    for log in logs:
        status(log)
    outcomes = await asyncio.gather(*(log.flush() for log in logs), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), StoreError, type(None)]
    assert [event.run_id for event in database.published] == ["good", "fine"]
    with pytest.raises(StoreError, match="indigestible"):
        status(logs[1])


# When it is itself at fault -------------------------------------------------------------------------------------------


async def test_a_mistake_of_ours_costs_the_run_that_it_meets_and_not_the_journal(
    database: FakeDatabase, journal: GroupCommit, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = database.commit

    async def commit_by_mistake(parts: Sequence[LogPart]) -> Sequence[bool]:
        if any(part.run.run_id == "bad" for part in parts):
            raise TypeError("a mistake")
        return await commit(parts)

    vars(journal)["_commit"] = commit_by_mistake
    bad, good = journal.open(a_run("bad")), journal.open(a_run("good"))
    status(bad, "started")
    status(good, "started")
    with pytest.raises(StoreError, match="could not write"):
        await bad.flush()
    await good.flush()
    status(good, "failover")
    await good.flush()
    assert [event.run_id for event in database.events] == ["good", "good"]
    assert "a mistake" in capsys.readouterr().out


async def test_readers_that_cannot_be_told_do_not_stop_what_is_written(
    clock: FakeClock, database: FakeDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    def tell_nobody(_: Sequence[Event]) -> None:
        raise RuntimeError("nobody there")

    async with GroupCommit(commit=database.commit, clock=clock, publish=tell_nobody) as journal:
        log = journal.open(a_run())
        status(log, "started")
        await log.flush()
        status(log, "failover")
        await log.flush()
    assert len(database.events) == 2
    assert "readers_not_told" in capsys.readouterr().out
