"""The guarded way to a real Redis: nobody waits for it, and every change between there and away is told once."""

import asyncio
import socket
from contextlib import AsyncExitStack

import pytest

from sentinel.clock import SystemClock
from sentinel.coordination.redis_link import COMMAND_SECONDS, RedisLink, WatchPace
from sentinel.coordination.shared import LinkStatus
from sentinel.errors import ConfigurationError, StoreUnavailableError
from sentinel.testing.clock import FakeClock, settle
from tests.integration.coordination.conftest import PACE, Members, until
from tests.support.processes import free_port
from tests.support.redis import RedisServer

_GENEROUS = 10 * COMMAND_SECONDS  # other tests may use the same cores


async def _seconds_of_a_refusal(link: RedisLink) -> float:
    began = asyncio.get_running_loop().time()
    with pytest.raises(StoreUnavailableError):
        await link.run(lambda redis: redis.get("x"))
    return asyncio.get_running_loop().time() - began


async def test_a_command_to_a_frozen_redis_is_given_up_after_its_time(own_redis: RedisServer, members: Members) -> None:
    member = await members.join(own_redis.url)
    await member.link.run(lambda redis: redis.set("x", "1"))
    own_redis.freeze()
    assert COMMAND_SECONDS <= await _seconds_of_a_refusal(member.link) < _GENEROUS
    await member.is_up(False)
    assert member.link.state.reason == "no answer in time"
    assert min([await _seconds_of_a_refusal(member.link) for _ in range(3)]) < COMMAND_SECONDS  # it is not even asked
    own_redis.thaw()
    await member.is_up()
    assert await member.link.run(lambda redis: redis.get("x")) == b"1"


async def test_every_change_is_told_once(own_redis: RedisServer, members: Members) -> None:
    member = await members.join(own_redis.url)
    for _ in range(2):
        own_redis.stop()
        await member.is_up(False)
        own_redis.start()
        await member.is_up()
    assert [state.is_up for state in member.states] == [True, False, True, False, True]
    assert member.states[1].reason == "no connection"


async def test_a_restart_between_two_looks_is_no_absence(own_redis: RedisServer, members: Members) -> None:
    member = await members.join(own_redis.url)
    own_redis.stop()
    own_redis.start()  # within one turn of the loop: the next command finds its connection closed
    with pytest.raises(StoreUnavailableError):
        await member.link.run(lambda redis: redis.get("x"))
    await until(lambda: member.subscriptions.is_up)
    assert await member.link.run(lambda redis: redis.get("x")) is None
    assert [state.is_up for state in member.states] == [True]


async def test_a_process_starts_without_redis_and_finds_it_later(own_redis: RedisServer, members: Members) -> None:
    own_redis.stop()
    member = await members.join(own_redis.url)
    assert [state.is_up for state in member.states] == [False]
    with pytest.raises(StoreUnavailableError):
        await member.link.run(lambda redis: redis.ping())
    own_redis.start()
    await member.is_up()
    assert member.link.latency_ms is not None


async def test_a_redis_that_wants_a_password_is_away_and_the_reason_tells_none(redis_server: RedisServer) -> None:
    url = redis_server.url.replace("redis://", "redis://:s3cret@")
    states: list[LinkStatus] = []
    link = RedisLink(url, clock=SystemClock(), pace=PACE)
    link.add(states.append)
    async with link:
        assert [state.is_up for state in states] == [False]
        assert "s3cret" not in str(states[0].reason)
        with pytest.raises(StoreUnavailableError) as raised:
            await link.run(lambda redis: redis.ping())
    assert "s3cret" not in raised.value.message


@pytest.mark.parametrize("words", ["nonsense=hunter2", "socket_keepalive=x&retries=1", "health_check_interval=often"])
def test_an_address_with_words_that_nobody_knows_is_refused_at_once(words: str) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL") as refused:
        RedisLink(f"redis://127.0.0.1/0?{words}", clock=SystemClock())
    assert "hunter2" not in str(refused.value)


async def test_a_host_with_a_name_that_cannot_be_is_away(members: Members) -> None:
    member = await members.join(f"redis://{'x' * 64}/0")
    assert member.link.state == LinkStatus(is_up=False, reason="no connection")
    await settle()
    assert member.subscriptions.is_up is False


async def test_what_listens_but_is_no_redis_is_away(members: Members) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts connections and says nothing
        member = await members.join(f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
        assert not member.link.is_up


async def test_processes_come_back_at_different_times_and_ever_more_rarely() -> None:
    clock = FakeClock()
    draws = iter([0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 0.0])
    pace = WatchPace(first_retry_seconds=1.0, longest_retry_seconds=4.0)
    link = RedisLink(f"redis://127.0.0.1:{free_port()}/0", clock=clock, pace=pace, rng=lambda: next(draws))
    async with link:
        pauses = []
        for _ in range(5):
            await until(lambda: clock.sleepers == 1)
            pauses.append(clock._sleepers[0][0] - clock.monotonic())
            clock.advance(pauses[-1])
            await settle()
    assert pauses == pytest.approx([0.5, 1.5, 4.0, 2.0, 2.0])


async def test_a_process_may_stop_at_any_moment(redis_server: RedisServer) -> None:
    for moment in range(40):  # in the first milliseconds everything is under way at once
        async with AsyncExitStack() as stack, asyncio.timeout(5):
            members = Members(stack)
            for _ in range(2):
                await members.join(redis_server.url)
            await asyncio.sleep(moment * 0.0005)
            await stack.aclose()
