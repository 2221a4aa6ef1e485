"""Followers over a log in memory: each gets every event once, in order, and costs the log as little as possible."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.events import Event, EventType
from sentinel.errors import StoreUnavailableError
from sentinel.testing.clock import FakeClock, settle
from tests.support.live_readers import Reader
from tests.support.written_log import WrittenLog

_POLL = 2.0
_MOST_WAITING = 20


_TOKEN, _DONE = EventType.TOKEN, EventType.COMPLETION


@pytest.fixture
def log() -> WrittenLog:
    """An empty log."""
    return WrittenLog()


@pytest.fixture
def clock() -> FakeClock:
    """Time that the test turns."""
    return FakeClock()


@pytest.fixture
async def live(log: WrittenLog, clock: FakeClock) -> AsyncIterator[LiveEvents]:
    """Live events over it; a test that leaves a follower or a task behind fails."""
    live = LiveEvents(log=log, clock=clock, poll_interval_seconds=_POLL, most_waiting=_MOST_WAITING)
    yield live
    assert live.followers == 0
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("live")] == []


async def test_a_reader_gets_the_history_and_then_what_is_published(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN, _TOKEN)
    reader = Reader(live)
    await settle()
    assert reader.seen == [1, 2]
    live.publish(log.write(_TOKEN))
    await settle()
    assert reader.seen == [1, 2, 3]
    live.publish(log.write(_TOKEN, _DONE))
    assert await reader.end() == [1, 2, 3, 4, 5]
    assert (log.reads, log.looks) == (1, 0)


@pytest.mark.parametrize("after", range(7))
async def test_a_reader_may_come_back_at_any_place_of_a_finished_run(
    log: WrittenLog, live: LiveEvents, after: int
) -> None:
    log.write(_TOKEN, _TOKEN, _TOKEN, _TOKEN, _DONE)
    assert await Reader(live, after=after).end() == list(range(after + 1, 6))


async def test_a_reader_that_asks_for_a_place_beyond_the_end_goes_on_from_the_end(
    log: WrittenLog, live: LiveEvents
) -> None:
    log.write(_TOKEN)
    reader = Reader(live, after=99)
    await settle()
    live.publish(log.write(_TOKEN, _DONE))
    assert await reader.end() == [2, 3]


async def test_many_readers_of_one_run_cost_no_query_per_event(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN)
    readers = [Reader(live) for _ in range(50)]
    await settle()
    for _ in range(100):
        live.publish(log.write(_TOKEN))
        await settle(3)
    live.publish(log.write(_DONE))
    for reader in readers:
        assert await reader.end() == list(range(1, 103))
    assert (log.reads, log.looks) == (50, 0)


async def test_a_thousand_idle_readers_cost_one_look_per_poll_and_no_task_of_their_own(
    log: WrittenLog, clock: FakeClock, live: LiveEvents
) -> None:
    log.write(_TOKEN)
    before = len(asyncio.all_tasks())
    readers = [Reader(live) for _ in range(1000)]
    await settle()
    assert len(asyncio.all_tasks()) == before + 1000 + 1  # each reader's own, and the one that polls for all
    await clock.elapse(10 * _POLL)
    assert (log.reads, log.looks) == (1000, 10)
    live.publish(log.write(_TOKEN))
    await settle()
    assert [reader.seen for reader in readers] == [[1, 2]] * 1000
    live.publish(log.write(_DONE))
    for reader in readers:
        assert await reader.end() == [1, 2, 3]
    assert log.reads == 1000


async def test_a_reader_that_has_followed_for_its_time_ends_and_the_others_stay(
    log: WrittenLog, clock: FakeClock, live: LiveEvents
) -> None:
    log.write(_TOKEN)
    bounded, unbounded = Reader(live, most_seconds=60), Reader(live)
    await clock.elapse(60 - _POLL)
    assert not bounded.task.done()
    await clock.elapse(2 * _POLL)
    assert await bounded.end() == [1]
    live.publish(log.write(_DONE))
    assert await unbounded.end() == [1, 2]


async def test_the_head_of_a_log_is_known_without_reading_it(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN, _DONE)
    head = await live.head("run")
    assert (head and (head.last_seq, head.ended), await live.head("nothing"), log.reads) == ((2, True), None, 0)


async def test_what_is_committed_while_the_history_is_read_is_neither_lost_nor_doubled(
    log: WrittenLog, live: LiveEvents
) -> None:
    log.write(_TOKEN, _TOKEN)
    log.gate = asyncio.Event()
    early = Reader(live)
    await settle()
    committed = log.write(_TOKEN)
    late = Reader(live)  # its read finds what will also be published
    await settle()
    live.publish(committed)
    log.gate.set()
    live.publish(log.write(_DONE))
    assert await early.end() == [1, 2, 3, 4]
    assert await late.end() == [1, 2, 3, 4]


async def test_a_slow_reader_is_bounded_and_goes_back_to_the_log(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN)
    async with live.follow("run", after=0) as events:
        assert (await anext(events)).seq == 1
        for _ in range(10 * _MOST_WAITING):
            live.publish(log.write(_TOKEN))
        live.publish(log.write(_DONE))
        seen = [event.seq async for event in events]
    assert seen == list(range(2, 10 * _MOST_WAITING + 3))
    assert log.reads == 2


async def test_a_reader_that_missed_a_publication_finds_it_in_the_log(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN)
    reader = Reader(live)
    await settle()
    log.write(_TOKEN, _TOKEN)
    live.publish(log.write(_TOKEN))
    await settle()
    assert reader.seen == [1, 2, 3, 4]
    live.publish(log.write(_DONE))
    await reader.end()


async def test_a_long_history_is_read_in_pages(log: WrittenLog, live: LiveEvents) -> None:
    log.write(*[_TOKEN] * 1_000, _DONE)
    assert await Reader(live).end() == list(range(1, 1_002))
    assert log.reads == 3


async def test_a_run_that_another_process_writes_is_followed_by_polling(
    log: WrittenLog, clock: FakeClock, live: LiveEvents
) -> None:
    log.write(_TOKEN)
    readers = [Reader(live) for _ in range(5)]
    await clock.elapse(10 * _POLL)
    assert (log.reads, log.looks) == (5, 10)
    log.write(_TOKEN, _TOKEN)
    await clock.elapse(_POLL)
    assert [reader.seen for reader in readers] == [[1, 2, 3]] * 5
    assert log.reads == 6  # one read for all of them
    log.write(_DONE)
    await clock.elapse(_POLL)
    assert [await reader.end() for reader in readers] == [[1, 2, 3, 4]] * 5


async def test_readers_of_a_run_that_is_deleted_with_its_end_do_not_wait_for_it(
    log: WrittenLog, clock: FakeClock, live: LiveEvents
) -> None:
    log.write(_TOKEN)
    reader = Reader(live)
    await clock.elapse(_POLL)
    del log.events["run"]  # by another process, which had committed its end after our last look
    await clock.elapse(_POLL)
    assert await reader.end() == [1]


async def test_one_look_serves_all_quiet_runs_and_none_is_spent_on_busy_ones(
    log: WrittenLog, clock: FakeClock, live: LiveEvents
) -> None:
    readers = [Reader(live, f"run-{number}") for number in range(20)]
    for number in range(20):
        log.write(_TOKEN, run_id=f"run-{number}")
    await clock.elapse(_POLL)
    looks = log.looks
    for _ in range(3):
        for number in range(20):
            live.publish(log.write(_TOKEN, run_id=f"run-{number}"))
        await clock.elapse(_POLL)
    assert log.looks == looks
    await clock.elapse(_POLL)
    assert log.looks == looks + 1
    for number, reader in enumerate(readers):
        live.publish(log.write(_DONE, run_id=f"run-{number}"))
        assert await reader.end() == [1, 2, 3, 4, 5]


async def test_a_cancelled_wait_for_the_next_event_loses_nothing(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN)
    async with live.follow("run", after=0) as events:
        seen = [(await anext(events)).seq]
        for _ in range(5):
            waiting = asyncio.ensure_future(_next(events))
            await settle(2)
            live.publish(log.write(_TOKEN))
            waiting.cancel()
            seen += [
                event.seq for event in await asyncio.gather(waiting, return_exceptions=True) if isinstance(event, Event)
            ]
        live.publish(log.write(_DONE))
        seen += [event.seq async for event in events]
    assert seen == [1, 2, 3, 4, 5, 6, 7]


async def test_a_cancelled_read_of_the_log_is_done_again(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN)
    async with live.follow("run", after=0) as events:
        await anext(events)
        for _ in range(_MOST_WAITING + 1):
            live.publish(log.write(_TOKEN))
        log.write(_DONE)
        log.gate = asyncio.Event()
        waiting = asyncio.ensure_future(_next(events))
        await settle()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        log.gate = None
        assert [event.seq async for event in events] == list(range(2, _MOST_WAITING + 4))


async def test_a_reader_stays_through_an_absence_of_the_database(
    log: WrittenLog, clock: FakeClock, live: LiveEvents
) -> None:
    log.write(_TOKEN)
    reader = Reader(live)
    await settle()
    log.is_away = True
    live.publish(log.write(*[_TOKEN] * (_MOST_WAITING + 1)))  # too many: it must go to the log
    await clock.elapse(3 * _POLL)
    assert reader.seen == [1]
    log.is_away = False
    await clock.elapse(_POLL)
    assert len(reader.seen) == _MOST_WAITING + 2
    live.publish(log.write(_DONE))
    await reader.end()


async def test_an_absent_database_is_known_before_the_first_event(log: WrittenLog, live: LiveEvents) -> None:
    log.is_away = True
    with pytest.raises(StoreUnavailableError):
        async with live.follow("run", after=0):
            pytest.fail("it must not begin")


async def test_readers_end_with_what_they_have_when_the_process_stops(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN)
    idle, busy, late = Reader(live), Reader(live), Reader(live)
    await settle()
    live.publish(log.write(_TOKEN))
    live.end()
    for reader in (idle, busy, late):
        assert await reader.end() == [1, 2]


async def test_a_process_that_stops_does_not_wait_for_an_absent_database(
    log: WrittenLog, clock: FakeClock, live: LiveEvents
) -> None:
    log.write(_TOKEN)
    reader = Reader(live)
    await settle()
    log.is_away = True
    live.publish(log.write(*[_TOKEN] * (_MOST_WAITING + 1)))
    live.end()
    assert await reader.end() == [1]


async def test_a_reader_that_leaves_is_forgotten_and_the_others_stay(log: WrittenLog, live: LiveEvents) -> None:
    log.write(_TOKEN)
    leaving, staying = Reader(live), Reader(live)
    await settle()
    await leaving.leave()
    assert live.followers == 1
    live.publish(log.write(_TOKEN, _DONE))
    assert await staying.end() == [1, 2, 3]
    assert leaving.seen == [1]


async def test_a_group_of_several_runs_reaches_the_readers_of_each(log: WrittenLog, live: LiveEvents) -> None:
    readers = [Reader(live, run_id) for run_id in ("a", "b")]
    await settle()
    live.publish([*log.write(_TOKEN, run_id="a"), *log.write(_TOKEN, _DONE, run_id="b"), *log.write(_DONE, run_id="a")])
    assert [await reader.end() for reader in readers] == [[1, 2], [1, 2]]


async def _next(events: AsyncIterator[Event]) -> Event:
    return await anext(events)
