"""LangGraph's checkpoints: in a private file or in PostgreSQL, plain types only, gone when the run has ended."""

import asyncio
import sqlite3
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from sentinel.errors import ConfigurationError, StoreUnavailableError
from sentinel.graph.builder import BEGINS
from sentinel.persistence.checkpoint_leaks import CheckpointLeaks
from sentinel.persistence.checkpointer import kept_threads, open_checkpointer
from sentinel.persistence.engine import Engine
from sentinel.persistence.sharded_saver import ShardedSaver
from sentinel.persistence.translating_saver import TranslatingSaver
from tests.support.bounded import bounded
from tests.support.line import Old, line_to
from tests.support.postgres import PostgresServer
from tests.support.processes import free_port
from tests.support.stores import Stores


@dataclass
class Foreign:
    """An object that no checkpoint may bring back to life."""

    command: str


class _State(TypedDict):
    value: Any


def _graph(saver: BaseCheckpointSaver[Any]) -> CompiledStateGraph[_State]:
    builder = StateGraph(_State)
    builder.add_node("double", lambda state: {"value": [state["value"], state["value"]]})
    builder.add_edge(START, "double")
    builder.add_edge("double", END)
    return builder.compile(checkpointer=saver)


def _config(run_id: str) -> Any:
    return {"configurable": {"thread_id": run_id}}


async def test_a_run_can_be_taken_up_by_the_next_process_and_is_forgotten_at_its_end(
    database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoints" / "runs.db"
    async with open_checkpointer(database_url, path) as saver:
        await _graph(saver).ainvoke({"value": "a"}, _config("run-1"))
        await _graph(saver).ainvoke({"value": "b"}, _config("run-2"))
    async with open_checkpointer(database_url, path) as saver:
        assert (await _graph(saver).aget_state(_config("run-1"))).values == {"value": ["a", "a"]}
        await saver.adelete_thread("run-1")
        assert [checkpoint async for checkpoint in saver.alist(_config("run-1"))] == []
        assert (await _graph(saver).aget_state(_config("run-2"))).values == {"value": ["b", "b"]}


async def test_a_foreign_object_is_not_revived(database_url: str, tmp_path: Path) -> None:
    async with open_checkpointer(database_url, tmp_path / "runs.db") as saver:
        await _graph(saver).ainvoke({"value": Foreign("rm")}, _config("run"))
        state = (await _graph(saver).aget_state(_config("run"))).values
    assert not any(isinstance(value, Foreign) for value in state["value"])


async def test_the_file_and_its_companions_are_private(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with open_checkpointer(f"sqlite:///{tmp_path / 'sentinel.db'}", path) as saver:
        await _graph(saver).ainvoke({"value": 1}, _config("run"))
        files = [path, tmp_path / "runs.db-wal", tmp_path / "runs.db-shm"]
        assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600, 0o600]


async def test_many_processes_may_make_the_tables_at_once(fresh_postgres: str, tmp_path: Path) -> None:
    async def open_and_use(number: int) -> Any:
        async with open_checkpointer(fresh_postgres, tmp_path) as saver:
            return await _graph(saver).ainvoke({"value": number}, _config(f"run-{number}"))

    results = await asyncio.gather(*(open_and_use(number) for number in range(4)))
    assert results == [{"value": [number, number]} for number in range(4)]


async def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        async with open_checkpointer("sqlite:///x.db", tmp_path):
            pass


async def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    url = f"postgresql://127.0.0.1:{free_port()}/sentinel"
    with pytest.raises(StoreUnavailableError):
        async with open_checkpointer(url, tmp_path):
            pass


async def test_checkpoints_that_were_left_behind_are_dropped_and_those_of_active_runs_are_not(
    database_url: str, sql_stores: Stores, engine: Engine, tmp_path: Path
) -> None:
    active, ended = await sql_stores.ask(), await sql_stores.ask()
    await sql_stores.answer(ended)
    async with open_checkpointer(database_url, tmp_path / "runs.db") as saver:
        for run_id in (active.run_id, ended.run_id, "gone"):
            await _graph(saver).ainvoke({"value": run_id}, _config(run_id))
        leaks = CheckpointLeaks(saver=saver, engine=engine)
        await leaks.tidy()
        await leaks.tidy()
        assert leaks.dropped == 2
        assert await kept_threads(saver) == {active.run_id}
        assert (await _graph(saver).aget_state(_config(active.run_id))).values == {"value": [active.run_id] * 2}


async def test_a_checkpoint_database_that_is_away_puts_the_search_off(
    migrated_postgres: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    async with open_checkpointer(migrated_postgres, tmp_path) as saver:
        postgres_server.stop()
        try:
            with pytest.raises(StoreUnavailableError):
                await kept_threads(saver)
        finally:
            postgres_server.restart()


async def test_checkpoints_that_cannot_be_dropped_now_are_dropped_later(
    sqlite_url: str, sql_stores: Stores, engine: Engine, tmp_path: Path
) -> None:
    async with open_checkpointer(sqlite_url, tmp_path / "runs.db") as saver:
        await _graph(saver).ainvoke({"value": 1}, _config("gone"))
        leaks = CheckpointLeaks(saver=saver, engine=engine)
        with sqlite3.connect(tmp_path / "runs.db", isolation_level=None) as intruder:
            await saver.conn.execute("PRAGMA busy_timeout=1")  # type: ignore[attr-defined]
            intruder.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError):
                await leaks.tidy()
            intruder.execute("ROLLBACK")
        intruder.close()
        await leaks.tidy()
        assert (leaks.dropped, await kept_threads(saver)) == (1, set())


async def test_threads_of_different_shards_do_not_wait_for_each_other(fresh_postgres: str, tmp_path: Path) -> None:
    async with open_checkpointer(fresh_postgres, tmp_path, connections=4) as saver:
        assert isinstance(saver, ShardedSaver)
        graph = _graph(saver)
        used = {f"run-{number}": saver._at(f"run-{number}") for number in range(40)}
        held = used["run-0"]
        other = next(run_id for run_id, shard in used.items() if shard is not held)
        same = next(run_id for run_id, shard in used.items() if shard is held and run_id != "run-0")
        assert len(set(used.values())) == 4
        async with held.lock:  # type: ignore[attr-defined]  # what a slow statement of run-0 holds
            result = await bounded(graph.ainvoke({"value": 1}, _config(other)), 5)
            waiting = asyncio.create_task(graph.ainvoke({"value": 2}, _config(same)))
            await asyncio.wait({waiting}, timeout=0.2)
            assert (result, waiting.done()) == ({"value": [1, 1]}, False)
        assert await bounded(waiting, 5) == {"value": [2, 2]}
        assert await kept_threads(saver) == {other, same}


async def test_a_connection_that_was_forgotten_on_its_way_is_given_up_for_another(
    fresh_postgres: str, tmp_path: Path
) -> None:
    async with (
        line_to(fresh_postgres).running() as line,
        open_checkpointer(line.reaching(fresh_postgres), tmp_path / "unused", connections=1) as saver,
    ):
        patient, run = TranslatingSaver(saver, answer_seconds=0.2), RunnableConfig(configurable={"thread_id": "run"})
        assert await saver.aget_tuple(run) is None  # over the connection that is kept
        line.silence()
        line.speak(Old.STAY_SILENT)
        with pytest.raises(StoreUnavailableError, match="not available: it does not answer"):
            await patient.aget_tuple(run)
        assert await TranslatingSaver(saver).aget_tuple(run) is None


async def test_of_a_run_that_begins_nothing_is_looked_for(tmp_path: Path) -> None:
    """Each run would wait for an answer that is known; here there is nobody left to give one."""
    async with open_checkpointer(f"sqlite:///{tmp_path}/sentinel.db", tmp_path / "checkpoints.db") as saver:
        pass
    begins = RunnableConfig(configurable={"thread_id": "run", BEGINS: True})
    assert await TranslatingSaver(saver).aget_tuple(begins) is None


async def test_a_step_that_is_broken_off_before_it_has_said_what_follows_is_made_again(
    database_url: str, tmp_path: Path
) -> None:
    """Else its result would stand, with nothing to follow: a run would be over in its middle."""
    run, made = RunnableConfig(configurable={"thread_id": "run"}), list[str]()
    driving: list[asyncio.Task[None]] = []

    async def ask(state: _State) -> _State:
        made.append("ask")
        return {"value": "asked"}

    async def what_follows(_: _State) -> str:
        if made == ["ask"]:
            driving[0].cancel()
            await asyncio.Event().wait()
        return "call"

    async def call(state: _State) -> _State:
        made.append("call")
        return {"value": "called"}

    builder = StateGraph(_State)
    builder.add_node("ask", ask)
    builder.add_node("call", call)
    builder.add_edge(START, "ask")
    builder.add_conditional_edges("ask", what_follows, ["call"])
    async with open_checkpointer(database_url, tmp_path / "checkpoints.db") as saver:
        graph = builder.compile(checkpointer=TranslatingSaver(saver))
        driving.append(asyncio.create_task(_drive(graph, {"value": ""}, run)))
        await asyncio.wait(driving)
        assert driving[0].cancelled()
        await _drive(graph, None, run)
    assert made == ["ask", "ask", "call"]


async def _drive(graph: CompiledStateGraph[_State], start: _State | None, run: RunnableConfig) -> None:
    """Go through a graph as the runner does."""
    async with aclosing(graph.astream(start, run, stream_mode=["custom", "updates"], durability="sync")) as steps:  # type: ignore[type-var]
        async for _ in steps:
            pass
