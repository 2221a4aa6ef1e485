"""Carries facts through Redis: a hash that holds what everybody says, and a channel that tells of every change at once.

A version counts the changes. Once a second a process says that it is there and compares the version with that of its
view: who has missed a message reads the whole hash. All that a process says is said again when Redis has lost it. Times
are those of Redis, so clocks of machines may differ.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import orjson
from redis.asyncio import Redis

from sentinel.clock import Clock
from sentinel.coordination.facts import Fact, FactTable, Name
from sentinel.coordination.redis_link import RedisLink, reason_of
from sentinel.coordination.shared import LinkStatus
from sentinel.coordination.subscriptions import Listener, Subscriptions
from sentinel.errors import StoreUnavailableError
from sentinel.tasks import ended
from sentinel.telemetry.survival import survived

LOOK_SECONDS = 1.0
"""How often a process says that it is there, and looks whether it has missed something."""
ALIVE_SECONDS = 5.0
"""How long that is believed."""

_AGAIN_SECONDS = 0.25
_VAIN_TRIES = 8
_KEEP_MS = 86_400_000  # nothing stays in a Redis that nobody uses any more
_GARBAGE_MS = 60_000

_SEND = """
local sets = tonumber(ARGV[4])
for i = 5, 4 + 2 * sets, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = 5 + 2 * sets, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
local version = redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[1], version .. ' ' .. ARGV[2])
return version
"""
_LOOK = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
if redis.call('ZADD', KEYS[3], now + ARGV[2], ARGV[1]) == 1 then redis.call('INCR', KEYS[2]) end
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
return {now, redis.call('ZCARD', KEYS[3]), tonumber(redis.call('GET', KEYS[2]) or '0') or -1}
"""


class RedisFacts:
    """The carrier of one table. Enter it to start; left, the process says that it is gone."""

    def __init__(
        self, link: RedisLink, subscriptions: Subscriptions, table: FactTable, *, namespace: str, clock: Clock
    ) -> None:
        """Carry what `table` says under `namespace`."""
        self._link = link
        self._subscriptions = subscriptions
        self._table = table
        self._clock = clock
        self._keys = [f"{namespace}:{name}" for name in ("facts", "version", "alive")]
        self._channel = f"{namespace}:facts"
        self._version: int | None = None
        self._ahead_seconds = 0.0  # Redis' time less that of this process
        self._next_look = 0.0
        self._wake = asyncio.Event()
        self._vain = 0
        self._refusal: str | None = None
        self._on_state: Callable[[LinkStatus], None] = _ignore
        self._worker: asyncio.Task[None] | None = None
        table.carried_by(self._wake.set)
        link.add(self._link_changed)

    async def __aenter__(self) -> Self:
        self._subscriptions.listen(self._channel, Listener(heard=self._heard, missed=self._missed))
        self._worker = asyncio.create_task(self._work(), name="redis-facts")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._worker)
        try:
            await self._link.run(lambda redis: redis.zrem(self._keys[2], self._table.author))
        except StoreUnavailableError:
            return  # the others will see that it says nothing more

    @property
    def status(self) -> LinkStatus:
        """How sharing is: as the link, but that a Redis may answer and still refuse what is shared."""
        if self._refusal is not None and self._link.is_up:
            return LinkStatus(is_up=False, reason=self._refusal)
        return self._link.state

    def tell_refusals(self, on_state: Callable[[LinkStatus], None]) -> None:
        """Tell this one when Redis begins to refuse what is shared, and when it takes it again; it must not raise."""
        self._on_state = on_state

    def _link_changed(self, status: LinkStatus) -> None:
        self._vain, self._refusal = 0, None
        if status.is_up:
            self._missed()
            self._table.repeat_all()

    def _missed(self) -> None:
        """Read everything as soon as possible."""
        self._version = None
        self._next_look = 0.0
        self._wake.set()

    # The work ---------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            if self._link.is_up:
                with survived("share facts"):
                    await self._exchange_somehow()
            await self._rest()

    async def _exchange_somehow(self) -> None:
        try:
            await self._exchange()
        except StoreUnavailableError as error:  # what is unsent stays so
            self._next_look = self._clock.monotonic() + _AGAIN_SECONDS
            self._note_vain(reason_of(error.__cause__))
        except Exception:
            self._next_look = self._clock.monotonic() + LOOK_SECONDS
            raise
        else:
            self._note_success()

    def _note_vain(self, reason: str) -> None:
        """Call it a refusal when all is in vain although Redis gives signs of life: the link cannot tell of that."""
        self._vain += 1
        if self._vain >= _VAIN_TRIES and self._refusal is None and self._link.is_up:
            self._refusal = reason
            self._on_state(self.status)

    def _note_success(self) -> None:
        self._vain = 0
        if self._refusal is not None:
            self._refusal = None
            self._on_state(self.status)

    async def _exchange(self) -> None:
        if self._clock.monotonic() >= self._next_look:
            await self._look()
        await self._send()

    async def _rest(self) -> None:
        pause = max(0.01, self._next_look - self._clock.monotonic()) if self._link.is_up else LOOK_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):  # not wait_for, which may swallow a cancellation on Python 3.11
                await self._wake.wait()

    async def _send(self) -> None:
        unsent = self._table.take_unsent()
        if not unsent:
            return
        said = {name: fact for name, fact in unsent.items() if fact is not None}
        gone = [name for name, fact in unsent.items() if fact is None]
        lines = {name: self._line(fact) for name, fact in said.items()}
        fields = [part for name, line in lines.items() for part in (self._field(name), line)]
        message = orjson.dumps(
            {"from": self._table.author, "facts": [[*name, orjson.Fragment(line)] for name, line in lines.items()]}
            | {"gone": gone}
        )
        arguments = [self._channel, message, _KEEP_MS, len(said), *fields, *map(self._field, gone)]
        try:
            await self._link.run(lambda redis: redis.eval(_SEND, 2, *self._keys[:2], *arguments))
        except StoreUnavailableError:
            self._table.send_again(unsent)
            raise

    async def _look(self) -> None:
        began = self._clock.monotonic()
        now_ms, alive, version = await self._link.run(
            lambda redis: redis.eval(_LOOK, 3, *self._keys, self._table.author, round(ALIVE_SECONDS * 1000), _KEEP_MS)
        )
        answered = self._clock.monotonic()
        self._ahead_seconds = now_ms / 1000 - (began + answered) / 2
        self._next_look = answered + LOOK_SECONDS
        if version != self._version or alive != self._table.processes:
            await self._read()

    async def _read(self) -> None:
        """Read what everybody says."""

        async def read(redis: Redis) -> list[Any]:
            pipeline = redis.pipeline(transaction=True)
            pipeline.hgetall(self._keys[0])
            pipeline.get(self._keys[1])
            pipeline.zrange(self._keys[2], 0, -1)
            return await pipeline.execute()

        lines, version, alive = await self._link.run(read)
        facts = list(self._facts(lines))
        self._version = _number(version)
        self._table.replace(facts, alive=[author.decode() for author in alive])
        kept = {fact.name: fact.number for fact in facts if fact.author == self._table.author}
        if any(kept.get(fact.name) != fact.number for fact in self._table.own):
            self._table.repeat_all()
        await self._clean(lines)

    async def _clean(self, lines: dict[bytes, bytes]) -> None:
        now_ms = (self._clock.monotonic() + self._ahead_seconds) * 1000
        old = [field for field, line in lines.items() if _ends_at(line) < now_ms - _GARBAGE_MS]
        if old:
            await self._link.run(lambda redis: redis.hdel(self._keys[0], *old))

    # Messages ---------------------------------------------------------------------------------------------------------

    def _heard(self, message: bytes) -> None:
        """Take in what another process has just said; what cannot be understood is left to the next look."""
        try:
            version, _, text = message.partition(b" ")
            content = orjson.loads(text)
            author = str(content["from"])
            if author != self._table.author:
                facts = [self._fact((kind, key), author, line) for kind, key, line in content["facts"]]
                self._table.hear(author, facts, [(kind, key) for kind, key in content["gone"]])
            if self._version is not None and int(version) == self._version + 1:
                self._version += 1
        except (ValueError, KeyError, TypeError):
            return

    def _facts(self, lines: dict[bytes, bytes]) -> Iterator[Fact]:
        for field, line in lines.items():
            kind, _, rest = field.decode().partition("|")
            key, _, author = rest.rpartition("|")
            try:
                yield self._fact((kind, key), author, orjson.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # of another version

    def _line(self, fact: Fact) -> bytes:
        until_ms = round((fact.until + self._ahead_seconds) * 1000)
        return orjson.dumps([fact.number, until_ms, fact.data])

    def _fact(self, name: Name, author: str, line: Any) -> Fact:
        number, until_ms, data = line
        until = until_ms / 1000 - self._ahead_seconds
        return Fact(kind=name[0], key=name[1], author=author, number=int(number), until=until, data=dict(data))

    def _field(self, name: Name) -> str:
        return f"{name[0]}|{name[1]}|{self._table.author}"


def _number(version: bytes | None) -> int:
    """Read the version as the script of a look does: what somebody else has put there is none."""
    return int(version or b"0") if (version or b"0").isdigit() else -1


def _ignore(_: LinkStatus) -> None:
    """Do nothing: the listener where nobody listens."""


def _ends_at(line: bytes) -> float:
    try:
        return float(orjson.loads(line)[1])
    except (ValueError, IndexError, TypeError):
        return 0.0
