"""Writing behind: nobody waits for it, what can be written is written, what is lost is counted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from sentinel.domain.requests import RequestRecord
from sentinel.errors import StoreError, StoreUnavailableError
from sentinel.persistence.write_behind import WriteBehind
from sentinel.testing.clock import FakeClock, settle
from tests.support.run_builders import request_record

INTERVAL = 0.25
LIMIT = 10


@dataclass
class Table:
    """Where records go; can be away, slow, or refuse some."""

    clock: FakeClock = field(default_factory=FakeClock)
    groups: list[list[str]] = field(default_factory=list)
    states: list[bool] = field(default_factory=list)
    losses: list[tuple[bool, int]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    is_away: bool = False
    has_bug: bool = False
    tries: int = 0
    gate: asyncio.Event | None = None

    async def add(self, records: Sequence[RequestRecord]) -> None:
        self.tries += 1
        if self.gate is not None:
            await self.gate.wait()
        ids = [record.request_id for record in records]
        if self.has_bug:
            raise ZeroDivisionError
        if self.is_away:
            raise StoreUnavailableError("away")
        if self.refused & set(ids):
            raise StoreError("indigestible")
        self.groups.append(ids)

    @property
    def written(self) -> list[str]:
        return [each for group in self.groups for each in group]

    def journal(self) -> WriteBehind[RequestRecord]:
        return WriteBehind(
            name="requests",
            add=self.add,
            key=lambda record: record.request_id,
            clock=self.clock,
            flush_interval_seconds=INTERVAL,
            limit=LIMIT,
            on_state=self.states.append,
            on_loss=lambda is_losing, dropped: self.losses.append((is_losing, dropped)),
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[WriteBehind[RequestRecord]]:
        async with self.journal() as journal:
            yield journal


def put(journal: WriteBehind[RequestRecord], *numbers: int) -> None:
    for number in numbers:
        journal.record(request_record(number))


def ids(*numbers: int) -> list[str]:
    return [f"request-{number}" for number in numbers]


async def test_a_record_is_written_at_once_when_nothing_was_before() -> None:
    table = Table()
    async with table.open() as journal:
        put(journal, 1)
        await settle()
        assert table.groups == [ids(1)]


async def test_records_that_follow_wait_for_each_other() -> None:
    table = Table()
    async with table.open() as journal:
        put(journal, 1)
        await settle()
        put(journal, 2, 3)
        await table.clock.elapse(INTERVAL / 2)
        assert table.groups == [ids(1)]
        await table.clock.elapse(INTERVAL / 2)
        assert table.groups == [ids(1), ids(2, 3)]


async def test_the_end_of_the_journal_writes_what_waits_without_waiting() -> None:
    table = Table()
    async with table.open() as journal:
        put(journal, 1)
        await settle()
        put(journal, 2)
    assert table.written == ids(1, 2)
    assert journal.dropped == 0


async def test_what_comes_while_a_group_is_written_is_written_before_the_end() -> None:
    table = Table(gate=asyncio.Event())
    async with table.open() as journal:
        put(journal, 1)
        await settle()
        put(journal, 2)
        assert table.gate
        table.gate.set()
    assert table.written == ids(1, 2)


async def test_an_absent_database_loses_nothing_that_fits_and_is_reported_once() -> None:
    table = Table(is_away=True)
    async with table.open() as journal:
        put(journal, 1, 2)
        await table.clock.elapse(10)
        assert table.states == [False]
        table.is_away = False
        await table.clock.elapse(10)
        assert table.states == [False, True]
    assert table.written == ids(1, 2)
    assert table.losses == []


async def test_an_absent_database_is_asked_less_and_less_often() -> None:
    table = Table(is_away=True)
    async with table.open() as journal:
        put(journal, 1)
        await table.clock.elapse(60)
        assert table.tries < 75  # without chance they would be 35; once in each interval would be 240
        table.is_away = False
        await table.clock.elapse(10)


async def test_what_does_not_fit_is_dropped_and_counted_and_told_once() -> None:
    table = Table(is_away=True)
    async with table.open() as journal:
        put(journal, *range(LIMIT))
        await settle()
        put(journal, 100, 101, 102)
        assert (journal.dropped, table.losses) == (3, [(True, 1)])
        table.is_away = False
        await table.clock.elapse(10)
        put(journal, 200)
        assert table.losses == [(True, 1), (False, 3)]
    assert table.written == [*ids(*range(LIMIT)), *ids(200)]


async def test_one_record_that_the_database_refuses_is_lost_alone_and_the_log_says_why() -> None:
    table = Table(refused=set(ids(2)))
    with capture_logs() as lines:
        async with table.open() as journal:
            put(journal, 1, 2, 3)
    assert table.written == ids(1, 3)
    assert journal.dropped == 1
    assert [(line["event"], line["of"], line["detail"]) for line in lines] == [
        ("record_refused", "requests", "indigestible")
    ]


async def test_a_database_that_stays_away_does_not_hold_up_the_end_and_the_loss_is_told() -> None:
    table = Table(is_away=True)
    journal = table.journal()
    await journal.__aenter__()
    put(journal, 1, 2)
    closing = asyncio.ensure_future(journal.aclose())
    await table.clock.elapse(6)
    await closing
    assert (journal.dropped, table.losses) == (2, [(True, 2)])


async def test_a_record_after_the_end_is_counted_as_lost() -> None:
    table = Table()
    async with table.open() as journal:
        pass
    put(journal, 1)
    assert journal.dropped == 1


async def test_a_bug_in_writing_is_told_and_costs_only_what_it_meets(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(has_bug=True)
    async with table.open() as journal:
        put(journal, 1)
        await settle()
        table.has_bug = False
        put(journal, 2)
        await table.clock.elapse(INTERVAL)
    assert (table.written, journal.dropped) == (ids(2), 1)
    assert "write requests" in capsys.readouterr().out


async def test_a_great_many_records_are_written_in_groups_of_bounded_size() -> None:
    table = Table()
    journal = WriteBehind(name="requests", add=table.add, key=lambda record: record.request_id, clock=table.clock)
    async with journal:
        put(journal, *range(1200))
        await settle()
    assert [len(group) for group in table.groups] == [500, 500, 200]


async def test_a_newer_version_takes_the_place_of_one_that_waits_even_when_there_is_no_space() -> None:
    table = Table(is_away=True)
    async with table.open() as journal:
        put(journal, 0)
        await settle()
        put(journal, *range(1, LIMIT))
        put(journal, 1)
        assert (journal.waiting, journal.dropped) == (LIMIT, 0)
        table.is_away = False
        await table.clock.elapse(10)
    assert table.written == ids(*range(LIMIT))
