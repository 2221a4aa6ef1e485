"""An MCP server at an address, as a process: `misbehaving_http.py PORT [--legacy]`. A tool does what it is called.

`COUNT_FILE` grows by a byte with each call of a tool whose name begins with `count_and_`.
"""

import argparse
import asyncio
import json
import os
import signal
from pathlib import Path

from tests.integration.tools.http_peer import Exchange, HttpPeer

SLOW_SECONDS = 0.5
PEER = HttpPeer()


async def echo(exchange: Exchange) -> None:
    await exchange.text(str(exchange.message["params"]["arguments"].get("text", "")))


async def slow(exchange: Exchange) -> None:
    await asyncio.sleep(SLOW_SECONDS)
    await echo(exchange)


async def await_listener(exchange: Exchange) -> None:
    await PEER.listening.wait()
    await exchange.text("somebody listens")


async def headers(exchange: Exchange) -> None:
    await exchange.text(json.dumps(exchange.headers))


async def cut(exchange: Exchange) -> None:
    exchange.cut()


async def fail(exchange: Exchange) -> None:
    await exchange.respond(b"", status="500 Internal Server Error", kind="text/plain")


async def hang(_exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def die(_exchange: Exchange) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def counted(exchange: Exchange) -> None:
    await exchange.text(str(_count_file().stat().st_size))


def _count_file() -> Path:
    return Path(os.environ["COUNT_FILE"])


def _count() -> None:
    with _count_file().open("a") as file:
        file.write("x")


ACTS = {act.__name__: act for act in (echo, slow, await_listener, headers, cut, fail, hang, die, counted)}
COUNTED = "count_and_"


async def call(exchange: Exchange) -> None:
    """Do what the name says."""
    name = exchange.message["params"]["name"]
    if name.startswith(COUNTED):
        _count()
    await ACTS[name.removeprefix(COUNTED)](exchange)


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--legacy", action="store_true")
    options = parser.parse_args()
    names = [*ACTS, *(COUNTED + name for name in ACTS)]
    PEER.tools = [{"name": name, "inputSchema": {"type": "object"}} for name in names]
    PEER.is_legacy, PEER.port, PEER.on_call = options.legacy, options.port, call
    await PEER.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
