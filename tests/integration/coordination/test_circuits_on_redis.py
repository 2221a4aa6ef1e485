"""Circuits of ten processes over a real Redis that is lost, slow and back: no call waits for it, none fails for it."""

import asyncio
from collections.abc import Sequence

import pytest

from sentinel.clock import SystemClock
from sentinel.coordination.redis_link import COMMAND_SECONDS
from sentinel.resilience.breaker_board import Permit
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import BreakerState
from tests.integration.coordination.conftest import Member, Members, until
from tests.support.line import Old, line_to
from tests.support.redis import RedisServer
from tests.support.sharing import KEY, Process

CLOSED, OPEN = BreakerState.CLOSED, BreakerState.OPEN
SHORT = BreakerConfig(recovery_seconds=0.3, max_open_seconds=0.3, open_jitter=0.0)


class Replica(Process):
    """A process whose facts and tickets go through Redis."""

    def __init__(self, member: Member, config: BreakerConfig) -> None:
        super().__init__(member.author, clock=SystemClock(), tickets=member.tickets, config=config, facts=member.facts)
        self.member = member


async def _replicas(members: Members, server: RedisServer, count: int, config: BreakerConfig) -> list[Replica]:
    return await _replicas_at(members, [server.url] * count, config)


async def _replicas_at(members: Members, urls: Sequence[str], config: BreakerConfig) -> list[Replica]:
    replicas = [Replica(await members.join(url), config) for url in urls]
    await until(lambda: all(each.facts.processes == len(urls) for each in replicas))
    return replicas


def _states(replicas: list[Replica]) -> set[BreakerState]:
    return {each.state() for each in replicas}


async def _open_time_is_over(replicas: list[Replica]) -> None:
    snapshots = [each.board.get(KEY).snapshot() for each in replicas]
    ends = max(snapshot.retry_at for snapshot in snapshots if snapshot.retry_at is not None)
    await until(lambda: SystemClock().now() > ends)


async def _crowd(replicas: list[Replica], rounds: int = 5) -> list[tuple[Replica, Permit]]:
    """Ten callers at each, again and again, until one has been let through; who was."""
    let_through = []
    for _ in range(rounds):
        for _ in range(10):
            let_through += [(each, permit) for each in replicas if (permit := each.call()) is not None]
        await asyncio.sleep(0.02)
    return let_through


async def test_of_ten_callers_at_each_of_ten_replicas_one_probes(own_redis: RedisServer, members: Members) -> None:
    replicas = await _replicas(members, own_redis, 10, SHORT)
    for each in replicas[:3]:
        each.fail()
    await until(lambda: _states(replicas) == {OPEN})
    await _open_time_is_over(replicas)
    for remaining in (1, 0):
        probes = await _crowd(replicas)
        assert len(probes) == 1
        probes[0][1].success()
        if remaining:
            replicas = [probes[0][0], *(each for each in replicas if each is not probes[0][0])]
    await until(lambda: _states(replicas) == {CLOSED})
    for each in replicas:
        await each.probes.aclose()


async def test_one_sick_replica_opens_nothing_elsewhere(own_redis: RedisServer, members: Members) -> None:
    replicas = await _replicas(members, own_redis, 4, BreakerConfig())
    replicas[0].fail()
    await until(lambda: all(len(each.facts.of("vote", KEY)) == 1 for each in replicas))
    assert [each.state() for each in replicas] == [OPEN, CLOSED, CLOSED, CLOSED]


@pytest.mark.parametrize("loss", ["stop", "freeze"])
async def test_circuits_work_alone_while_redis_is_away_and_agree_when_it_is_back(
    own_redis: RedisServer, members: Members, loss: str
) -> None:
    replicas = await _replicas(members, own_redis, 3, SHORT)
    own_redis.stop() if loss == "stop" else own_redis.freeze()
    loop = asyncio.get_running_loop()
    took: list[list[float]] = []
    for each in replicas[:2]:
        took.append([])
        for _ in range(5):
            began = loop.time()
            assert each.fail(1) == 1
            took[-1].append(loop.time() - began)
    # A call does no I/O, whatever Redis does. The quicker of two says so: the machine has other things to do.
    assert max(map(min, *took)) < COMMAND_SECONDS
    assert [each.state() for each in replicas] == [OPEN, OPEN, CLOSED]
    for each in replicas:
        await each.member.is_up(False)
    await _open_time_is_over(replicas)
    assert replicas[0].fail(1) == 1  # it probes on its own
    own_redis.start() if loss == "stop" else own_redis.thaw()
    await until(lambda: replicas[2].facts.processes == 3 and len(replicas[2].facts.of("vote", KEY)) == 2)
    replicas[1].reset()
    await until(lambda: _states(replicas) == {CLOSED})
    for each in replicas:
        await each.probes.aclose()


async def _all_find_it(replicas: list[Replica], *, is_up: bool) -> None:
    await until(lambda: all(each.member.link.is_up is is_up for each in replicas))


async def test_flapping_redis_leaves_all_of_one_mind_in_the_end(own_redis: RedisServer, members: Members) -> None:
    replicas = await _replicas(members, own_redis, 4, BreakerConfig())
    for round_ in range(6):
        own_redis.kill() if round_ % 2 else own_redis.freeze()
        await _all_find_it(replicas, is_up=False)
        replicas[round_ % 3].fail()
        own_redis.start() if round_ % 2 else own_redis.thaw()
        await _all_find_it(replicas, is_up=True)  # and it is gone again before much can be said
    await until(lambda: _states(replicas) == {OPEN})
    replicas[3].reset()
    await until(lambda: _states(replicas) == {CLOSED})


@pytest.mark.parametrize("old", Old)
async def test_who_alone_is_cut_off_from_redis_goes_by_itself_and_is_of_one_mind_with_all_when_it_is_back(
    redis_url: str, members: Members, old: Old
) -> None:
    async with line_to(redis_url).running() as line, asyncio.timeout(20):
        near, other, far = replicas = await _replicas_at(
            members, [redis_url, redis_url, line.reaching(redis_url)], BreakerConfig()
        )
        line.silence()
        for each in (near, other):
            each.fail()
        began = asyncio.get_running_loop().time()
        assert far.fail(1) == 1  # it has heard of nothing
        assert asyncio.get_running_loop().time() - began < 10 * COMMAND_SECONDS
        await far.member.is_up(False)
        assert [each.state() for each in replicas] == [OPEN, OPEN, CLOSED]
        assert [each.member.link.is_up for each in replicas] == [True, True, False]
        line.speak(old)
        await until(lambda: _states(replicas) == {OPEN})
        await far.member.is_up()
        far.reset()
        await until(lambda: _states(replicas) == {CLOSED})
        for each in replicas:
            await each.probes.aclose()
