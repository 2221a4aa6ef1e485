"""Must-have 9: whatever some servers do at the start, the rest is up within seconds; servers open side by side."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sentinel.tools.config import ServerConfig, SupervisionConfig
from sentinel.tools.session.server_status import ServerState
from tests.acceptance.tools.timing import Stopwatch
from tests.integration.tools.running import BOUND, ROOT, Running, misbehaving, own, running
from tests.support.server import Serve

UP_SECONDS = 5.0
AS_SERVED = SupervisionConfig(start_wait_seconds=0.0, close_seconds=1.0)  # `sentinel serve` waits for none either
# Dead, slow and lying, in every way that there is a program for; and more of the slow ones than may start at a time.
BAD = {
    "missing": ServerConfig(command="no-such-program"),
    "crashing": ServerConfig(command=sys.executable, args=("-I", "-S", "-c", "import no_such_module")),
    **{f"silent{number}": misbehaving("--silent") for number in range(6)},
    "no-mcp": ServerConfig(command="sleep", args=("600",)),
    "lying": misbehaving("--lies"),
    "nobody": ServerConfig(url="http://127.0.0.1:9/mcp"),
}


async def is_up(tools: Running, watch: Stopwatch) -> float:
    """Wait until the good server answers; gives when that was."""
    await tools.until("good", ServerState.READY)
    assert (await tools.call("good__echo", text="up")).text == "up"
    return watch.seconds


async def test_the_rest_is_up_while_servers_are_dead_slow_or_lying() -> None:
    """All at once; each says what is wrong with it."""
    seconds = []
    for _ in range(2):
        watch = Stopwatch()
        async with running(BAD | {"good": misbehaving()}, supervision=AS_SERVED) as tools:
            seconds.append(await is_up(tools, watch))
            assert {spec.server for spec in tools.registry.tools()} == {"good"}
            for server, words in {
                "missing": "no such program on PATH",
                "crashing": "no_such_module",
                "lying": "ValidationError",
                "nobody": "Connect",
            }.items():
                async with asyncio.timeout(BOUND):
                    while words not in tools.error(server):
                        await asyncio.sleep(0.02)
            assert tools.state("silent0") is ServerState.CONNECTING
    assert min(seconds) < UP_SECONDS


@pytest.mark.parametrize("kind", [*BAD])
async def test_one_bad_server_delays_nobody(kind: str) -> None:
    """Whichever it is, and although it is the first."""
    async with running({kind: BAD[kind], "good": misbehaving()}, supervision=AS_SERVED) as tools:
        assert await is_up(tools, Stopwatch()) < UP_SECONDS


async def test_servers_are_opened_side_by_side(tmp_path: Path) -> None:
    """These two wait for each other: one after the other would never be ready."""
    meeting = misbehaving("--meet", str(tmp_path))
    async with running({"one": meeting, "two": meeting}) as tools:
        assert {tools.state("one"), tools.state("two")} == {ServerState.READY}


async def test_fifty_servers_open_without_starving_each_other() -> None:
    """Each at the first attempt: not one of them misses its time because of the others."""
    servers = {f"one{number}": misbehaving() for number in range(50)}
    async with running(servers, supervision=SupervisionConfig(start_wait_seconds=0.0)) as tools:
        await asyncio.gather(*(tools.until(server, ServerState.READY) for server in servers))
        assert {tools.sessions(server) for server in servers} == {1}
        calls = (tools.call(f"{server}__echo", text=server) for server in servers)
        assert [outcome.text for outcome in await asyncio.gather(*calls)] == [*servers]


async def test_never_more_than_a_few_interpreters_start_at_the_same_moment(tmp_path: Path) -> None:
    """Five that wait for each other, where four may start at a time: the fifth comes in when their turn is over."""
    meeting = misbehaving("--meet", str(tmp_path), "--count", "5")
    supervision = SupervisionConfig(start_wait_seconds=BOUND, simultaneous_starts=4, start_turn_seconds=0.5)
    watch = Stopwatch()
    async with running({f"one{number}": meeting for number in range(5)}, supervision=supervision) as tools:
        for number in range(5):
            await tools.until(f"one{number}", ServerState.READY)
    assert watch.seconds > 0.5


async def test_the_whole_server_is_ready_long_before_a_silent_tool_server_is_given_up(serve: Serve) -> None:
    """`sentinel serve` says so itself, with the settings that everybody has, and the good server's tool is there."""

    def entry(config: ServerConfig) -> dict[str, object]:
        return {"url": config.url} if config.url else {"command": config.command, "args": [*config.args]}

    good = entry(own("calculator")) | {"cwd": str(ROOT), "trusted": True}
    servers = {name: entry(config) for name, config in BAD.items()} | {"calculator": good}
    server = await serve({}, config=yaml.safe_dump({"mcpServers": servers}), awaits_tools=False)
    async with httpx.AsyncClient(base_url=server.url, timeout=BOUND, verify=False) as http, asyncio.timeout(BOUND):
        at_first = await servers_of(http)
        assert (at_first["silent0"]["state"], at_first["silent0"]["last_error"]) == ("connecting", None)
        while (await servers_of(http))["calculator"]["state"] != "ready":
            await asyncio.sleep(0.02)


async def servers_of(http: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in (await http.get("/api/tools")).json()["servers"]}
