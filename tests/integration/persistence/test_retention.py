"""Retention on both kinds of database: what is old goes with all that hangs on it, the rest stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from sentinel.domain.incidents import IncidentQuery
from sentinel.domain.tools import ToolCallQuery
from sentinel.errors import StoreUnavailableError
from sentinel.persistence.engine import Engine
from sentinel.persistence.housekeeping import Chore, Housekeeper
from sentinel.persistence.retention import Retention, rules
from sentinel.persistence.tables import attempts
from sentinel.persistence.tool_call_store import SqlToolCallStore
from sentinel.testing.clock import FakeClock
from tests.support.run_builders import at, completed, failed_attempt, incident, outside_call, request_record, tool_call
from tests.support.stores import Stores

DAY = 86_400
RULES = rules(requests_days=30, incidents_days=90, tool_calls_days=30)


@pytest.fixture
def clock() -> FakeClock:
    """A clock 100 days after the first records."""
    return FakeClock(now=at(100 * DAY))


async def ids(stores: Stores) -> tuple[list[str], list[str]]:
    """The requests and incidents that are there, newest first."""
    requests = await stores.requests.list(outcome=None, trace_id=None, limit=500, cursor=None)
    incidents = await stores.incidents.list(IncidentQuery(limit=500))
    return [each.request_id for each in requests.items], [each.incident_id for each in incidents.items]


async def test_what_is_old_goes_and_the_rest_stays(sql_stores: Stores, engine: Engine, clock: FakeClock) -> None:
    await sql_stores.requests.add([request_record(number) for number in (1, 69 * DAY, 71 * DAY)])
    await sql_stores.incidents.add([incident(number) for number in (1, 9 * DAY, 11 * DAY)])
    ended = await sql_stores.answer(await sql_stores.ask(), completed(attempts=(failed_attempt(),)))
    async with kept(Retention(engine=engine, clock=clock, rules=RULES), clock) as retention:
        await until_deleted(clock, retention, expected=4)
    assert await ids(sql_stores) == ([f"request-{71 * DAY}"], [incident(11 * DAY).incident_id])
    owners = await engine.read(lambda open_: open_.execute(select(attempts.c.run_id, attempts.c.request_id)).all())
    assert [tuple(row) for row in owners] == [(None, f"request-{71 * DAY}")] * 2 + [("run-1", None)]
    assert await sql_stores.runs.get(ended.run_id) == ended


async def test_calls_from_outside_go_and_those_of_runs_stay(
    sql_stores: Stores, engine: Engine, clock: FakeClock
) -> None:
    calls = SqlToolCallStore(engine)
    await calls.add([outside_call(number) for number in (1, 69 * DAY, 71 * DAY)])
    await sql_stores.answer(await sql_stores.ask(), completed(tool_calls=(tool_call(),)))
    async with kept(Retention(engine=engine, clock=clock, rules=RULES), clock) as retention:
        await until_deleted(clock, retention, expected=2)
    assert [record.call_id for record in (await calls.list(ToolCallQuery())).items] == [
        outside_call(71 * DAY).call_id,
        "run-1/1",
    ]


async def test_a_great_many_go_in_small_transactions(sql_stores: Stores, engine: Engine, clock: FakeClock) -> None:
    await sql_stores.incidents.add([incident(number) for number in range(25)])
    writes: list[str] = []

    class Counted:
        """An engine whose writes are counted."""

        def __getattr__(self, name: str) -> object:
            if name == "write":
                writes.append(name)
            return getattr(engine, name)

    async with kept(Retention(engine=Counted(), clock=clock, rules=RULES, batch=10), clock) as retention:  # type: ignore[arg-type]
        await until_deleted(clock, retention, expected=25)
    assert len(writes) >= 4
    assert await ids(sql_stores) == ([], [])


async def test_what_gets_old_later_goes_with_a_later_round(
    sql_stores: Stores, engine: Engine, clock: FakeClock
) -> None:
    young = at(100 * DAY) - timedelta(days=90) + timedelta(minutes=30)
    await sql_stores.incidents.add([incident(1), incident(2, at=young)])
    async with kept(Retention(engine=engine, clock=clock, rules=RULES), clock) as retention:
        await until_deleted(clock, retention, expected=1)
        await until_deleted(clock, retention, expected=2)
    assert await ids(sql_stores) == ([], [])


async def test_nothing_goes_where_everything_is_kept(sql_stores: Stores, engine: Engine, clock: FakeClock) -> None:
    await sql_stores.requests.add([request_record()])
    await sql_stores.incidents.add([incident()])
    await Retention(
        engine=engine, clock=clock, rules=rules(requests_days=0, incidents_days=0, tool_calls_days=0)
    ).tidy()
    assert [len(each) for each in await ids(sql_stores)] == [1, 1]


async def test_a_database_that_is_away_puts_it_off(sql_stores: Stores, engine: Engine, clock: FakeClock) -> None:
    await sql_stores.incidents.add([incident()])
    away = [True]

    class Away:
        """An engine that cannot write at first."""

        async def write(self, work: object, *args: object, **more: object) -> object:
            if away.pop() if away else False:
                raise StoreUnavailableError("away")
            return await engine.write(work, *args, **more)  # type: ignore[arg-type]

    async with kept(Retention(engine=Away(), clock=clock, rules=RULES), clock) as retention:  # type: ignore[arg-type]
        await clock.elapse(60)
        assert (away, retention.deleted["incidents"]) == ([], 0)
        await until_deleted(clock, retention, expected=1)


@asynccontextmanager
async def kept(retention: Retention, clock: FakeClock) -> AsyncIterator[Retention]:
    """Let the housekeeper have it as its only chore, once an hour."""
    async with Housekeeper([Chore(name="records", tidy=retention.tidy, every_seconds=3600)], clock=clock):
        yield retention


async def until_deleted(clock: FakeClock, retention: Retention, *, expected: int) -> None:
    """Let minutes pass until so many rows are gone."""
    for _ in range(500):
        if sum(retention.deleted.values()) >= expected:
            break
        await clock.elapse(60)
        await asyncio.sleep(0.01)  # the database is real and takes its time
    assert sum(retention.deleted.values()) == expected
