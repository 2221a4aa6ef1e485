"""A run that is stopped, or whose caller leaves for good, lets its provider go within a second, on real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.deaf_port import a_deaf_port
from tests.support.server import Serve
from tests.support.sse import Frame, frames, read_events

_PAUSE = b"HTTP/1.1 429 Wait\r\nretry-after: 1.9\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
_BEGINNING = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
_WORD = {"id": "1", "created": 1, "model": "m", "object": "chat.completion.chunk", "choices": [
    {"index": 0, "delta": {"role": "assistant", "content": "Hel"}, "finish_reason": None}
]}  # fmt: skip


@dataclass
class Reluctant:
    """A provider whose models never finish: `silent` says nothing, `stalling` one word, `busy` asks for a pause.

    `left` has a time for every request that was let go; `asked` the models, one for each request.
    """

    asked: list[str] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Reluctant"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def until_left(self) -> float:
        async with asyncio.timeout(10):
            while not self.left:
                await asyncio.sleep(0.005)
        return self.left[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if head.startswith(b"post "):
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                await self._answer(json.loads(await reader.readexactly(length))["model"], reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # it was left in the middle of asking
        finally:
            writer.close()

    async def _answer(self, model: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(model)
        if model == "busy":
            writer.write(_PAUSE)
            return
        if model == "stalling":
            writer.write(_BEGINNING + b"data: " + json.dumps(_WORD).encode() + b"\n\n")
        await reader.read()
        self.left.append(asyncio.get_running_loop().time())


@asynccontextmanager
async def a_server(serve: Serve, provider: Reluctant, deaf_port: int) -> AsyncIterator[httpx.AsyncClient]:
    names = [*(f"provider/{model}" for model in ("silent", "stalling", "busy")), "deaf/port"]
    routes = "".join(f"  {name.partition('/')[2]}: {{targets: [{name}]}}\n" for name in names)
    server = await serve(
        config=f"""
providers:
  provider: {{kind: openai, base_url: "http://127.0.0.1:{provider.port}/v1", api_key: x}}
  deaf: {{kind: openai, base_url: "http://127.0.0.1:{deaf_port}/v1", api_key: x}}
routes:
  default: {{targets: [provider/silent]}}
{routes}"""
    )
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as client:
        yield client


async def follow(http: httpx.AsyncClient, route: str, until: str, on_disconnect: str) -> tuple[str, float]:
    """Ask, read until this phase or event, and leave; gives the run's id and when that was."""
    path = f"/api/chat/stream?on_disconnect={on_disconnect}"
    async with http.stream("POST", path, json={"input": "Hello", "route": route}) as response:
        async for frame in frames(response):
            if until in (frame.event, frame.data.get("phase")):
                break
    return frame.data["run_id"], asyncio.get_running_loop().time()


def is_cancelled(events: list[Frame]) -> bool:
    return events[-1].event == "completion" and events[-1].data["finish_reason"] == "cancelled"


SITUATIONS = {"silent": "attempt_started", "stalling": "token", "busy": "retrying", "port": "attempt_started"}


async def test_whoever_leaves_and_wants_it_ended_ends_it_within_a_second_wherever_it_is(serve: Serve) -> None:
    """By leaving and by saying so; before and after the first token, while dialling, and in a pause before a retry."""
    with a_deaf_port() as deaf_port:
        async with Reluctant().running() as provider, a_server(serve, provider, deaf_port) as http:
            for route, until in SITUATIONS.items():
                for on_disconnect in ("cancel", "continue"):
                    await end_one(http, provider, route=route, until=until, on_disconnect=on_disconnect)
            for is_stream in (True, False):
                await end_one_of_v1(http, provider, is_stream=is_stream)
            breakers = (await http.get("/api/breakers")).json()["items"]
    assert {(each["state"], each["failures"]) for each in breakers} == {("closed", 0)}


async def end_one(http: httpx.AsyncClient, provider: Reluctant, *, route: str, until: str, on_disconnect: str) -> None:
    provider.asked.clear()
    provider.left.clear()
    run_id, left_at = await follow(http, route, until, on_disconnect)
    if on_disconnect == "continue":
        left_at = asyncio.get_running_loop().time()
        assert (await http.post(f"/api/runs/{run_id}/cancel")).status_code == 202
    events = await read_events(http, f"/api/runs/{run_id}/events")
    assert asyncio.get_running_loop().time() - left_at < 1.0, (route, on_disconnect)
    assert is_cancelled(events), (route, on_disconnect)
    if provider.asked and route != "busy":
        assert await provider.until_left() - left_at < 1.0, (route, on_disconnect)
    assert provider.asked.count(route) <= 1


async def end_one_of_v1(http: httpx.AsyncClient, provider: Reluctant, *, is_stream: bool) -> None:
    provider.asked.clear()
    provider.left.clear()
    body: dict[str, Any] = {"model": "silent", "messages": [{"role": "user", "content": "Hi"}], "stream": is_stream}
    asking = asyncio.create_task(http.post("/v1/chat/completions", json=body))
    async with asyncio.timeout(10):
        while not provider.asked:
            await asyncio.sleep(0.005)
    left_at = asyncio.get_running_loop().time()
    asking.cancel()
    assert await provider.until_left() - left_at < 1.0
