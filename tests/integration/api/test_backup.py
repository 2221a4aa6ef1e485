"""Backups of a server that is at work: restored elsewhere, every conversation is there and unfinished runs go on."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.postgres import PostgresServer
from tests.support.server import Serve, Server
from tests.support.sse import read_events

LONG = "Explain circuit breakers in a long answer of 400 words"
SLOW = {"SIMULATED_WORDS_PER_SECOND": "10"}
"""So slow that the long answers are under way for longer than any backup takes."""
QUICK = {"SIMULATED_WORDS_PER_SECOND": "2000"}


async def ask(http: httpx.AsyncClient, text: str) -> str:
    response = await http.post("/api/runs", json={"input": text})
    assert response.status_code == 202, response.text
    return str(response.json()["run_id"])


@asynccontextmanager
async def load(server: Server) -> AsyncIterator[None]:
    """Ask one question after the other all the time."""

    async def go_on() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=30, verify=False) as http:
            while True:
                await read_events(http, "/api/chat/stream", method="POST", json={"input": "Hi"})

    tasks = [asyncio.create_task(go_on()) for _ in range(3)]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def conversation(http: httpx.AsyncClient, run_id: str) -> Any:
    """Everything that is known of a run and its thread but what only a running server knows."""
    run = (await http.get(f"/api/runs/{run_id}")).json()
    messages = (await http.get(f"/api/threads/{run['thread_id']}/messages")).json()
    return run, messages, await read_events(http, f"/api/runs/{run_id}/events")


async def streaming(http: httpx.AsyncClient, run_id: str) -> None:
    """Wait until an answer has some words."""
    async with http.stream("GET", f"/api/runs/{run_id}/events") as response:
        async for line in response.aiter_lines():
            if line == "event: token":
                return


async def before_and_after(http: httpx.AsyncClient) -> tuple[list[str], list[str]]:
    """Runs that have ended, and runs in mid-answer."""
    ended = [await ask(http, f"Hello number {number}") for number in range(3)]
    await asyncio.gather(*(read_events(http, f"/api/runs/{run_id}/events") for run_id in ended))
    going = [await ask(http, LONG) for _ in range(2)]
    for run_id in going:
        await streaming(http, run_id)
    return ended, going


async def assert_restored(server: Server, known: dict[str, Any], going: list[str]) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60, verify=False) as http:
        assert {run_id: await conversation(http, run_id) for run_id in known} == known
        for run_id in going:
            events = await read_events(http, f"/api/runs/{run_id}/events")
            assert [frame.id for frame in events] == [str(number) for number in range(1, len(events) + 1)]
            assert events[-1].event == "completion"
            assert "recovered" in [frame.data.get("phase") for frame in events]
            again = (await http.get(f"/api/runs/{run_id}")).json()
            assert (again["status"], again["recovered"]) == ("completed", 1)
        assert (await http.post("/api/chat", json={"messages": [{"role": "user", "content": "Hello"}]})).is_success


async def test_a_backup_of_sqlite_under_load_is_whole(serve: Serve, tmp_path: Path) -> None:
    server = await serve(SLOW)
    async with httpx.AsyncClient(base_url=server.url, timeout=30, verify=False) as http, load(server):
        ended, going = await before_and_after(http)
        made = await asyncio.to_thread(server.run, "backup", str(tmp_path / "copies"))
        assert made.returncode == 0, made.stderr
        known = {run_id: await conversation(http, run_id) for run_id in ended}
    server.stop()

    copies = [Path(line) for line in made.stdout.splitlines()]
    assert [copy.name for copy in copies] == ["checkpoints.sqlite3", "sentinel.db"]
    assert [copy.stat().st_mode & 0o777 for copy in copies] == [0o600, 0o600]
    for with_checkpoints in (True, False):
        restored = serve.prepare(QUICK)
        put_in_place(copies, restored, with_checkpoints=with_checkpoints)
        await restored.start()
        await assert_restored(restored, known, going)
        restored.stop()


def put_in_place(copies: list[Path], restored: Server, *, with_checkpoints: bool) -> None:
    checkpoints, database = copies
    assert sqlite3.connect(database).execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    (restored.folder / "data").mkdir()
    shutil.copy(database, restored.folder / "sentinel.db")
    if with_checkpoints:
        shutil.copy(checkpoints, restored.folder / "data" / "checkpoints.sqlite3")


async def test_a_backup_does_not_write_over_another(serve: Serve, tmp_path: Path) -> None:
    server = await serve(SLOW)
    first = await asyncio.to_thread(server.run, "backup", str(tmp_path))
    second = await asyncio.to_thread(server.run, "backup", str(tmp_path))
    assert (first.returncode, second.returncode) == (0, 1)
    assert "is there already" in second.stderr
    server.stop()
    (server.folder / "sentinel.db").unlink()
    gone = await asyncio.to_thread(server.run, "backup", str(tmp_path / "other"))
    assert (gone.returncode, "there is no database" in gone.stderr) == (1, True)


async def test_a_dump_of_postgres_under_load_is_whole(serve: Serve, postgres_server: PostgresServer) -> None:
    names = [postgres_server.create_database() for _ in range(2)]
    first, second = [
        pace | {"DATABASE_URL": postgres_server.url(name)} for pace, name in zip((SLOW, QUICK), names, strict=True)
    ]
    server = await serve(first)
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=30, verify=False) as http, load(server):
            ended, going = await before_and_after(http)
            dump = server.folder / "sentinel.dump"
            await asyncio.to_thread(
                postgres_server.run, "pg_dump", "--format=custom", f"--file={dump}", first["DATABASE_URL"]
            )
            known = {run_id: await conversation(http, run_id) for run_id in ended}
        server.stop()
        await asyncio.to_thread(
            postgres_server.run, "pg_restore", "--no-owner", f"--dbname={second['DATABASE_URL']}", str(dump)
        )
        restored = await serve(second)
        await assert_restored(restored, known, going)
        restored.stop()
    finally:
        for name in names:
            postgres_server.drop_database(name)


async def test_postgres_is_left_to_its_own_tools(serve: Serve, postgres_server: PostgresServer, tmp_path: Path) -> None:
    server = serve.prepare({"DATABASE_URL": postgres_server.url()})
    refused = await asyncio.to_thread(server.run, "backup", str(tmp_path))
    assert (refused.returncode, "pg_dump" in refused.stderr) == (1, True)
