"""Tool calls of agents outside and of runs: kept once, listed together from new to old."""

import pytest

from sentinel.domain.tools import ToolCallQuery
from sentinel.errors import RequestError
from sentinel.persistence.engine import Engine
from sentinel.persistence.tool_call_store import MAX_RESULT_CHARS, SqlToolCallStore
from tests.support.run_builders import at, completed, outside_call, tool_call
from tests.support.stores import Stores

FIRST, SECOND, THIRD = (outside_call(number).call_id for number in (1, 2, 3))


@pytest.fixture
def calls(engine: Engine) -> SqlToolCallStore:
    return SqlToolCallStore(engine)


async def ids(calls: SqlToolCallStore, **conditions: object) -> list[str]:
    page = await calls.list(ToolCallQuery(**conditions))  # type: ignore[arg-type]  # the test's own words
    return [record.call_id for record in page.items]


async def test_a_call_comes_back_as_it_was_kept_and_is_kept_once(calls: SqlToolCallStore) -> None:
    attempts = ({"server": "a", "tool": "b", "cause": "timeout", "executed": "unknown", "duration_ms": 1.5},)
    failed = outside_call(2, result=None, is_error=True, cause="timeout", ended_at=None, effect="mutating",
                          executed="unknown", capability="calculate", attempts=attempts)  # fmt: skip
    await calls.add([outside_call(1), failed])
    await calls.add([failed, outside_call(3)])
    assert (await calls.list(ToolCallQuery())).items == [outside_call(3), failed, outside_call(1)]


async def test_calls_of_runs_are_listed_among_them(calls: SqlToolCallStore, sql_stores: Stores) -> None:
    made = (tool_call(started_at=at(1.5)), tool_call(started_at=at(2.5)))
    await sql_stores.answer(await sql_stores.ask(), completed(tool_calls=made))
    await calls.add([outside_call(number) for number in (1, 2, 3)])
    page = await calls.list(ToolCallQuery())
    assert [(each.call_id, each.run_id, each.caller) for each in page.items] == [
        (THIRD, None, "agent"),
        ("run-1/2", "run-1", None),
        (SECOND, None, "agent"),
        ("run-1/1", "run-1", None),
        (FIRST, None, "agent"),
    ]
    assert page.items[1].call == made[1]
    assert await ids(calls, origin="run") == await ids(calls, run_id="run-1") == ["run-1/2", "run-1/1"]
    assert await ids(calls, origin="mcp") == [THIRD, SECOND, FIRST]


async def test_they_come_in_pages(calls: SqlToolCallStore) -> None:
    await calls.add([outside_call(number) for number in (2, 1, 3)])
    first = await calls.list(ToolCallQuery(limit=2))
    assert [record.call_id for record in first.items] == [THIRD, SECOND]
    second = await calls.list(ToolCallQuery(limit=2, cursor=first.next_cursor))
    assert ([record.call_id for record in second.items], second.next_cursor) == ([FIRST], None)
    with pytest.raises(RequestError):
        await calls.list(ToolCallQuery(cursor="nonsense"))


async def test_they_are_found_by_tool_by_failure_and_by_time(calls: SqlToolCallStore) -> None:
    failed = outside_call(2, server="clock", tool="now", is_error=True)
    await calls.add([outside_call(1), failed, outside_call(3)])
    assert (
        await ids(calls, server="clock") == await ids(calls, tool="now") == await ids(calls, is_error=True) == [SECOND]
    )
    assert await ids(calls, server="calculator", is_error=False, since=at(2)) == [THIRD]


async def test_they_are_found_by_everyone_who_was_asked(calls: SqlToolCallStore, sql_stores: Stores) -> None:
    """Also by the tool that failed and had a stand-in; not by the server of one with the tool of another."""
    attempts = (
        {"server": "a", "tool": "evaluate", "cause": "connect", "executed": "no", "duration_ms": 1.0},
        {"server": "b", "tool": "calc", "cause": None, "executed": "yes", "duration_ms": 2.0},
    )
    answered_by_b = tool_call(server="b", tool="calc", attempts=attempts)
    await sql_stores.answer(await sql_stores.ask(), completed(tool_calls=(answered_by_b,)))
    await calls.add([outside_call(1, server="a", tool="evaluate"), outside_call(2, server="b", tool="evaluate")])
    assert await ids(calls, server="a", tool="evaluate") == ["run-1/1", FIRST]
    assert await ids(calls, server="b") == ["run-1/1", SECOND]
    assert await ids(calls, server="a", tool="calc") == []


async def test_a_call_of_a_run_names_its_conversation(calls: SqlToolCallStore, sql_stores: Stores) -> None:
    run = await sql_stores.answer(await sql_stores.ask(), completed(tool_calls=(tool_call(),)))
    await calls.add([outside_call(1)])
    (of_run,) = (await calls.list(ToolCallQuery(origin="run"))).items
    (from_outside,) = (await calls.list(ToolCallQuery(origin="mcp"))).items
    assert (of_run.thread_id, from_outside.thread_id) == (run.thread_id, None)


async def test_of_a_long_result_the_beginning_is_listed(calls: SqlToolCallStore) -> None:
    """With its whole length; a page of whole results could be as large as a page of the largest one."""
    await calls.add([outside_call(1, result="é" * (MAX_RESULT_CHARS + 1)), outside_call(2, result="é")])
    short, cut = (await calls.list(ToolCallQuery())).items
    assert (short.call.result, short.result_chars) == ("é", None)
    assert (cut.call.result, cut.result_chars) == ("é" * MAX_RESULT_CHARS, MAX_RESULT_CHARS + 1)
