"""Hedged runs that are stopped, or whose process dies, while two targets are asked: both are closed and booked."""

import asyncio
from collections.abc import Callable

from sentinel.domain.events import EventType
from sentinel.domain.routes import HedgePolicy
from sentinel.domain.runs import Run, RunStatus
from sentinel.testing.providers import Behaviour
from tests.integration.runs.conftest import TARGETS, Machine, Process, phases_of, text_of
from tests.support.bounded import bounded

SOON = HedgePolicy(enabled=True, min_seconds=0.01, share=1.0)
SILENT, HANGING = Behaviour(hangs=True), Behaviour(words=["Hel"], hangs=True)


def hedging(machine: Callable[..., Machine]) -> Machine:
    return machine(hedge=SOON, paces={TARGETS[0]: 0.01})


async def asked(process: Process, *, until: EventType = EventType.STATUS) -> Run:
    """Ask, and wait until readers see what both targets say: nothing, or a first word."""
    run = await process.ask()
    async with asyncio.timeout(5), process.service.follow(run.run_id) as events:
        async for event in events:
            if event.type is until and (event.data.get("hedge") or until is EventType.TOKEN):
                break
        await process.one.hanging.wait()
        await process.two.hanging.wait()
    return run


def receipt(run: Run) -> list[tuple[int, str, str | None, bool]]:
    return [(row.number, row.target.provider, row.cause, row.hedge) for row in run.attempts]


async def test_a_hedge_answers_and_the_receipt_is_kept(machine: Callable[..., Machine]) -> None:
    async with hedging(machine).process(one=[SILENT]) as process:
        run = await process.ask()
        events = await bounded(process.events(run.run_id), 5)
        run = await process.runs.get(run.run_id)
    assert text_of(events) == "Good day"
    assert phases_of(events) == ["queued", "started", "attempt_started", "attempt_started", "attempt_failed"]
    assert receipt(run) == [(1, "one", "hedge_lost", False), (2, "two", None, True)]
    assert [row["hedge"] for row in events[-1].data["attempts"]] == [False, True]
    assert (run.status, run.provider, run.failover_occurred) == (RunStatus.COMPLETED, "two", False)
    lost = run.attempts[0]
    assert lost.usage is not None
    assert events[4].data["usage"] == lost.usage.to_dict()


async def test_stopping_closes_both_within_a_second_and_books_both(machine: Callable[..., Machine]) -> None:
    async with hedging(machine).process(one=[SILENT], two=[SILENT]) as process:
        run = await asked(process)
        stopped_at = asyncio.get_running_loop().time()
        await process.service.cancel(run.run_id)
        await bounded(process.events(run.run_id), 5)
        assert asyncio.get_running_loop().time() - stopped_at < 1.0
        assert (process.one.closed, process.two.closed) == (1, 1)
        run = await process.runs.get(run.run_id)
    assert run.status is RunStatus.CANCELLED
    assert receipt(run) == [(1, "one", "cancelled", False), (2, "two", "cancelled", True)]
    assert (run.failover_occurred, run.failover_chain) == (False, ("one/large",))


async def test_stopping_in_mid_answer_books_the_one_that_lost_as_that(machine: Callable[..., Machine]) -> None:
    async with hedging(machine).process(one=[SILENT], two=[HANGING]) as process:
        run = await asked(process, until=EventType.TOKEN)
        await process.service.cancel(run.run_id)
        events = await bounded(process.events(run.run_id), 5)
        run = await process.runs.get(run.run_id)
    assert text_of(events) == "Hel"
    assert receipt(run) == [(1, "one", "hedge_lost", False), (2, "two", "cancelled", True)]
    lost, heard = run.attempts
    assert lost.usage is not None
    assert (lost.ttft_ms is None, heard.ttft_ms is None) == (True, False)
    assert (run.provider, run.model) == ("two", "small")


async def test_both_that_a_crash_broke_off_stay_in_the_receipt(machine: Callable[..., Machine]) -> None:
    host = hedging(machine)
    async with host.process(one=[SILENT], two=[SILENT]) as process:
        run = await asked(process)
    async with host.process(one=[Behaviour(words=["Hello ", "world"])]) as process:
        await process.take_up()
        events = await bounded(process.events(run.run_id), 5)
        run = await process.runs.get(run.run_id)
    assert text_of(events) == "Hello world"
    assert receipt(run) == [
        (1, "one", "interrupted", False),
        (2, "two", "interrupted", True),
        (3, "one", None, False),
    ]


async def test_after_a_crash_in_mid_answer_the_receipt_says_who_had_lost(machine: Callable[..., Machine]) -> None:
    host = hedging(machine)
    async with host.process(one=[SILENT], two=[HANGING]) as process:
        run = await asked(process, until=EventType.TOKEN)
    async with host.process(one=[Behaviour(words=["Hello ", "world"])]) as process:
        await process.take_up()
        events = await bounded(process.events(run.run_id), 5)
        run = await process.runs.get(run.run_id)
    assert text_of(events) == "Hello world"
    assert receipt(run)[:2] == [(1, "one", "hedge_lost", False), (2, "two", "interrupted", True)]
    assert run.attempts[1].ttft_ms is not None
