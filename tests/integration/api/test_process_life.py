"""The server as a process: bad starts, orderly stops, kill -9 in mid-answer."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.bounded import bounded
from tests.support.processes import free_port
from tests.support.server import Serve, Server
from tests.support.sse import Frame, frames, read_events

LONG = "Explain circuit breakers in a long answer of 1000 words"
PACE = {"SIMULATED_WORDS_PER_SECOND": "150"}
WITH_OFFSPRING = "mcpServers: {one: &clock {command: python, args: [-m, mcp_servers.clock]}, two: *clock}"


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as client:
        yield client


@pytest.fixture
async def server(serve: Serve, request: pytest.FixtureRequest) -> Server:
    """A server of the test's own, since it will be killed; its configuration is the parameter, if there is one."""
    return await serve(PACE, config=getattr(request, "param", ""))


async def ask_and_read_some(http: httpx.AsyncClient, count: int) -> list[Frame]:
    """Ask for a long answer and leave after some tokens."""
    seen: list[Frame] = []
    async with http.stream("POST", "/api/chat/stream", json={"input": LONG}) as response:
        async for frame in frames(response):
            seen.append(frame)
            if sum(each.event == "token" for each in seen) == count:
                break
    return seen


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in listed]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("server", [WITH_OFFSPRING], indirect=True)
async def test_kill_9_in_mid_answer_and_a_restart_end_the_run_properly(server: Server, http: httpx.AsyncClient) -> None:
    seen = await ask_and_read_some(http, 10)
    run_id, offspring = seen[0].data["run_id"], children(server.pid)
    assert len(offspring) == 3, "the simulator and two tool servers"
    server.kill()
    async with asyncio.timeout(10):
        while any(is_alive(child) for child in offspring):
            await asyncio.sleep(0.02)
    await server.restart()
    events = await bounded(read_events(http, f"/api/runs/{run_id}/events"), 30)
    assert events[: len(seen)] == seen
    assert [frame.id for frame in events] == [str(number) for number in range(1, len(events) + 1)]
    assert [frame.event for frame in events if frame.event in {"completion", "error"}] == ["completion"]
    phases = [frame.data.get("phase") for frame in events]
    assert phases.index("recovered") < phases.index("continued")
    assert "".join(frame.data["text"] for frame in events if frame.event == "token") == events[-1].data["text"]
    run = (await http.get(f"/api/runs/{run_id}")).json()
    assert (run["status"], run["recovered"]) == ("completed", 1)


async def test_a_kill_switch_survives_a_crash(server: Server, http: httpx.AsyncClient) -> None:
    await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": True, "reason": "drill"})
    server.kill()
    await server.restart()
    switches = (await http.get("/api/chaos")).json()["kill_switches"]
    assert [(switch["target"], switch["reason"]) for switch in switches] == [("simulated-primary", "drill")]


def simulator_of(server: Server) -> int:
    """The process id of the simulator that a server runs."""
    for child in children(server.pid):
        if b"simulator" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            return child
    raise AssertionError


async def test_a_killed_simulator_is_started_again(server: Server, http: httpx.AsyncClient) -> None:
    killed = simulator_of(server)
    os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(20):
        while "simulated_providers_restarted" not in server.log:
            await asyncio.sleep(0.02)
    assert "simulated_providers_ended" in server.log
    assert simulator_of(server) != killed
    answer = (await http.post("/api/chat", json={"messages": [{"role": "user", "content": "Hello"}]})).json()
    assert answer["status"] == "completed"


async def test_an_orderly_stop_tells_the_readers_and_loses_nothing(server: Server, http: httpx.AsyncClient) -> None:
    seen: list[Frame] = []
    stopping: asyncio.Task[int] | None = None
    async with http.stream("POST", "/api/chat/stream", json={"input": LONG}) as response:
        async for frame in frames(response):
            seen.append(frame)
            if frame.event == "token" and stopping is None:
                stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    assert stopping is not None
    assert await stopping == 0
    assert seen[-1].event == "completion" or seen[-1].data["phase"] == "draining"
    await server.restart()
    events = await bounded(read_events(http, f"/api/runs/{seen[0].data['run_id']}/events"), 30)
    assert events[: len(seen)] == seen
    assert events[-1].event == "completion"


async def test_a_stop_lets_callers_of_v1_finish_and_tells_those_that_it_cuts_short(serve: Serve) -> None:
    server = await serve({"SIMULATED_WORDS_PER_SECOND": "100"})
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as client:
        stopping: asyncio.Task[int] | None = None
        endless = {"model": "default", "messages": [{"role": "user", "content": LONG}], "stream": True}
        short = {**endless, "messages": [{"role": "user", "content": "Hello"}]}
        async with client.stream("POST", "/v1/chat/completions", json=endless) as cut:
            lines = cut.aiter_lines()
            await anext(lines)
            async with client.stream("POST", "/v1/chat/completions", json=short) as whole:
                stopping = asyncio.create_task(asyncio.to_thread(server.stop))
                finished = [line async for line in whole.aiter_lines()]
            told = [line async for line in lines if line.startswith("data: ")]
        assert await stopping == 0
        assert finished[-2:] == ["data: [DONE]", ""]
        assert json.loads(told[-1].removeprefix("data: "))["error"]["code"] == "shutting_down"
        await server.restart()
        kept = (await client.get("/api/requests")).json()["items"]
    ends = {record["outcome"]: (record["error_code"], record["attempts"][-1]["cause"]) for record in kept}
    assert ends == {"completed": (None, None), "failed": ("shutting_down", "cancelled")}


@pytest.mark.parametrize("server", [WITH_OFFSPRING], indirect=True)
async def test_an_idle_server_stops_at_once_and_cleanly(server: Server) -> None:
    offspring = children(server.pid)
    assert len(offspring) == 3
    assert await asyncio.to_thread(server.stop) == 0
    assert not any(is_alive(child) for child in offspring)
    assert "Traceback" not in server.log
    assert "exception" not in server.log.lower()


async def test_a_clean_start_and_stop_is_told_in_a_few_lines_of_our_own(serve: Serve) -> None:
    """What it runs with, where it listens, that it stops; nothing about what it ends itself."""
    server = await serve({"APP_ENV": "production", "SENTINEL_AUTH": "off"})
    await asyncio.to_thread(server.stop)
    told = [json.loads(line)["event"] for line in server.log.splitlines()]
    assert [event for event in told if event != "tool_server_ready"] == [
        "configuration",
        "route",
        "simulated_providers",
        "database_migrated",
        "listening",
        "draining",
        "stopped",
    ]


async def test_a_port_in_use_is_one_clear_line(serve: Serve) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = await serve.refused({"PORT": str(port)})
    assert code == 1
    expected = f"sentinel: cannot listen on 127.0.0.1:{port}: it is already in use; set PORT to another one"
    assert said.splitlines() == [expected]


async def test_a_file_that_another_server_uses_is_one_clear_line(server: Server, serve: Serve, tmp_path: Path) -> None:
    link = tmp_path / "by-another-name.db"
    link.symlink_to(server.folder / "sentinel.db")
    for taken in (
        {"DATABASE_URL": f"sqlite:///{server.folder / 'sentinel.db'}"},
        {"DATABASE_URL": f"sqlite:///{link}"},
        {"SENTINEL_DATA_DIR": str(server.folder / "data")},  # its checkpoints
    ):
        code, said = await serve.refused({"DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"} | taken)
        assert code == 1
        (line,) = errors(said)
        assert "another Sentinel uses the database" in line


async def test_a_database_that_cannot_be_written_is_one_clear_line(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    code, said = await serve.refused({"DATABASE_URL": f"sqlite:///{tmp_path / 'file' / 'sentinel.db'}"})
    assert code == 1
    (line,) = errors(said)
    assert "sentinel.db" in line
    assert "Traceback" not in said


async def test_a_database_server_that_is_away_is_one_clear_line(serve: Serve) -> None:
    code, said = await serve.refused({"DATABASE_URL": f"postgresql://nobody:s3cret@127.0.0.1:{free_port()}/none"})
    assert code == 1
    assert len(errors(said)) == 1
    assert "s3cret" not in said


async def test_a_misspelt_key_names_itself_its_line_and_what_is_allowed(serve: Serve) -> None:
    code, said = await serve.refused(config="routes:\n  default:\n    target: [a/b]\n")
    assert code == 1
    assert "sentinel.yaml:3" in said
    assert "targets" in said
    assert "Traceback" not in said


async def test_an_open_address_is_refused_without_keys(serve: Serve) -> None:
    code, said = await serve.refused({"HOST": "0.0.0.0"})
    assert code == 1
    assert "HOST" in said


def errors(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("sentinel:")]
