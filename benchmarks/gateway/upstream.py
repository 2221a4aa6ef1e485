"""The mock provider: a small asyncio server on the OpenAI wire that costs as little as possible.

`python -m benchmarks.gateway.upstream` prints its port and serves on loopback until it is ended. Every token is written
on its own, as real providers do; how many of them a reader finds at once is the reader's doing.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import httptools
import orjson
import uvloop

from benchmarks.gateway.wire import (
    BREAK_PAUSE_SECONDS,
    BREAKING_MODEL,
    CUT_AFTER,
    CUT_MODEL,
    FAILING_MODEL,
    MARKER,
    MAX_TOKENS,
    PADDING,
    Wish,
    tokens_already_said,
)

_CHUNK = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": "bench-model-1"}
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _framed(
        b"data: " + orjson.dumps({**_CHUNK, "system_fingerprint": "fp_bench", "choices": [choice]}) + b"\n\n"
    )


_ROLE = _event({"role": "assistant", "content": "", "refusal": None})
# Numbered, because a continuation of equal words could not be told from a repetition.
_TOKENS = tuple(_event({"content": f"{MARKER.decode()}{number} "}) for number in range(MAX_TOKENS))
_STOP = _event({}, "stop")
_FRAME = frozenset({_ROLE, _STOP})
_DONE = _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def _usage(tokens: int) -> bytes:
    usage = {"prompt_tokens": 230, "completion_tokens": tokens, "total_tokens": 230 + tokens}
    return _framed(b"data: " + orjson.dumps({**_CHUNK, "choices": [], "usage": usage}) + b"\n\n")


def _whole(status: bytes, body: dict[str, Any]) -> bytes:
    data = orjson.dumps(body)
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(data))
    return head + data


_ANSWER = _whole(
    b"200 OK",
    {
        **_CHUNK,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": f"{MARKER.decode()} {PADDING}", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 230, "completion_tokens": 115, "total_tokens": 345},
    },
)
_FAILURE = _whole(
    b"500 Internal Server Error", {"error": {"message": "broken on purpose", "type": "server_error", "code": None}}
)


class Upstream(asyncio.Protocol):
    """One accepted connection; `asked` counts the requests of all connections by model."""

    _transport: asyncio.Transport

    def __init__(self, asked: Counter[str]) -> None:
        self._asked = asked
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._url = b""
        self._is_paused = False
        self._is_closed = False
        self._waiting: tuple[Iterator[bytes], float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Write no more."""
        self._is_closed = True

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self._parser.feed_data(data)

    def pause_writing(self) -> None:
        """Hold a stream that nobody takes."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """Go on with it."""
        self._is_paused = False
        if self._waiting is not None:
            stream, self._waiting = self._waiting, None
            self._next(*stream)

    # The parser calls these ------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._body.clear()

    def on_url(self, url: bytes) -> None:
        """Note the path."""
        self._url = url

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """Answer."""
        if self._url == b"/asked":
            self._transport.write(_whole(b"200 OK", dict(self._asked)))
            return
        body = orjson.loads(b"".join(self._body))
        self._asked[body["model"]] += 1
        wish = Wish.read(body)
        if wish.delay_seconds:
            self._loop.call_later(wish.delay_seconds, self._answer, body, wish)
        else:
            self._answer(body, wish)

    # Answers ----------------------------------------------------------------------------------------------------------

    def _answer(self, body: dict[str, Any], wish: Wish) -> None:
        if self._is_closed:
            return
        if body["model"] == FAILING_MODEL:
            self._transport.write(_FAILURE)
        elif not body.get("stream"):
            self._transport.write(_ANSWER)
        else:
            self._transport.write(_STREAM_HEAD)
            self._next(_parts(body, wish), wish.interval_seconds)

    def _next(self, parts: Iterator[bytes], interval: float) -> None:
        if self._is_closed:
            return
        if self._is_paused:
            self._waiting = (parts, interval)
            return
        part = next(parts, None)
        if part is None:
            return
        if not part:
            self._loop.call_later(BREAK_PAUSE_SECONDS, self._transport.close)
            return
        self._transport.write(part)
        if interval and part not in _FRAME:
            self._loop.call_later(interval, self._next, parts, interval)
        else:
            self._loop.call_soon(self._next, parts, interval)


def _parts(body: dict[str, Any], wish: Wish) -> Iterator[bytes]:
    """What a stream consists of; an empty part breaks it."""
    said = tokens_already_said(body)
    yield _ROLE
    if body["model"] == BREAKING_MODEL:
        yield b""
    for number in range(said, wish.tokens):
        if body["model"] == CUT_MODEL and number == CUT_AFTER:
            yield b""
        yield _TOKENS[number]
    yield _STOP
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _usage(wish.tokens - said)
    yield _DONE


async def _serve() -> None:
    asked: Counter[str] = Counter()
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(asked), "127.0.0.1", 0)
    print(orjson.dumps({"port": server.sockets[0].getsockname()[1]}).decode(), flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
