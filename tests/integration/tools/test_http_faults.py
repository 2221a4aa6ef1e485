"""A server at an address breaks connections, forgets sessions, refuses, asks for pauses: each costs one call."""

import asyncio
from typing import Any

import pytest

from sentinel.tools.config import ServerConfig, SupervisionConfig, ToolLimits
from sentinel.tools.outcome import Cause, Failure
from sentinel.tools.session.server_status import ServerState
from tests.integration.tools.http_peer import Exchange, HttpPeer, http_peer
from tests.integration.tools.running import BOUND, Running, running
from tests.support.bounded import bounded

PATIENT = SupervisionConfig(
    probe_seconds=0.3, watch_seconds=0.2, backoff_base_seconds=0.02, backoff_max_seconds=0.1, start_wait_seconds=BOUND
)
SLEEPY = SupervisionConfig(
    probe_seconds=0.3, watch_seconds=600.0, backoff_base_seconds=0.02, backoff_max_seconds=0.1, start_wait_seconds=BOUND
)
ERAS = pytest.mark.parametrize("is_legacy", [False, True], ids=["modern", "legacy"])


def servers(peer: HttpPeer) -> dict[str, ServerConfig]:
    return {"web": ServerConfig(url=peer.url, trusted=True)}


async def cut_before_headers(exchange: Exchange) -> None:
    exchange.cut()


async def cut_in_the_body(exchange: Exchange) -> None:
    exchange.writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"jsonrpc"')
    await exchange.writer.drain()
    exchange.cut()


async def cut_in_an_event(exchange: Exchange) -> None:
    await exchange.open_stream()
    exchange.writer.write(b'event: message\ndata: {"jsonrpc": "2.0", "id"')
    await exchange.writer.drain()
    exchange.cut()


@ERAS
@pytest.mark.parametrize("cut", [cut_before_headers, cut_in_the_body, cut_in_an_event])
async def test_one_dropped_connection_fails_one_call_only(is_legacy: bool, cut: Any) -> None:
    """Its siblings get their results, the session stays, the next call works."""
    begun, release = [], asyncio.Event()

    async def on_call(exchange: Exchange) -> None:
        text = exchange.message["params"]["arguments"]["text"]
        begun.append(text)
        if text == "cut":
            await cut(exchange)
            return
        await release.wait()
        await exchange.text(text)

    async with (
        http_peer(is_legacy=is_legacy, on_call=on_call) as peer,
        running(servers(peer), supervision=SLEEPY) as tools,
    ):
        siblings = [asyncio.create_task(tools.call("web__echo", text=f"sibling {number}")) for number in range(2)]
        outcome = await tools.call("web__echo", text="cut")
        assert (outcome.cause, outcome.executed) == (Cause.TRANSPORT, "unknown")
        release.set()
        assert [(await sibling).text for sibling in siblings] == ["sibling 0", "sibling 1"]
        assert (await tools.call("web__echo", text="next")).text == "next"
        assert tools.sessions("web") == 1
        assert begun.count("cut") == 1


@ERAS
async def test_a_server_that_restarts_while_nobody_calls_is_noticed(is_legacy: bool) -> None:
    """By the stream it broke, or by the next sign of life it owes; the first call afterwards works."""
    async with http_peer(is_legacy=is_legacy) as peer, running(servers(peer), supervision=PATIENT) as tools:
        if not is_legacy:
            await bounded(peer.listening.wait(), BOUND)
        await peer.stop()
        await tools.until("web", ServerState.DOWN)
        await peer.start()
        await tools.until("web", ServerState.READY, sessions=2)
        assert (await tools.call("web__echo", text="again")).text == "again"


async def test_a_modern_server_that_dies_is_noticed_without_a_question() -> None:
    """The stream of changes breaks with it."""
    async with http_peer() as peer, running(servers(peer), supervision=SLEEPY) as tools:
        await bounded(peer.listening.wait(), BOUND)
        await peer.stop()
        await tools.until("web", ServerState.DOWN)


async def test_a_forgotten_session_costs_the_caller_nothing() -> None:
    """The server has restarted without our knowing; the call is made on a new session."""
    async with http_peer(is_legacy=True) as peer, running(servers(peer), supervision=SLEEPY) as tools:
        peer.sessions.clear()
        assert (await tools.call("web__echo", text="hello")).text == "hello"
        assert tools.sessions("web") == 2
        assert peer.asked.count("initialize") == 2


async def refuse_once(exchange: Exchange, begun: list[str], release: asyncio.Event) -> None:
    """Say of the first call named `denied` that there is no such session; answer others when released."""
    text = exchange.message["params"]["arguments"]["text"]
    begun.append(text)
    if begun.count("denied") == 1 and text == "denied":
        await exchange.respond(b"", status="404 Not Found", kind="text/plain")
        return
    if text != "denied":
        await release.wait()
    await exchange.text(text)


async def test_a_session_that_is_denied_wrongly_costs_no_call_of_others() -> None:
    """Whose streams are alive: the server is asked first, in the session that it denies, and answers."""
    begun: list[str] = []
    release = asyncio.Event()
    async with (
        http_peer(is_legacy=True, on_call=lambda exchange: refuse_once(exchange, begun, release)) as peer,
        running(servers(peer), supervision=SLEEPY) as tools,
    ):
        siblings = [asyncio.create_task(tools.call("web__echo", text=f"sibling {number}")) for number in range(2)]
        while len(begun) < len(siblings):
            await asyncio.sleep(0)
        assert (await tools.call("web__echo", text="denied")).text == "denied"
        release.set()
        assert [(await sibling).text for sibling in siblings] == ["sibling 0", "sibling 1"]
        assert (begun.count("denied"), tools.sessions("web")) == (2, 1)


async def test_calls_in_a_session_that_is_forgotten_have_an_unknown_outcome() -> None:
    """A new session is opened, as the protocol demands; what was under way in the old one is not made again."""
    begun: list[str] = []
    over = asyncio.Event()

    async def on_call(exchange: Exchange) -> None:
        text = exchange.message["params"]["arguments"]["text"]
        begun.append(text)
        if text == "sibling":
            await over.wait()
        await exchange.text(text)

    async with (
        http_peer(is_legacy=True, on_call=on_call) as peer,
        running(servers(peer), supervision=SLEEPY) as tools,
    ):
        sibling = asyncio.create_task(tools.call("web__echo", text="sibling"))
        while not begun:
            await asyncio.sleep(0)
        peer.sessions.clear()
        assert (await tools.call("web__echo", text="next")).text == "next"
        lost = await sibling
        assert (lost.cause, lost.failure, begun) == (Cause.TRANSPORT, Failure.OUTCOME_UNKNOWN, ["sibling", "next"])
        assert tools.error("web") == "the server has forgotten the session"
        over.set()


async def test_a_tool_that_only_reads_is_not_asked_for_ever_either() -> None:
    """The guard and the router have one budget: where the one has sent a call again, the other does not."""
    calls = []

    async def forget(exchange: Exchange) -> None:
        calls.append(exchange.message)
        await exchange.respond(b"", status="404 Not Found", kind="text/plain")

    reading = {"name": "echo", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}
    async with (
        http_peer(is_legacy=True, on_call=forget, tools=[reading]) as peer,
        running(servers(peer), supervision=SLEEPY) as tools,
    ):
        assert (await tools.call("web__echo")).cause is Cause.SESSION_EXPIRED
        assert len(calls) == 2


async def test_a_tool_that_is_throttled_is_left_alone() -> None:
    """For as long as the server asks; the server stays in use."""
    calls = []

    async def on_call(exchange: Exchange) -> None:
        calls.append(exchange.message)
        await exchange.respond(b"slow down", status="429 Too Many Requests", kind="text/plain", retry_after="60")

    async with http_peer(on_call=on_call) as peer, running(servers(peer), supervision=SLEEPY) as tools:
        first, second = [await tools.call("web__echo") for _ in range(2)]
        assert (first.cause, first.executed, first.retry_after_seconds) == (Cause.THROTTLED, "no", 60.0)
        assert (second.cause, len(calls)) == (Cause.COOLDOWN, 1)
        assert tools.state("web") is ServerState.READY


async def test_a_refused_key_is_told_to_operators_and_not_tried_again() -> None:
    """Not at the opening either."""

    async def refuse(exchange: Exchange) -> None:
        await exchange.respond(b"", status="401 Unauthorized", kind="text/plain")

    async with http_peer() as peer, running(servers(peer), supervision=SLEEPY) as tools:
        peer.on_any = refuse
        assert (await tools.call("web__echo")).cause is Cause.AUTH
        await tools.until("web", ServerState.DOWN)
        asked = len(peer.asked)
        assert (await tools.call("web__echo")).cause is Cause.AUTH
        assert len(peer.asked) == asked
        tools.registry.reconnect("web")
        await bounded(
            tools.registry.supervisor("web").wait_until(lambda one: "HTTP 401" in str(one.status().last_error)), BOUND
        )
        assert tools.registry.status()[0].is_refused


@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_result_over_the_cap_is_oversize_and_was_carried_out(is_stream: bool) -> None:
    """In a body or in an event; the session goes on."""

    async def on_call(exchange: Exchange) -> None:
        if exchange.message["params"]["arguments"].get("text"):
            await exchange.text("small")
            return
        result = {"content": [{"type": "text", "text": "x" * 3_000_000}], "resultType": "complete"}
        if not is_stream:
            await exchange.result(result)
            return
        await exchange.open_stream()
        await exchange.event({"jsonrpc": "2.0", "id": exchange.message["id"], "result": result})

    limits = ToolLimits(max_result_bytes=100_000)
    async with (
        http_peer(on_call=on_call) as peer,
        running(servers(peer), supervision=SLEEPY, limits=limits) as tools,
    ):
        outcome = await tools.call("web__echo")
        assert (outcome.cause, outcome.executed) == (Cause.OVERSIZE, "yes")
        assert (await tools.call("web__echo", text="next")).text == "small"
        assert tools.sessions("web") == 1


async def test_a_server_that_says_its_tools_have_changed_is_asked_for_them() -> None:
    """Over the stream of changes."""
    async with http_peer() as peer, running(servers(peer), supervision=SLEEPY) as tools:
        await bounded(peer.listening.wait(), BOUND)
        peer.tools.append({"name": "more", "inputSchema": {"type": "object"}})
        await peer.notify("notifications/tools/list_changed")
        await until_known(tools, "web__more")


async def until_known(tools: Running, name: str) -> None:
    known = tools.registry.supervisor("web").wait_until(lambda _: tools.registry.find(name) is not None)
    await bounded(known, BOUND)


async def test_a_stream_that_asks_to_be_opened_anew_at_once_is_not() -> None:
    """`retry: 0` is obeyed by the SDK's client, hundreds of times a second."""
    begun = asyncio.Event()

    async def on_any(exchange: Exchange) -> None:
        method = exchange.message.get("method")
        if method != "GET":
            await peer._answer_legacy(str(method), exchange)
            return
        begun.set()
        await exchange.respond(b"retry: 0\nid: 1\ndata:\n\n", kind="text/event-stream")

    async with http_peer(is_legacy=True) as peer:
        peer.on_any = on_any
        async with running(servers(peer), supervision=SLEEPY) as tools:
            await tools.until("web", ServerState.READY)
            await bounded(begun.wait(), BOUND)
            for _ in range(50):
                await tools.call("web__echo", text="a")
            assert peer.asked.count("GET") <= 8


async def test_a_stream_of_changes_that_is_refused_once_is_asked_for_again() -> None:
    """A proxy has a bad moment; without the stream nobody would hear of changes for as long as the session lives."""

    async def refuse_first(exchange: Exchange) -> None:
        method = str(exchange.message["method"])
        if method == "subscriptions/listen" and peer.asked.count(method) == 1:
            await exchange.respond(b"", status="502 Bad Gateway", kind="text/plain")
            return
        await peer._answer_modern(method, exchange)

    async with http_peer() as peer:
        peer.on_any = refuse_first
        async with running(servers(peer), supervision=SLEEPY) as tools:
            await bounded(peer.listening.wait(), BOUND)
            assert (peer.asked.count("subscriptions/listen"), tools.sessions("web")) == (2, 1)
