"""A person asks for a number, the calculator is killed while it computes, and the answer has the right number."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.integration.tools.running import is_gone
from tests.support.server import Serve

BOUND = 40.0
Events = list[dict[str, Any]]


class Chat:
    """A running `sentinel serve`, its tool servers, and what comes of a question."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def pid(self, server: str, *, sessions: int = 1) -> int:
        """The process of a tool server that is ready."""
        async with asyncio.timeout(BOUND):
            while True:
                servers = {each["name"]: each for each in (await self.http.get("/api/tools")).json()["servers"]}
                found = servers[server]
                if found["state"] == "ready" and found["sessions"] >= sessions:
                    return int(found["pid"])
                await asyncio.sleep(0.02)

    async def ask(self, text: str) -> str:
        """Put a question; gives the run's id."""
        answer = await self.http.post("/api/runs", json={"input": text})
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["run_id"])

    async def killed_in_mid_call(self, text: str, server: str) -> Events:
        """Ask, kill the tool server when its call is in flight, and read the run's events on to the end."""
        pid = await self.pid(server)
        os.kill(pid, signal.SIGSTOP)  # so that the call is still in flight when the process is killed
        run_id, seen = await self.ask(text), Events()
        async with asyncio.timeout(BOUND), self.http.stream("GET", f"/api/runs/{run_id}/events") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event:"):
                    seen.append({"type": line.removeprefix("event:").strip()})
                elif line.startswith("data:"):
                    seen[-1] |= json.loads(line.removeprefix("data:"))
                    if seen[-1].get("phase") == "tool_started":
                        os.kill(pid, signal.SIGKILL)
        assert is_gone(pid)
        return seen


@pytest.fixture
async def chat(serve: Serve) -> AsyncIterator[Chat]:
    """The servers that start by themselves, and the simulated model."""
    server = await serve({"SIMULATED_WORDS_PER_SECOND": "0"}, with_tools=True)
    async with httpx.AsyncClient(base_url=server.url, timeout=BOUND, verify=False) as http:
        yield Chat(http)


def phases(events: Events) -> list[str]:
    return [event["phase"] for event in events if event["type"] == "status"]


def one(events: Events, phase: str) -> dict[str, Any]:
    (found,) = [event for event in events if event.get("phase") == phase]
    return found


async def test_the_backup_gives_the_right_number_and_the_receipt_says_so(chat: Chat) -> None:
    """The reader sees an answer; the operator sees what it took."""
    await chat.pid("calculator_backup")
    events = await chat.killed_in_mid_call("What is 123 * 456?", "calculator")
    end = events[-1]
    assert (end["type"], end["finish_reason"]) == ("completion", "stop")
    assert "56088" in end["text"]
    assert "".join(event["text"] for event in events if event["type"] == "token") == end["text"]

    fallback, finished = one(events, "tool_fallback"), one(events, "tool_finished")
    assert (fallback["server"], fallback["tool"], fallback["cause"]) == ("calculator", "evaluate", "transport")
    assert fallback["next"] == "calculator_backup/calc"
    assert (finished["server"], finished["tool"], finished["cause"]) == ("calculator_backup", "calc", None)
    assert phases(events).count("tool_started") == 1

    (call,) = (await chat.http.get(f"/api/runs/{end['run_id']}")).json()["tool_calls"]
    assert (call["server"], call["tool"], call["is_error"]) == ("calculator_backup", "calc", False)
    tried = [(each["server"], each["cause"], each["executed"]) for each in call["attempts"]]
    assert tried == [("calculator", "transport", "unknown"), ("calculator_backup", None, "yes")]
    await chat.pid("calculator", sessions=2)  # and it is back for the next question


async def test_without_a_backup_the_run_goes_on_and_says_that_it_has_no_tool(serve: Serve, tmp_path: Path) -> None:
    """The calculator cannot be started again either; the model is told, and answers."""
    (tmp_path / "may-start").touch()
    script = f"test -e {tmp_path}/may-start && exec {sys.executable} -m mcp_servers.calculator"
    calculator = {"command": "sh", "args": ["-c", script], "trusted": True}
    server = await serve(
        {"SIMULATED_WORDS_PER_SECOND": "0"}, config=yaml.safe_dump({"mcpServers": {"calculator": calculator}})
    )
    async with httpx.AsyncClient(base_url=server.url, timeout=BOUND, verify=False) as http:
        chat = Chat(http)
        await chat.pid("calculator")
        (tmp_path / "may-start").unlink()
        events = await chat.killed_in_mid_call("What is 123 * 456?", "calculator")
    end, unavailable = events[-1], one(events, "tool_unavailable")
    assert (end["type"], end["finish_reason"]) == ("completion", "stop")
    assert "56088" not in end["text"]
    assert unavailable["cause"] in {"transport", "connect"}
    assert json.loads(unavailable["result"])["error"] == "tool_unavailable"
