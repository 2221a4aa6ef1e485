"""Requests that are sent again under the same `Idempotency-Key`: answered once, and then with the same bytes.

While the first one is under way the others wait for it, since two answers to one question are two bills. Only whole
answers are remembered: after a failure, or when the first caller leaves, the next one asks anew. In this process alone,
and within bounds: the oldest answers are forgotten first.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from starlette.types import Message, Send

from sentinel.clock import Clock
from sentinel.errors import IdempotencyConflictError
from sentinel.gateway.completions import Asked
from sentinel.gateway.parameters import require
from sentinel.gateway.receipts import Header
from sentinel.gateway.responses import Responder

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255
_CHOOSING = ("x-sentinel-route", "x-sentinel-midstream")
_OWN = b"x-sentinel-trace-id"

Serve = Callable[[Asked], Awaitable[bool]]
"""Answers, and tells whether the caller has a whole answer."""


@dataclass(slots=True)
class Recording:
    """Sends a response and keeps it, unless it is larger than `limit` bytes."""

    send: Send
    limit: int
    status: int = 0
    headers: list[Header] = field(default_factory=list)
    size: int = 0
    _parts: list[bytes] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether all of it was kept."""
        return self.size <= self.limit

    async def __call__(self, message: Message) -> None:
        """Take one ASGI message."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self._keep(message["body"])
        await self.send(message)

    def _keep(self, part: bytes) -> None:
        self.size += len(part)
        if self.fits:
            self._parts.append(part)
        else:
            self._parts.clear()

    def answer(self, fingerprint: bytes, *, until: float) -> "Remembered":
        """Give what was sent."""
        return Remembered(fingerprint, until, self.status, self.headers, b"".join(self._parts))


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer that may be given again, `until` a monotonic time, to whom asks the same (`fingerprint`)."""

    fingerprint: bytes
    until: float
    status: int
    headers: list[Header]
    body: bytes

    async def send_to(self, asked: Asked) -> None:
        """Give it again; the receipt is the first one's, the trace is the caller's own."""
        headers = [header for header in self.headers if header[0] != _OWN]
        own = [(_OWN, asked.trace_id.encode()), (b"x-sentinel-idempotent-replay", b"true")]
        send = asked.respond.send
        await send({"type": "http.response.start", "status": self.status, "headers": [*headers, *own]})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


@dataclass(slots=True)
class _UnderWay:
    fingerprint: bytes
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(kw_only=True)
class Repeats:
    """Answers each key once. Keys of callers with different credentials are different keys."""

    clock: Clock
    window_seconds: float
    max_answers: int = 10_000
    max_bytes: int = 64 * 1024 * 1024
    max_answer_bytes: int = 8 * 1024 * 1024
    _remembered: OrderedDict[bytes, Remembered] = field(default_factory=OrderedDict)
    _under_way: dict[bytes, _UnderWay] = field(default_factory=dict)
    _size: int = 0

    async def serve(self, path: str, asked: Asked, serve: Serve) -> None:
        """Serve a request: as any other if it has no key.

        Raises:
            RequestError: the key is empty or too long.
            IdempotencyConflictError: the key was used for another request.
        """
        given = asked.headers.get(HEADER)
        if given is None:
            await serve(asked)
            return
        require(0 < len(given) <= MAX_KEY_LENGTH, HEADER, f"must have 1 to {MAX_KEY_LENGTH} characters")
        key, fingerprint = _digest(path, asked.headers.get("authorization", ""), given), _fingerprint(asked)
        while (first := self._under_way.get(key)) is not None:
            _require_same(first.fingerprint, fingerprint)
            await first.over.wait()
        known = self._find(key)
        if known is not None:
            _require_same(known.fingerprint, fingerprint)
            await known.send_to(asked)
        else:
            await self._serve_first(key, fingerprint, asked=asked, serve=serve)

    async def _serve_first(self, key: bytes, fingerprint: bytes, *, asked: Asked, serve: Serve) -> None:
        mine = self._under_way[key] = _UnderWay(fingerprint)
        recording = Recording(asked.respond.send, self.max_answer_bytes)
        try:
            if await serve(replace(asked, respond=Responder(recording))) and recording.fits:
                until = self.clock.monotonic() + self.window_seconds
                self._remember(key, recording.answer(fingerprint, until=until))
        finally:
            del self._under_way[key]
            mine.over.set()

    def _find(self, key: bytes) -> Remembered | None:
        self._forget_old()
        return self._remembered.get(key)

    def _remember(self, key: bytes, answer: Remembered) -> None:
        self._remembered[key] = answer
        self._size += len(answer.body)
        while self._size > self.max_bytes or len(self._remembered) > self.max_answers:
            self._forget_first()

    def _forget_old(self) -> None:
        now = self.clock.monotonic()
        while self._remembered and next(iter(self._remembered.values())).until <= now:
            self._forget_first()

    def _forget_first(self) -> None:
        _, answer = self._remembered.popitem(last=False)
        self._size -= len(answer.body)


def _fingerprint(asked: Asked) -> bytes:
    """Give what tells requests apart: the body to the byte, and the headers that choose the answer."""
    return _digest(asked.raw, *(asked.headers.get(name, "") for name in _CHOOSING))


def _digest(*parts: str | bytes) -> bytes:
    """Give one digest of all; each part has its own in it, so that none can run over into the next."""
    each = (hashlib.sha256(part.encode() if isinstance(part, str) else part).digest() for part in parts)
    return hashlib.sha256(b"".join(each)).digest()


def _require_same(known: bytes, given: bytes) -> None:
    if known != given:
        message = f"the {HEADER} was used before with another request"
        raise IdempotencyConflictError(message, param=HEADER)
