"""What the journal promises, over SQLite, over PostgreSQL and in memory; and what a real database adds to it."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import pytest

from sentinel.domain.attempts import Usage
from sentinel.domain.events import Event, EventType
from sentinel.domain.messages import Role
from sentinel.domain.runs import RunStatus
from sentinel.errors import FenceLostError, StoreError
from sentinel.persistence.engine import Engine
from sentinel.persistence.group_commit import GroupCommit
from sentinel.persistence.journal import SqlCommit
from sentinel.persistence.run_log import LogPart
from sentinel.testing.clock import FakeClock
from tests.support.bounded import bounded
from tests.support.run_builders import at, completed, failed_attempt, served_attempt, tool_call
from tests.support.stores import Stores


def _token(text: str) -> dict[str, str]:
    return {"text": text, "message_id": "answer-1"}


async def test_everything_that_a_run_leaves_is_stored_with_its_terminal_event(stores: Stores) -> None:
    log = stores.journal.open(await stores.claim(await stores.ask()))
    log.append(EventType.STATUS, {"phase": "started"})
    log.append(EventType.TOKEN, _token("An "))
    log.append(EventType.TOKEN, _token("answer."))
    ending = completed(
        provider="fallback",
        model="small",
        usage=Usage(10, 20, estimated=True),
        ttft_ms=12.5,
        latency_ms=99.75,
        failover_occurred=True,
        failover_chain=("primary/large/v2", "fallback/small"),
        attempts=(failed_attempt(final=True), served_attempt()),
        tool_calls=(tool_call(), tool_call(result=None, is_error=True, cause="timeout", ended_at=None)),
    )
    await log.finish(ending)

    run = await stores.runs.get("run-1")
    assert (run.status, run.last_seq, run.ended_at) == (RunStatus.COMPLETED, 4, at(200))
    for name in ("provider", "model", "finish_reason", "usage", "ttft_ms", "latency_ms", "failover_occurred",
                 "failover_chain", "attempts", "tool_calls", "error"):  # fmt: skip
        assert getattr(run, name) == getattr(ending, name), name
    thread = await stores.threads.get("thread-1")
    assert (thread.active_run_id, thread.updated_at) == (None, at(200))
    answer = (await stores.threads.messages("thread-1"))[-1]
    assert (answer.message_id, answer.parent_message_id, answer.role) == ("answer-1", "question-1", Role.ASSISTANT)
    assert (answer.text, answer.run_id, answer.created_at) == ("An answer.", "run-1", at(200))


async def test_a_failed_run_leaves_its_error_and_its_partial_text(stores: Stores) -> None:
    error = {"code": "all_providers_failed", "attempts": [{"attempt": 1}]}
    ending = completed(
        "Half of", status=RunStatus.FAILED, event=EventType.ERROR, finish_reason=None, error=error, data={**error}
    )
    run = await stores.answer(await stores.ask(), ending)

    assert (run.status, run.error, run.finish_reason) == (RunStatus.FAILED, error, None)
    assert (await stores.threads.messages("thread-1"))[-1].text == "Half of"
    assert (await stores.events.read("run-1", after=2))[0].type is EventType.ERROR


async def test_what_readers_saw_live_is_what_the_log_replays(stores: Stores) -> None:
    log = stores.journal.open(await stores.claim(await stores.ask()))
    log.append(EventType.STATUS, {"phase": "tool_started", "arguments": {"a": (1, 2.5, None), "b": "é", 3: True}})
    log.append(EventType.TOKEN, _token("a"))
    await log.flush()
    for text in ("b", "nul \x00 and half a pair \ud83d", "c"):
        log.append(EventType.TOKEN, _token(text))
    await log.finish(completed("nul \x00", data={"text": "nul \x00", "huge": 2**70, "at": at(3)}))

    replayed = await stores.events.read("run-1", after=1)
    assert [event.seq for event in replayed] == [2, 3, 4, 5]
    assert replayed == stores.published
    assert replayed[2].data["text"] == "bnul \ufffd and half a pair \ufffdc"
    assert replayed[3].data["text"] == "nul \ufffd"


async def test_whoever_lost_the_fence_writes_nothing_and_learns_it(stores: Stores) -> None:
    run, other = await stores.ask(), await stores.ask()
    stale = stores.journal.open(await stores.claim(run))
    stale.append(EventType.STATUS, {"phase": "started"})
    await stale.flush()
    fresh = stores.journal.open(await stores.claim(run))
    bystander = stores.journal.open(await stores.claim(other))

    stale.append(EventType.TOKEN, _token("stale"))
    bystander.append(EventType.STATUS, {"phase": "started"})
    fresh.append(EventType.STATUS, {"phase": "recovered"})
    with pytest.raises(FenceLostError):
        await stale.flush()
    await fresh.flush()
    await bystander.flush()
    with pytest.raises(FenceLostError):
        stale.append(EventType.TOKEN, _token("more"))
    with pytest.raises(FenceLostError):
        await stale.finish(completed())

    phases = [event.data.get("phase") for event in await stores.events.read(run.run_id, after=0)]
    assert phases == ["queued", "started", "recovered"]
    assert len(await stores.events.read(other.run_id, after=0)) == 2
    assert (await stores.runs.get(run.run_id)).status is RunStatus.RUNNING


async def test_a_claim_that_is_being_made_is_waited_for_and_then_respected(
    database_url: str, sql_stores: Stores
) -> None:
    log = sql_stores.journal.open(await sql_stores.claim(await sql_stores.ask()))
    with _raw_transaction(database_url) as rival:
        rival.execute("UPDATE runs SET fence = fence + 1 WHERE run_id = 'run-1'")
        log.append(EventType.STATUS, {"phase": "started"})
        flushed = asyncio.ensure_future(log.flush())
        await asyncio.wait({flushed}, timeout=0.2)
        assert not flushed.done()
        rival.commit()
    with pytest.raises(FenceLostError):
        await bounded(flushed, 10)
    assert len(await sql_stores.events.read("run-1", after=0)) == 1


@contextmanager
def _raw_transaction(database_url: str) -> Iterator[Any]:
    """A transaction of another process, as far as the database can tell."""
    connection: Any
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
    else:
        connection = psycopg.connect(database_url)
    try:
        yield connection
    finally:
        connection.close()


async def test_a_run_ends_once(stores: Stores) -> None:
    run = await stores.claim(await stores.ask())
    first, second = stores.journal.open(run), stores.journal.open(run)
    await first.finish(completed("first"))
    await first.finish(completed("again"))
    with pytest.raises(FenceLostError):
        await second.finish(completed("second"))
    with pytest.raises(FenceLostError):
        first.append(EventType.STATUS, {"phase": "started"})

    answers = [m.text for m in await stores.threads.messages("thread-1") if m.role is Role.ASSISTANT]
    assert answers == ["first"]
    assert [event.type for event in await stores.events.read("run-1", after=1)] == [EventType.COMPLETION]


async def test_a_run_that_was_never_claimed_or_is_gone_cannot_be_written(stores: Stores) -> None:
    queued = await stores.ask()
    log = stores.journal.open(queued)
    log.append(EventType.STATUS, {"phase": "started"})
    with pytest.raises(FenceLostError):
        await log.flush()
    ghost = stores.journal.open(replace(queued, run_id="ghost"))
    with pytest.raises(FenceLostError):
        await ghost.finish(completed())


async def test_many_runs_that_stream_at_once_keep_their_own_gapless_logs(stores: Stores) -> None:
    runs = [await stores.claim(await stores.ask()) for _ in range(12)]

    async def stream(number: int) -> None:
        log = stores.journal.open(runs[number])
        for word in range(20):
            log.append(EventType.TOKEN, {"text": f"{number}.{word} ", "message_id": runs[number].message_id})
            if (number + word) % 7 == 0:
                await log.flush()
        await log.finish(completed())

    await asyncio.gather(*(stream(number) for number in range(12)))
    for number, run in enumerate(runs):
        events = await stores.events.read(run.run_id, after=0)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        text = "".join(event.data["text"] for event in events if event.type is EventType.TOKEN)
        assert text == "".join(f"{number}.{word} " for word in range(20))
        assert [event for event in stores.published if event.run_id == run.run_id] == events[1:]


async def test_a_group_whose_commit_was_not_answered_can_be_given_again(sql_stores: Stores, engine: Engine) -> None:
    commit = SqlCommit(engine)

    async def forgetful(parts: Sequence[LogPart]) -> Sequence[bool]:
        await commit(parts)
        return await commit(parts)  # as after a lost answer

    ending, going = await sql_stores.claim(await sql_stores.ask()), await sql_stores.claim(await sql_stores.ask())
    async with GroupCommit(commit=forgetful, clock=FakeClock(), publish=sql_stores.published.extend) as journal:
        log = journal.open(going)
        log.append(EventType.STATUS, {"phase": "started", "odd": (1, {2: "\x00"})})
        await log.flush()
        await journal.open(ending).finish(completed())

    logs = [await sql_stores.events.read(run.run_id, after=0) for run in (going, ending)]
    assert [[event.seq for event in events] for events in logs] == [[1, 2], [1, 2]]
    assert sql_stores.published == [logs[0][1], logs[1][1]]
    assert (await sql_stores.runs.get(ending.run_id)).status is RunStatus.COMPLETED
    assert len(await sql_stores.threads.messages(ending.thread_id)) == 2


class Unlike(LogPart):
    """A part that nobody may compare: of a group of hundreds, each with each other would take long."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise AssertionError(other)


async def test_what_a_group_costs_grows_with_its_runs_and_not_with_their_square(
    sql_stores: Stores, engine: Engine
) -> None:
    runs = [await sql_stores.claim(await sql_stores.ask()) for _ in range(3)]
    parts = [
        Unlike(run, (Event(run.run_id, run.last_seq + 1, at(60), EventType.STATUS, {"phase": "started"}),))
        for run in runs
    ]
    parts[1] = Unlike(replace(runs[1], fence=0), parts[1].events)
    assert await SqlCommit(engine)(parts) == [True, False, True]


async def test_an_ending_that_the_database_refuses_writes_nothing_and_spares_the_others(sql_stores: Stores) -> None:
    poisoned, healthy = await sql_stores.ask(), await sql_stores.ask()
    bad = sql_stores.journal.open(await sql_stores.claim(poisoned))
    good = sql_stores.journal.open(await sql_stores.claim(healthy))
    naive = served_attempt(started_at=datetime(2026, 1, 1))  # noqa: DTZ001 what the columns refuse
    outcomes = await asyncio.gather(
        bad.finish(completed(attempts=(failed_attempt(), naive))), good.finish(completed()), return_exceptions=True
    )

    assert isinstance(outcomes[0], StoreError)
    assert outcomes[1] is None
    run = await sql_stores.runs.get(poisoned.run_id)
    assert (run.status, run.last_seq, run.attempts) == (RunStatus.RUNNING, 1, ())
    assert len(await sql_stores.threads.messages(run.thread_id)) == 1
    assert len(await sql_stores.events.read(run.run_id, after=0)) == 1
    assert (await sql_stores.runs.get(healthy.run_id)).status is RunStatus.COMPLETED


async def test_questions_and_answers_go_on_while_a_large_log_is_read(sql_stores: Stores) -> None:
    log = sql_stores.journal.open(await sql_stores.claim(await sql_stores.ask()))
    for number in range(2000):
        log.append(EventType.STATUS, {"phase": "plan", "number": number})
    await log.flush()
    reads = [sql_stores.events.read("run-1", after=0, limit=5000) for _ in range(6)]
    logs, runs = await asyncio.gather(asyncio.gather(*reads), asyncio.gather(*(sql_stores.ask() for _ in range(6))))
    assert {len(events) for events in logs} == {2001}
    assert len({run.run_id for run in runs}) == 6
