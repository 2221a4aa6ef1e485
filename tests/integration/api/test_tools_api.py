"""What an operator sees of the tools over HTTP, and does about them."""

import asyncio
from typing import Any

import httpx


async def server_of(http: httpx.AsyncClient, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in (await http.get("/api/tools")).json()["servers"] if each["name"] == name
    )
    return found


async def ready(http: httpx.AsyncClient, name: str, *, sessions: int = 1) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            found = await server_of(http, name)
            if found["state"] == "ready" and found["sessions"] >= sessions:
                return found
            await asyncio.sleep(0.05)


async def test_tools_are_shown_with_their_servers_and_circuits(http: httpx.AsyncClient) -> None:
    found = await ready(http, "calculator")
    assert (found["kind"], found["era"] in {"modern", "legacy"}, found["trusted"]) == ("stdio", True, True)
    assert isinstance(found["pid"], int)
    (tool,) = [each for each in found["tools"] if each["tool"] == "evaluate"]
    assert (tool["name"], tool["key"], tool["effect"]) == (
        "calculator__evaluate",
        "tool:calculator/evaluate",
        "read_only",
    )
    assert tool["circuit"]["state"] == "closed"
    assert not tool["is_quarantined"]


async def test_a_server_is_reconnected_by_hand(http: httpx.AsyncClient) -> None:
    before = await ready(http, "clock")
    answered = await http.post("/api/tools/clock/reconnect")
    assert answered.status_code == 200
    after = await ready(http, "clock", sessions=before["sessions"] + 1)
    assert after["pid"] != before["pid"]


async def test_a_tool_is_approved_as_it_is_now(http: httpx.AsyncClient) -> None:
    found = await ready(http, "calculator")
    digest = found["tools"][0]["digest"]
    name = found["tools"][0]["tool"]
    changed = await http.post(f"/api/tools/calculator/{name}/approve", json={"digest": "another"})
    assert (changed.status_code, changed.json()["code"], changed.json()["digest"]) == (409, "tool_changed", digest)
    approved = await http.post(f"/api/tools/calculator/{name}/approve", json={"digest": digest})
    assert approved.json()["pin"]["digest"] == digest
    assert approved.json()["pin"]["approved_by"]


async def test_what_is_not_there_is_a_problem(http: httpx.AsyncClient) -> None:
    for path in ("nowhere/reconnect", "nowhere/t/approve", "calculator/nothing/approve"):
        refused = await http.post(f"/api/tools/{path}")
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_tool")
        assert refused.headers["content-type"].startswith("application/problem+json")
