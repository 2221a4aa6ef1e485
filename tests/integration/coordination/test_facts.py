"""What processes tell each other, carried by either implementation; and what is left of it when Redis goes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis.asyncio import Redis

from sentinel.clock import SystemClock
from sentinel.coordination.facts import FactTable
from sentinel.coordination.probe_tickets import MemoryTickets, ProbeTickets
from sentinel.coordination.redis_facts import ALIVE_SECONDS, LOOK_SECONDS
from sentinel.testing.facts import MemoryHub
from tests.integration.coordination.conftest import Member, Members, until
from tests.support.bounded import bounded
from tests.support.redis import RedisServer


@dataclass
class Trio:
    """Three processes' tables and tickets, and a way to start one more."""

    tables: list[FactTable]
    tickets: list[ProbeTickets]
    join: Callable[[], Any]
    heard: list[str] = field(default_factory=list)


@pytest.fixture(params=["memory", "redis"])
async def trio(request: pytest.FixtureRequest, members: Members) -> Trio:
    """Three processes, joined by either implementation."""
    trio = Trio([], [], _in_memory() if request.param == "memory" else _on_redis(request, members))
    for _ in range(3):
        table, tickets = await trio.join()
        trio.tables.append(table)
        trio.tickets.append(tickets)
    await until(lambda: all(table.processes == 3 for table in trio.tables))
    return trio


def _in_memory() -> Callable[[], Any]:
    hub, clock, taken, names = MemoryHub(), SystemClock(), dict[str, tuple[str, float]](), iter("abcdef")

    async def join() -> tuple[FactTable, ProbeTickets]:
        table = FactTable(next(names), clock=clock)
        hub.join(table)
        return table, MemoryTickets(table.author, clock=clock, taken=taken)

    return join


def _on_redis(request: pytest.FixtureRequest, members: Members) -> Callable[[], Any]:
    server: RedisServer = request.getfixturevalue("redis_server")

    async def join() -> tuple[FactTable, ProbeTickets]:
        member = await members.join(server.url, command_seconds=5)  # no answer is late, however busy the machine
        return member.facts, member.tickets

    return join


async def test_what_one_says_all_hear(trio: Trio) -> None:
    first, second, third = trio.tables
    third.listen("vote", trio.heard.append)
    told = first.tell("vote", "model:p/a|b", {"reason": "ž", "n": 1.5}, seconds=60)
    await until(lambda: bool(second.of("vote", "model:p/a|b") and trio.heard))
    heard = third.of("vote", "model:p/a|b")[0]
    assert (heard.author, heard.number, dict(heard.data)) == (first.author, told.number, dict(told.data))
    assert heard.until == pytest.approx(told.until, abs=0.2)
    assert set(trio.heard) == {"model:p/a|b"}
    assert first.of("vote", "model:p/a|b") == [told]


async def test_what_is_withdrawn_is_said_no_more(trio: Trio) -> None:
    first, second, _ = trio.tables
    first.tell("vote", "k", seconds=60)
    await until(lambda: bool(second.of("vote", "k")))
    second.listen("vote", trio.heard.append)
    first.withdraw("vote", "k")
    await until(lambda: not second.of("vote", "k"))
    assert set(trio.heard) == {"k"}  # perhaps more than once


async def test_each_has_one_fact_of_a_name_and_the_newest_counts(trio: Trio) -> None:
    first, second, third = trio.tables
    for count in range(10):
        first.tell("vote", "k", {"count": count}, seconds=60)
    second.tell("vote", "k", {"count": 77}, seconds=60)
    await until(lambda: {fact.data["count"] for fact in third.of("vote", "k")} == {9, 77})


async def test_what_is_over_is_not_known_any_more(trio: Trio) -> None:
    first, second, _ = trio.tables
    first.tell("vote", "k", seconds=0.3)
    await until(lambda: bool(second.of("vote", "k")))
    await until(lambda: not second.of("vote", "k"))


async def test_numbers_grow_over_all_authors(trio: Trio) -> None:
    first, second, third = trio.tables
    told = [first.tell("vote", "k", seconds=60) for _ in range(5)][-1]
    await until(lambda: any(fact.number == told.number for fact in second.of("vote", "k")))
    later = second.tell("vote", "k", seconds=60)
    assert later.number > told.number
    await until(lambda: len(third.of("vote", "k")) == 2)
    assert third.tell("vote", "k", seconds=60).number > later.number


async def test_who_comes_later_learns_what_still_holds(trio: Trio) -> None:
    trio.tables[0].tell("act", "k", seconds=60)
    newcomer, _ = await trio.join()
    await until(lambda: bool(newcomer.of("act", "k")))
    await until(lambda: all(table.processes == 4 for table in (*trio.tables, newcomer)))
    assert newcomer.is_alive(trio.tables[0].author)


async def _asked(tickets: ProbeTickets, name: str, seconds: float = 60) -> bool:
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    tickets.ask(name, seconds, answer.set_result)
    return await bounded(answer, 5)


async def test_one_process_has_a_ticket(trio: Trio) -> None:
    first, second, third = trio.tickets
    assert [await _asked(each, "probe") for each in (first, second, third)] == [True, False, False]
    assert await _asked(second, "another")
    assert await _asked(first, "probe")  # renewed
    second.give_back("probe")  # not its own
    assert not await _asked(third, "probe")
    first.give_back("probe")
    async with asyncio.timeout(5):
        while not await _asked(third, "probe"):
            await asyncio.sleep(0.01)
    assert not await _asked(first, "probe")


async def test_a_ticket_lapses(trio: Trio) -> None:
    first, second, _ = trio.tickets
    assert await _asked(first, "probe", seconds=0.2)
    assert not await _asked(second, "probe")
    async with asyncio.timeout(5):
        while not await _asked(second, "probe"):
            await asyncio.sleep(0.01)


async def test_many_ask_at_once_and_one_gets_it(trio: Trio) -> None:
    for number in range(20):
        answers = await asyncio.gather(*(_asked(tickets, f"probe-{number}") for tickets in trio.tickets * 5))
        assert 1 <= answers.count(True) <= 5  # one process, as often as it asked
        assert len({index % 3 for index, is_mine in enumerate(answers) if is_mine}) == 1


# Redis goes and comes -------------------------------------------------------------------------------------------------


async def _three(members: Members, server: RedisServer) -> list[Member]:
    joined = [await members.join(server.url) for _ in range(3)]
    await until(lambda: all(member.facts.processes == 3 for member in joined))
    return joined


@pytest.mark.parametrize("loss", ["restart", "flush", "freeze"])
async def test_after_a_loss_all_know_the_same_within_two_looks(
    own_redis: RedisServer, members: Members, loss: str
) -> None:
    first, second, third = await _three(members, own_redis)
    first.facts.tell("vote", "before", seconds=60)
    await until(lambda: bool(third.facts.of("vote", "before")))
    await _lose(own_redis, first, loss)
    second.facts.tell("vote", "after", seconds=60)
    names = {(fact.key, fact.author) for fact in (*first.facts.own, *second.facts.own)}
    await until(
        lambda: all(
            {(fact.key, fact.author) for key in ("before", "after") for fact in each.facts.of("vote", key)} == names
            for each in (first, second, third)
        ),
        seconds=2 * LOOK_SECONDS + 1,
    )


async def _lose(server: RedisServer, member: Member, loss: str) -> None:
    if loss == "restart":
        server.kill()
        await member.is_up(False)
        server.start()
        await member.is_up()
    elif loss == "flush":
        await member.link.run(lambda redis: redis.flushall())
    else:
        server.freeze()
        await member.is_up(False)
        server.thaw()
        await member.is_up()


async def test_a_message_that_was_lost_is_made_up_for_by_the_next_look(
    own_redis: RedisServer, members: Members
) -> None:
    first, second, _ = await _three(members, own_redis)
    second.subscriptions._listeners.clear()  # hears nothing
    first.facts.tell("vote", "k", seconds=60)
    await until(lambda: bool(second.facts.of("vote", "k")), seconds=2 * LOOK_SECONDS)


async def test_who_leaves_is_missed_at_once_and_who_dies_within_seconds(
    own_redis: RedisServer, members: Members
) -> None:
    first, second, third = await _three(members, own_redis)
    await third.carrier.__aexit__(None, None, None)
    await until(lambda: first.facts.processes == 2, seconds=2 * LOOK_SECONDS)
    assert second.carrier._worker is not None
    second.carrier._worker.cancel()  # says nothing more, as a killed process
    await until(lambda: first.facts.processes == 1, seconds=ALIVE_SECONDS + 2 * LOOK_SECONDS)
    assert not first.facts.is_alive(second.author)


async def test_a_ticket_is_had_at_once_where_nobody_can_be_asked(own_redis: RedisServer, members: Members) -> None:
    first, second, _ = await _three(members, own_redis)
    assert await _asked(first.tickets, "probe")
    own_redis.freeze()
    assert await _asked(second.tickets, "probe")  # after the time of a command
    await second.is_up(False)
    answers: list[bool] = []
    second.tickets.ask("probe", 60, answers.append)
    assert answers == [True]  # before it returned
    own_redis.thaw()


async def test_what_others_wrote_in_another_version_is_left_alone(own_redis: RedisServer, members: Members) -> None:
    first, second, _ = await _three(members, own_redis)
    channel = next(iter(first.subscriptions._listeners))
    key = channel  # the hash has the same name
    for message in (b"", b"x {}", b'7 {"from": 3}', b'8 {"from": "x", "facts": [[1]], "gone": []}', b"9 []"):
        await second.link.run(lambda redis, message=message: redis.publish(channel, message))  # type: ignore[misc]
    for line in (b"", b"{}", b'["a", 1, {}]'):
        field = f"vote|k|{line!r}"
        await second.link.run(lambda redis, field=field, line=line: redis.hset(key, field, line))  # type: ignore[misc]
    await second.link.run(lambda redis: redis.incr(key.replace(":facts", ":version")))
    second.facts.tell("vote", "k", seconds=60)
    await until(lambda: [fact.author for fact in first.facts.of("vote", "k")] == [second.author])
    await asyncio.sleep(0)
    assert len(first.facts.of("vote", "k")) == 1


async def _spoil_types(redis: Redis, namespace: str) -> None:
    for name in ("facts", "version", "alive"):
        await redis.delete(f"{namespace}:{name}")
        await redis.sadd(f"{namespace}:{name}", "somebody else's")


async def _spoil_number(redis: Redis, namespace: str) -> None:
    await redis.set(f"{namespace}:version", "no number")


async def _fill(redis: Redis, _: str) -> None:
    await redis.config_set("maxmemory", 1)


@pytest.mark.parametrize("spoil", [_spoil_types, _spoil_number, _fill])
async def test_a_redis_that_answers_but_refuses_what_is_shared_is_said_to_be_away_until_it_takes_it(
    own_redis: RedisServer, members: Members, spoil: Callable[[Redis, str], Awaitable[None]]
) -> None:
    one, other = await members.join(own_redis.url, namespace="n"), await members.join(own_redis.url, namespace="n")
    await until(lambda: one.facts.processes == 2)
    async with Redis.from_url(own_redis.url) as redis:
        await spoil(redis, "n")
        one.facts.tell("vote", "provider:p", seconds=60)
        await until(lambda: not one.carrier.status.is_up, seconds=20)
        assert one.link.is_up
        assert "refuses" in (one.carrier.status.reason or "")
        await redis.config_set("maxmemory", 0)
        await redis.flushall()
    await until(lambda: one.carrier.status.is_up and bool(other.facts.of("vote", "provider:p")), seconds=20)
    assert [state.is_up for state in one.states] == [True, False, True]
