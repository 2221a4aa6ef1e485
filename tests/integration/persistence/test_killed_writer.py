"""A process that is killed while it streams: what anybody has seen is in the log, and the run can be taken over."""

import asyncio
import sys
from pathlib import Path

from sentinel.domain.events import EventType
from sentinel.domain.runs import RunStatus
from tests.support.run_builders import completed
from tests.support.stores import Stores

_PROJECT = Path(__file__).parents[3]


async def _kill_in_mid_stream(database_url: str, *, after: int) -> int:
    """Let a process write until it has shown that many events, kill it; the last number that it showed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.journal_writer", database_url, cwd=_PROJECT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async with asyncio.timeout(40):
        for _ in range(after):
            await process.stdout.readline()
        process.kill()
        shown = (await process.stdout.read()).split()
        await process.wait()
    return int(shown[-1]) if shown else after + 1


async def test_a_killed_writer_loses_nothing_that_was_shown(database_url: str, sql_stores: Stores) -> None:
    last_shown = await _kill_in_mid_stream(database_url, after=50)

    run = await sql_stores.runs.get("run-1")
    events = await sql_stores.events.read("run-1", after=0, limit=100_000)
    assert [event.seq for event in events] == list(range(1, run.last_seq + 1))
    assert run.last_seq >= last_shown
    text = "".join(event.data["text"] for event in events if event.type is EventType.TOKEN)
    assert text == "".join(f"{number} " for number in range(len(text.split())))


async def test_a_run_whose_process_was_killed_is_taken_over_and_ended(database_url: str, sql_stores: Stores) -> None:
    await _kill_in_mid_stream(database_url, after=10)
    [left] = await sql_stores.runs.idle(limit=10)
    assert left.run_id == "run-1"

    run = await sql_stores.claim(await sql_stores.runs.get("run-1"), owner="successor")
    assert (run.recovered, run.fence) == (1, 2)
    log = sql_stores.journal.open(run)
    log.append(EventType.STATUS, {"phase": "recovered", "recovered": 1})
    await log.finish(completed())
    ended = await sql_stores.runs.get("run-1")
    assert (ended.status, ended.last_seq) == (RunStatus.COMPLETED, run.last_seq + 2)
    assert await sql_stores.runs.idle(limit=10) == []
    assert (await sql_stores.threads.get("thread-1")).active_run_id is None
