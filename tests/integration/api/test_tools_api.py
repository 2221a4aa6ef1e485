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
    assert tool["effect_source"] == "annotations"
    assert tool["arguments"] == [{"name": "expression", "type": "string", "is_required": True}]
    assert (tool["kill_switch"], tool["obstacle"], tool["changes"]) == (False, None, None)
    assert (found["restarts"], found["retry_at"]) == (found["sessions"] - 1, None)


async def test_a_tool_can_be_tripped_before_anybody_has_called_it(http: httpx.AsyncClient) -> None:
    """And its capability says who answers in its stead."""
    await ready(http, "calculator_backup")
    await ready(http, "calculator")
    tripped = await http.post("/api/breakers/trip", json={"key": "tool:calculator/evaluate", "reason": "drill"})
    assert (tripped.status_code, tripped.json()["state"]) == (200, "open")
    (tool,) = (await server_of(http, "calculator"))["tools"]
    assert (tool["circuit"]["override"] or {}).get("reason", "drill") == "drill"
    assert tool["obstacle"] == "circuit_open"
    (calculate,) = (await http.get("/api/tools")).json()["capabilities"]
    told = [(each["server"], each["answers"], each["obstacle"]) for each in calculate["members"]]
    assert told == [("calculator", False, "circuit_open"), ("calculator_backup", True, None)]


async def test_calls_of_runs_are_listed_with_who_was_asked_and_who_answered(http: httpx.AsyncClient) -> None:
    """From the fallback that a tripped circuit causes to the page of calls."""
    await ready(http, "calculator_backup")
    await ready(http, "calculator")
    before = (await server_of(http, "calculator_backup"))["tools"][0]["calls"]
    await http.post("/api/breakers/trip", json={"key": "tool:calculator/evaluate"})
    answer = (await http.post("/api/chat", json={"messages": [{"role": "user", "content": "calculate 6*7"}]})).json()
    query = {"server": "calculator", "tool": "evaluate", "run_id": answer["run_id"]}
    page = (await http.get("/api/tools/calls", params=query)).json()
    (call,) = page["items"]
    assert (call["server"], call["tool"], call["result"], call["executed"]) == (
        "calculator_backup",
        "calc",
        "42",
        "yes",
    )
    assert [(each["server"], each["cause"]) for each in call["attempts"]] == [
        ("calculator", "circuit_open"),
        ("calculator_backup", None),
    ]
    assert (call["thread_id"], call["result_chars"], page["next_cursor"]) == (answer["thread_id"], None, None)
    (backup,) = (await server_of(http, "calculator_backup"))["tools"]
    assert backup["calls"] == before + 1
    assert backup["latency_p50_ms"] > 0
    assert (await http.get("/api/tools/calls", params={"cursor": "nonsense"})).status_code == 422


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
