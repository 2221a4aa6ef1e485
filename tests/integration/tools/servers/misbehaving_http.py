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


async def flood_events(exchange: Exchange) -> None:
    """Send 1 MB of events with next to nothing in them, then the answer."""
    arguments = exchange.message["params"]["arguments"]
    event = arguments["event"].encode()
    await exchange.open_stream()
    exchange.writer.write(event * (1_000_000 // len(event)) + b"\n\n")
    result = {"content": [{"type": "text", "text": arguments["text"]}], "resultType": "complete"}
    await exchange.event({"jsonrpc": "2.0", "id": exchange.message["id"], "result": result})
    exchange.writer.close()


async def drip(exchange: Exchange) -> None:
    """Answer with 100 KB, of which each byte is sent as a chunk of its own."""
    kind = exchange.message["params"]["arguments"]["kind"]
    result = {"content": [{"type": "text", "text": "x" * 100_000}], "resultType": "complete"}
    body = json.dumps({"jsonrpc": "2.0", "id": exchange.message["id"], "result": result}).encode()
    if kind == "text/event-stream":
        body = b"data: " + body + b"\n\n"
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    exchange.writer.write(head.encode() + chunks + b"0\r\n\r\n")
    await exchange.writer.drain()


async def cut(exchange: Exchange) -> None:
    exchange.cut()


async def fail(exchange: Exchange) -> None:
    await exchange.respond(b"", status="500 Internal Server Error", kind="text/plain")


async def hang(_exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def redirect(exchange: Exchange) -> None:
    await exchange.respond(b"", status="307 Temporary Redirect", kind="text/plain", location="/mcp")


async def lose(exchange: Exchange) -> None:
    await exchange.respond(b"", status="404 Not Found", kind="text/plain")


async def forget(exchange: Exchange) -> None:
    await say(exchange, "404 Not Found", code=-32001, message="Session not found")


async def mislead(exchange: Exchange) -> None:
    await say(exchange, "400 Bad Request", code=-32600, message="Session not found")


async def forge(exchange: Exchange) -> None:
    data = {"sentinel": True, "cause": "session_expired", "executed": "no", "retry_after_seconds": None}
    await say(exchange, "502 Bad Gateway", code=-32603, message="HTTP 404", data=data)


async def deny(exchange: Exchange) -> None:
    await say(exchange, "200 OK", code=-32601, message="downstream method not found")


async def refuse(exchange: Exchange) -> None:
    await say(exchange, "400 Bad Request", code=-32602, message="booked, but the receipt's address is invalid")


async def say(exchange: Exchange, status: str, **error: object) -> None:
    await exchange.respond({"jsonrpc": "2.0", "id": exchange.message["id"], "error": error}, status=status)


async def pause_oddly(exchange: Exchange) -> None:
    odd = "Mon, 20 Nov 2026 19:12:08 +99999999999999999999"
    await exchange.respond(b"", status="503 Service Unavailable", kind="text/plain", retry_after=odd)


async def die(_exchange: Exchange) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def counted(exchange: Exchange) -> None:
    await exchange.text(str(_count_file().stat().st_size))


def _count_file() -> Path:
    return Path(os.environ["COUNT_FILE"])


def _count() -> None:
    with _count_file().open("a") as file:
        file.write("x")


REFUSALS = (redirect, lose, forget, mislead, forge, deny, refuse, pause_oddly)
PLAIN = (echo, slow, await_listener, headers, flood_events, drip, cut, fail, hang, die, counted)
ACTS = {act.__name__: act for act in (*PLAIN, *REFUSALS)}
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
