"""Events that one process commits wake the readers of another, over either implementation; the log stays the truth."""

import asyncio

from redis.asyncio import Redis

from sentinel.coordination.live_events import LiveEvents
from sentinel.coordination.redis_fan_out import MESSAGE_BYTES, QUEUE_BYTES
from sentinel.domain.events import Event, EventType
from tests.integration.coordination.conftest import Member, Members, until
from tests.support.line import line_to
from tests.support.live_readers import Reader
from tests.support.redis import RedisServer
from tests.support.run_builders import at
from tests.support.written_log import WrittenLog

_TOKEN, _DONE = EventType.TOKEN, EventType.COMPLETION
Pair = tuple[LiveEvents, LiveEvents, WrittenLog]


async def _is_listening(reader: Reader, log: WrittenLog) -> None:
    """Wait until the reader has its first event and the look after the subscription is done."""
    await until(lambda: len(reader.seen) == 1 and log.looks > 0)
    await asyncio.sleep(0)


async def test_what_one_process_commits_reaches_the_readers_of_another_without_a_read_of_the_log(pair: Pair) -> None:
    writing, reading, log = pair
    log.write(_TOKEN)
    reader = Reader(reading)
    await _is_listening(reader, log)
    reads, looks = log.reads, log.looks
    for _ in range(20):
        writing.publish(log.write(_TOKEN))
    await until(lambda: len(reader.seen) == 21)
    writing.publish(log.write(_TOKEN, _DONE))
    assert await reader.end() == list(range(1, 24))
    assert (log.reads, log.looks) == (reads, looks)


async def test_an_event_arrives_as_it_stands_in_the_log(pair: Pair) -> None:
    writing, reading, log = pair
    log.write(_TOKEN)
    async with reading.follow("run", after=0) as events:
        await anext(events)
        await until(lambda: log.looks > 0)
        data = {"text": 'žluťoučký kůň \u2028 \\ "', "usage": {"output_tokens": 3, "cost": 0.00025}, "none": None}
        committed = Event("run", 2, at(0.123456), _DONE, data)
        log.events["run"].append(committed)
        writing.publish([committed])
        received = await anext(events)
    assert received == committed
    assert received.to_dict() == committed.to_dict()


async def test_a_process_hears_only_of_the_runs_that_its_readers_follow(pair: Pair) -> None:
    writing, reading, log = pair
    log.write(_TOKEN)
    log.write(_TOKEN, run_id="other")
    reader = Reader(reading)
    await _is_listening(reader, log)
    writing.publish(log.write(_TOKEN, run_id="other"))
    writing.publish(log.write(_DONE))
    assert await reader.end() == [1, 2]
    assert reading.followers == 0


async def test_events_that_are_committed_before_the_subscription_stands_are_found_at_once(pair: Pair) -> None:
    writing, reading, log = pair
    log.write(_TOKEN)
    log.gate = asyncio.Event()
    reader = Reader(reading)  # its first read is held up; what is committed now is told to nobody
    await asyncio.sleep(0)
    writing.publish(log.write(_TOKEN))
    log.gate.set()
    await until(lambda: reader.seen == [1, 2])
    writing.publish(log.write(_DONE))
    assert await reader.end() == [1, 2, 3]


async def test_too_large_a_message_sends_readers_to_the_log(pair: Pair) -> None:
    writing, reading, log = pair
    log.write(_TOKEN)
    reader = Reader(reading)
    await _is_listening(reader, log)
    large = Event("run", 2, at(2), _TOKEN, {"text": "x" * MESSAGE_BYTES})
    log.events["run"].append(large)
    writing.publish([large])
    await until(lambda: reader.seen == [1, 2])
    writing.publish(log.write(_DONE))
    assert await reader.end() == [1, 2, 3]


# Over Redis alone -----------------------------------------------------------------------------------------------------


async def _reading(log: WrittenLog, writer: Member, follower: Member) -> tuple[LiveEvents, Reader]:
    """Give what the writer publishes with, and a reader at the follower who has the first event."""
    writing, reading = (
        LiveEvents(log=log, poll_interval_seconds=0.1, fan_out=each.fan_out) for each in (writer, follower)
    )
    log.write(_TOKEN)
    reader = Reader(reading)
    await _is_listening(reader, log)
    return writing, reader


async def _reads_on(writing: LiveEvents, reader: Reader, log: WrittenLog) -> None:
    """One more event, and it is seen."""
    count = len(reader.seen)
    writing.publish(log.write(_TOKEN))
    await until(lambda: len(reader.seen) == count + 1)


async def test_readers_go_on_by_polling_while_redis_is_gone_and_by_messages_when_it_is_back(
    own_redis: RedisServer, members: Members
) -> None:
    log = WrittenLog()
    writer, follower = await members.join(own_redis.url), await members.join(own_redis.url)
    writing, reader = await _reading(log, writer, follower)
    own_redis.stop()
    for _ in range(3):
        await _reads_on(writing, reader, log)
    await writer.is_up(False)
    await _reads_on(writing, reader, log)
    own_redis.start()
    for each in (writer, follower):
        await each.is_up()
    reads = log.reads
    for _ in range(5):
        await _reads_on(writing, reader, log)
    writing.publish(log.write(_DONE))
    assert await reader.end() == list(range(1, 12))
    assert log.reads - reads <= 1  # the messages carried them


async def test_a_frozen_redis_holds_nobody_up(own_redis: RedisServer, members: Members) -> None:
    log = WrittenLog()
    writer, follower = await members.join(own_redis.url), await members.join(own_redis.url)
    writing, reader = await _reading(log, writer, follower)
    own_redis.freeze()
    for _ in range(5):
        await _reads_on(writing, reader, log)
    await writer.is_up(False)
    own_redis.thaw()
    await writer.is_up()
    await _reads_on(writing, reader, log)
    writing.publish(log.write(_DONE))
    assert await reader.end() == list(range(1, 9))


async def test_readers_where_redis_alone_is_cut_off_go_on_by_polling(redis_url: str, members: Members) -> None:
    log = WrittenLog()
    async with line_to(redis_url).running() as line, asyncio.timeout(20):
        writer, follower = await members.join(redis_url), await members.join(line.reaching(redis_url))
        writing = LiveEvents(log=log, poll_interval_seconds=0.1, fan_out=writer.fan_out)
        reading = LiveEvents(log=log, poll_interval_seconds=0.1, fan_out=follower.fan_out)
        log.write(_TOKEN)
        reader = Reader(reading)
        await _is_listening(reader, log)
        line.silence()
        for _ in range(3):
            await _reads_on(writing, reader, log)
        await follower.is_up(False)
        assert writer.link.is_up
        line.speak()
        await follower.is_up()
        await _reads_on(writing, reader, log)
        writing.publish(log.write(_DONE))
        assert await reader.end() == list(range(1, 7))


async def test_a_flapping_redis_loses_and_doubles_nothing(own_redis: RedisServer, members: Members) -> None:
    log = WrittenLog()
    writer, follower = await members.join(own_redis.url), await members.join(own_redis.url)
    writing = LiveEvents(log=log, poll_interval_seconds=0.1, fan_out=writer.fan_out)
    reading = LiveEvents(log=log, poll_interval_seconds=0.1, fan_out=follower.fan_out)
    log.write(_TOKEN)
    reader = Reader(reading)
    for round_ in range(6):
        own_redis.kill() if round_ % 2 else own_redis.freeze()
        for _ in range(10):
            writing.publish(log.write(_TOKEN))
            await asyncio.sleep(0.005)
        own_redis.start() if round_ % 2 else own_redis.thaw()
        for _ in range(10):
            writing.publish(log.write(_TOKEN))
            await asyncio.sleep(0.005)
    writing.publish(log.write(_DONE))
    assert await reader.end() == list(range(1, 123))


async def test_announcing_is_bounded_and_never_waits(own_redis: RedisServer, members: Members) -> None:
    writer = await members.join(own_redis.url)
    await writer.is_up()
    text = "x" * (MESSAGE_BYTES // 2)
    count = 3 * QUEUE_BYTES // len(text)
    own_redis.freeze()
    for number in range(count):  # no turn of the loop in between: nothing can be sent
        writer.fan_out.announce([Event("run", number, at(0), _TOKEN, {"text": text})])
    assert writer.fan_out.dropped >= count / 2
    await writer.is_up(False)
    dropped = writer.fan_out.dropped
    writer.fan_out.announce([Event("run", 1, at(0), _TOKEN, {"text": "not even tried"})])
    assert writer.fan_out.dropped == dropped
    own_redis.thaw()
    await writer.is_up()


async def test_many_readers_of_many_runs_cost_no_further_connection(own_redis: RedisServer, members: Members) -> None:
    follower = await members.join(own_redis.url)
    await follower.is_up()
    before = await _clients(own_redis)
    log = WrittenLog()
    reading = LiveEvents(log=log, poll_interval_seconds=60, fan_out=follower.fan_out)
    for number in range(50):
        log.write(_TOKEN, run_id=f"run-{number}")  # readers of a run that is not there are let go
    readers = [Reader(reading, f"run-{number % 50}") for number in range(200)]
    others = 1  # what processes tell each other
    await until(lambda: follower.subscriptions.channels == 50 + others)
    # One that listens, one for commands or two at the same moment, and who asks here.
    assert await _clients(own_redis) <= max(before, 4)
    for reader in readers:
        await reader.leave()
    assert follower.subscriptions.channels == others


async def _clients(server: RedisServer) -> int:
    """Count over a connection of its own, which has all the time that it wants."""
    async with Redis.from_url(server.url) as redis:
        return len(await redis.client_list())


async def test_installations_with_different_namespaces_do_not_hear_each_other(
    redis_server: RedisServer, members: Members
) -> None:
    log = WrittenLog()
    ours = await members.join(redis_server.url)
    theirs = await members.join(redis_server.url, namespace="theirs")
    log.write(_TOKEN)
    reading = LiveEvents(log=log, poll_interval_seconds=60, fan_out=ours.fan_out)
    reader = Reader(reading)
    await _is_listening(reader, log)
    theirs.fan_out.announce([Event("run", 2, at(2), _TOKEN, {"text": "foreign"})])
    writer = await members.join(redis_server.url)
    await writer.is_up()
    LiveEvents(log=log, fan_out=writer.fan_out).publish(log.write(_DONE))
    assert await reader.end() == [1, 2]
    assert log.events["run"][1].type is _DONE


async def test_a_message_that_cannot_be_read_sends_readers_to_the_log(
    redis_server: RedisServer, members: Members
) -> None:
    log = WrittenLog()
    follower, other = await members.join(redis_server.url), await members.join(redis_server.url)
    log.write(_TOKEN)
    reader = Reader(LiveEvents(log=log, poll_interval_seconds=60, fan_out=follower.fan_out))
    await _is_listening(reader, log)
    channel = next(name for name in follower.subscriptions._listeners if name.endswith(":run:run"))
    for message in (b"", b"[]", b'{"from": "x"}', b'{"from": "x", "events": [[2, "no time", "token", {}]]}', b"\xff"):
        log.write(_TOKEN)
        await other.link.run(lambda redis, message=message: redis.publish(channel, message))  # type: ignore[misc]
        await until(lambda: len(reader.seen) == len(log.events["run"]))
    await reader.leave()
