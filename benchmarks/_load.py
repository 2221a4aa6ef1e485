"""The load generator: keeps so many connections busy for so long, and tells what it saw.

`python -m benchmarks._load` reads one job per line from standard input and answers each with one line. A closed
loop: every connection sends its next request when its last answer is complete. An answer that is not complete, or
not what was asked for, is an error and is not counted.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import httptools
import orjson
import uvloop

_SHOWN = 200  # bytes of an answer's end that are kept: for the end marker, and to show what went wrong
_PATIENCE_SECONDS = 15.0
"""How long after its time a job waits for the answers that are under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to do: for `seconds`, or for `limit` requests if that comes first.

    Connections open evenly over `spread_seconds`. A whole answer has `marker` exactly `tokens` times (0: at least
    once) and, somewhere after it, `end`.
    """

    port: int
    body: str
    connections: int
    seconds: float
    marker: str
    headers: dict[str, str] = field(default_factory=dict)
    end: str = ""
    tokens: int = 0
    limit: int = 0
    spread_seconds: float = 0.0
    path: str = "/v1/chat/completions"

    def request(self) -> bytes:
        """Write it as it goes over the wire, the same every time."""
        data = self.body.encode()
        fields = {
            "host": f"127.0.0.1:{self.port}",
            "content-type": "application/json",
            "content-length": str(len(data)),
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {self.path} HTTP/1.1\r\n{head}\r\n".encode() + data


@dataclass(slots=True, kw_only=True)
class Seen:
    """What came of a job; times in milliseconds. `gaps_ms` has the longest silence between tokens of each answer."""

    answers: int = 0
    tokens: int = 0
    seconds: float = 0.0
    errors: int = 0
    first_error: str = ""
    whole_ms: list[float] = field(default_factory=list)
    first_token_ms: list[float] = field(default_factory=list)
    gaps_ms: list[float] = field(default_factory=list)

    def fail(self, why: str) -> None:
        """Note an error."""
        self.errors += 1
        self.first_error = self.first_error or why


class Caller(asyncio.Protocol):
    """One connection, which `ask`s again and again; `may_go_on` tells whether to, `ended` hears when not."""

    _transport: asyncio.Transport
    _parser: httptools.HttpResponseParser

    def __init__(self, job: Job, seen: Seen, *, may_go_on: Callable[[], bool], ended: Callable[[], None]) -> None:
        self._job = job
        self._seen = seen
        self._request = job.request()
        self._marker, self._end = job.marker.encode(), job.end.encode()
        self._may_go_on = may_go_on
        self._ended = ended
        self._is_busy = False
        self._has_ended = False
        self._tokens = 0
        self._began = self._now = self._first = self._last = self._gap = 0.0
        self._tail = self._ending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; an answer that is under way is lost."""
        if self._is_busy:
            self._is_busy = False
            self._seen.fail("the connection was closed in mid-answer")
        self._ended()

    def data_received(self, data: bytes) -> None:
        """Parse what came, at one moment."""
        self._now = time.perf_counter()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._seen.fail(f"not HTTP: {error}")
            self._is_busy = False
            self._transport.abort()

    def on_body(self, body: bytes) -> None:
        """Count tokens, wherever the network cut them."""
        text = self._tail + body
        found = text.count(self._marker)
        if found:
            if not self._tokens:
                self._first = self._last = self._now
            self._tokens += found
            self._gap = max(self._gap, self._now - self._last)
            self._last = self._now
        self._tail = text[1 - len(self._marker) :]
        self._ending += body
        self._has_ended = self._has_ended or self._end in self._ending
        self._ending = self._ending[-_SHOWN:]

    def on_message_complete(self) -> None:
        """Judge the answer, and go on."""
        self._is_busy = False
        fault = self._fault()
        if fault:
            self._seen.fail(fault)
        else:
            self._count()
        if self._parser.should_keep_alive() and self._may_go_on():
            self._ask()
        else:
            self._transport.close()

    def _ask(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._is_busy = True
        self._tokens = 0
        self._gap = 0.0
        self._tail = self._ending = b""
        self._has_ended = False
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def _fault(self) -> str:
        status = self._parser.get_status_code()
        if status != 200:
            return f"status {status}: {self._ending!r}"
        if self._tokens != (self._job.tokens or max(1, self._tokens)):
            return f"{self._tokens} tokens instead of {self._job.tokens}: {self._ending!r}"
        return "" if self._has_ended else f"no end marker: {self._ending!r}"

    def _count(self) -> None:
        seen = self._seen
        seen.answers += 1
        seen.tokens += self._tokens
        seen.whole_ms.append((self._now - self._began) * 1000)
        seen.first_token_ms.append((self._first - self._began) * 1000)
        seen.gaps_ms.append(self._gap * 1000)


async def perform(job: Job) -> Seen:
    """Do a job to its end."""
    seen = Seen()
    began = time.perf_counter()
    until = began + job.seconds
    left = job.limit or sys.maxsize

    def may_go_on() -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and time.perf_counter() < until

    waits = (job.spread_seconds * number / job.connections for number in range(job.connections))
    await asyncio.gather(*(_keep_calling(job, seen, may_go_on, after=wait) for wait in waits))
    seen.seconds = time.perf_counter() - began
    return seen


async def _keep_calling(job: Job, seen: Seen, may_go_on: Callable[[], bool], *, after: float) -> None:
    """Keep one connection open; a server that closes it gets a new one."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + job.seconds + _PATIENCE_SECONDS
    await asyncio.sleep(after)
    while may_go_on():
        ended = asyncio.Event()
        transport, _ = await loop.create_connection(
            lambda ended=ended: Caller(job, seen, may_go_on=may_go_on, ended=ended.set),  # type: ignore[misc]
            "127.0.0.1",
            job.port,
        )
        try:
            async with asyncio.timeout_at(deadline):
                await ended.wait()
        except TimeoutError:
            transport.abort()
            seen.fail(f"no end within {_PATIENCE_SECONDS:g} s")
            return


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        fields: dict[str, Any] = orjson.loads(line)
        seen = await perform(Job(**fields))
        print(orjson.dumps(asdict(seen)).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(_serve())
