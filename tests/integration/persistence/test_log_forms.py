"""Logs that are compacted and pruned, on both kinds of database: readers get the same, or a snapshot that says so."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import orjson
import pytest
from sqlalchemy import Connection, func, select

from sentinel.domain.events import Event, EventType
from sentinel.domain.runs import Run, RunStatus
from sentinel.errors import StoreUnavailableError
from sentinel.persistence.compaction import Compaction
from sentinel.persistence.engine import Engine, create_engine
from sentinel.persistence.group_commit import GroupCommit
from sentinel.persistence.housekeeping import is_our_turn
from sentinel.persistence.journal import SqlCommit
from sentinel.persistence.pruning import Pruning
from sentinel.persistence.run_log import LogPart
from sentinel.persistence.tables import run_events
from sentinel.testing.clock import FakeClock
from tests.support.bounded import bounded
from tests.support.run_builders import at, completed, failed_attempt, tool_call
from tests.support.stores import Stores

P = ParamSpec("P")
T = TypeVar("T")

DAY = timedelta(days=1)
FIXTURE = Path(__file__).parents[2] / "fixtures" / "events" / "pruned.jsonl"


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands long after the endings of `completed`."""
    return FakeClock(now=at(40 * 86_400))


@pytest.fixture
def quick_clock(clock: FakeClock) -> Any:
    """The same, for chores that pause: they need not."""

    class Quick:
        """A clock on which nobody waits."""

        now = staticmethod(clock.now)
        monotonic = staticmethod(clock.monotonic)

        async def sleep(self, seconds: float) -> None:
            """Go on at once."""

    return Quick()


async def streamed(stores: Stores, words: Sequence[str], **ending: Any) -> tuple[Run, list[Event]]:
    """A run that streamed these words, with a tool in the middle, one token event each; its log as it was written."""
    run = await stores.claim(await stores.ask())
    log = stores.journal.open(run)
    log.append(EventType.STATUS, {"phase": "started"})
    for number, word in enumerate(words):
        if number == len(words) // 2:
            log.append(EventType.STATUS, {"phase": "tool_started", "tool": "calculator"})
        log.append(EventType.TOKEN, {"text": word, "message_id": run.message_id})
        await log.flush()
    await log.finish(completed("".join(words), **{"data": {"text": "".join(words)}, **ending}))
    return run, list(await stores.events.read(run.run_id, after=0, limit=10_000))


async def rows(engine: Engine, run_id: str) -> list[tuple[int, str]]:
    """What is really kept: number and type."""
    statement = select(run_events.c.seq, run_events.c.type).where(run_events.c.run_id == run_id).order_by("seq")
    return [tuple(row) for row in await engine.read(lambda open_: open_.execute(statement).all())]


class Outrun:
    """A database in which another process acts between our reading and our writing."""

    def __init__(self, engine: Engine, *, by: Callable[[], Awaitable[None]]) -> None:
        self.read = engine.read
        self.url, self.ping, self.dispose = engine.url, engine.ping, engine.dispose
        self._engine = engine
        self._act = by

    async def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        await self._act()
        return await self._engine.write(work, *args, **kwargs)


def compaction(engine: Engine, clock: Any, *, after: timedelta | None = DAY) -> Compaction:
    return Compaction(engine=engine, clock=clock, after=after)


def wire(events: Sequence[Event]) -> list[bytes]:
    return [orjson.dumps(event.to_dict()) for event in events]


async def test_a_compacted_log_gives_every_reader_the_same_bytes_from_every_place(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    run, whole = await streamed(sql_stores, ["Hé", "llo ", "", "wörld ", "🙂", "!", " and", " so", " on"])
    await compaction(engine, quick_clock).tidy()
    assert await rows(engine, run.run_id) == [
        (1, "status"), (2, "status"), (6, "tokens"), (7, "status"), (12, "tokens"), (13, "completion")
    ]  # fmt: skip
    for after in range(len(whole) + 2):
        for limit in (1, 2, 5, 1000):
            page = await sql_stores.events.read(run.run_id, after=after, limit=limit)
            assert wire(page) == wire(whole[after : after + limit]), (after, limit)
    assert (await sql_stores.events.heads([run.run_id]))[run.run_id].last_seq == len(whole)


async def test_what_another_process_has_compacted_meanwhile_is_not_counted(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    run, whole = await streamed(sql_stores, ["a", "b", "c"])
    first = compaction(engine, quick_clock)
    second = compaction(Outrun(engine, by=first.tidy), quick_clock)
    await second.tidy()
    assert (first.compacted, second.compacted) == (1, 0)
    assert list(await sql_stores.events.read(run.run_id, after=0)) == whole


async def test_a_reader_who_left_in_the_middle_of_what_was_compacted_reads_on_there(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    run, whole = await streamed(sql_stores, [f"{number} " for number in range(60)])
    seen = await sql_stores.events.read(run.run_id, after=0, limit=31)
    await compaction(engine, quick_clock).tidy()
    rest = await sql_stores.events.read(run.run_id, after=seen[-1].seq)
    assert [*seen, *rest] == whole


async def test_only_runs_that_ended_long_enough_ago_are_compacted(
    sql_stores: Stores, engine: Engine, clock: FakeClock, quick_clock: Any
) -> None:
    old, _ = await streamed(sql_stores, ["a", "b"])
    young, _ = await streamed(sql_stores, ["a", "b"], ended_at=clock.now() - DAY / 2)
    going = await sql_stores.claim(await sql_stores.ask())
    log = sql_stores.journal.open(going)
    for word in "ab":
        log.append(EventType.TOKEN, {"text": word, "message_id": going.message_id})
        await log.flush()
    upkeep = compaction(engine, quick_clock)
    await upkeep.tidy()
    await upkeep.tidy()
    assert upkeep.compacted == 1
    kept = [{kind for _, kind in await rows(engine, run.run_id)} for run in (old, young, going)]
    assert kept == [{"status", "tokens", "completion"}, {"status", "token", "completion"}, {"status", "token"}]
    await log.finish(completed("ab"))


async def test_where_nothing_shall_be_compacted_nothing_is(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    run, _ = await streamed(sql_stores, ["a", "b"])
    await compaction(engine, quick_clock, after=None).tidy()
    await Pruning(engine=engine, clock=quick_clock, keep=None).tidy()
    assert [kind for _, kind in await rows(engine, run.run_id)] == [
        "status", "status", "token", "status", "token", "completion"
    ]  # fmt: skip


async def test_many_logs_are_compacted_in_small_transactions(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    for _ in range(60):
        await streamed(sql_stores, ["a"])
    counted = Counted(engine)
    upkeep = compaction(counted, quick_clock)  # type: ignore[arg-type]
    await upkeep.tidy()
    assert (upkeep.compacted, counted.writes) == (60, 2)


class Counted:
    """An engine whose writes are counted; the first `away` of them fail."""

    def __init__(self, engine: Engine, *, away: int = 0) -> None:
        self._engine = engine
        self._away = away
        self.writes = 0
        self.read = engine.read

    async def write(self, *args: Any, **more: Any) -> Any:
        """Count it."""
        self.writes += 1
        if self.writes <= self._away:
            raise StoreUnavailableError("away")
        return await self._engine.write(*args, **more)


async def test_a_database_that_goes_away_leaves_logs_whole(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    run, whole = await streamed(sql_stores, ["a", "b"])
    upkeep = compaction(Counted(engine, away=1), quick_clock)  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailableError):
        await upkeep.tidy()
    assert await sql_stores.events.read(run.run_id, after=0) == whole
    await upkeep.tidy()
    assert await sql_stores.events.read(run.run_id, after=0) == whole
    assert upkeep.compacted == 1


async def test_an_ending_whose_commit_was_not_answered_is_recognised_after_compaction(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    commit = SqlCommit(engine)

    async def forgetful(parts: Sequence[LogPart]) -> Sequence[bool]:
        await commit(parts)
        await compaction(engine, quick_clock).tidy()
        return await commit(parts)

    run = await sql_stores.claim(await sql_stores.ask())
    async with GroupCommit(commit=forgetful, clock=FakeClock(), publish=sql_stores.published.extend) as journal:
        log = journal.open(run)
        log.append(EventType.TOKEN, {"text": "all", "message_id": run.message_id})
        await log.finish(completed("all"))
    assert [event.type for event in await sql_stores.events.read(run.run_id, after=0)][-1] is EventType.COMPLETION


async def test_of_a_pruned_log_a_snapshot_and_the_end_are_left(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    run, whole = await streamed(sql_stores, ["An ", "answer."], attempts=(failed_attempt(),), tool_calls=(tool_call(),))
    before = await sql_stores.runs.get(run.run_id)
    await compaction(engine, quick_clock).tidy()
    pruning = Pruning(engine=engine, clock=quick_clock, keep=30 * DAY)
    await pruning.tidy()
    await pruning.tidy()
    assert pruning.pruned == 1

    snapshot, end = await sql_stores.events.read(run.run_id, after=0)
    assert end == whole[-1]
    assert (snapshot.seq, snapshot.type) == (end.seq - 1, EventType.STATUS)
    assert snapshot.data == {"phase": "snapshot", "message_id": "answer-1", "text": "An answer.", "recovered": 0}
    assert await sql_stores.runs.get(run.run_id) == before
    assert [message.text for message in await sql_stores.threads.messages("thread-1")][-1] == "An answer."
    for after in range(end.seq + 2):
        page = await sql_stores.events.read(run.run_id, after=after)
        assert page == [event for event in (snapshot, end) if event.seq > after]


async def test_the_snapshot_of_a_failed_run_has_its_partial_text(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    run, _ = await streamed(
        sql_stores,
        ["Half ", "of"],
        status=RunStatus.FAILED,
        event=EventType.ERROR,
        data={"code": "stream_broken", "partial_text": "Half of"},
    )
    await Pruning(engine=engine, clock=quick_clock, keep=DAY).tidy()
    snapshot, _ = await sql_stores.events.read(run.run_id, after=0)
    assert snapshot.data["text"] == "Half of"


async def test_logs_of_young_runs_and_of_those_under_way_are_not_pruned(
    sql_stores: Stores, engine: Engine, clock: FakeClock, quick_clock: Any
) -> None:
    young, whole = await streamed(sql_stores, ["a"], ended_at=clock.now() - DAY / 2)
    going = await sql_stores.ask()
    await Pruning(engine=engine, clock=quick_clock, keep=DAY).tidy()
    assert await sql_stores.events.read(young.run_id, after=0) == whole
    assert len(await sql_stores.events.read(going.run_id, after=0)) == 1


async def test_the_fixture_of_a_pruned_log_has_the_fields_of_a_real_one(
    sql_stores: Stores, engine: Engine, quick_clock: Any
) -> None:
    run, _ = await streamed(sql_stores, ["a"])
    await Pruning(engine=engine, clock=quick_clock, keep=DAY).tidy()
    real, _ = await sql_stores.events.read(run.run_id, after=0)
    first, second = [json.loads(line) for line in FIXTURE.read_text(encoding="utf-8").splitlines()]
    assert (first["event"], list(first["data"])) == ("status", list(real.to_dict()))
    assert first["data"]["seq"] == second["data"]["seq"] - 1
    assert first["data"]["text"] == second["data"]["text"]


async def test_one_process_tidies_at_a_time(migrated_postgres: str, quick_clock: Any) -> None:
    ours, other = create_engine(migrated_postgres), create_engine(migrated_postgres)
    try:
        held, done = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def hold(connection: Any) -> None:
            assert is_our_turn(connection)
            loop.call_soon_threadsafe(held.set)
            connection.execute(select(func.pg_sleep(0)))

        async def holding() -> None:
            async with other._engine.connect() as connection:  # type: ignore[attr-defined]
                await connection.run_sync(hold)
                await done.wait()

        task = asyncio.create_task(holding())
        await bounded(held.wait(), 5)
        assert await ours.write(is_our_turn) is False
        done.set()
        await task
        assert await ours.write(is_our_turn) is True
    finally:
        await ours.dispose()
        await other.dispose()
