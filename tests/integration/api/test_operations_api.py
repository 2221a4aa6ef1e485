"""What an operator sees and does over HTTP: providers, circuits, kill switches, health."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.integration.api.conftest import NAME_AT_THE_PROXY
from tests.support.server import Server
from tests.support.sse import read_events


async def answer(http: httpx.AsyncClient) -> dict[str, object]:
    response = await http.post("/api/chat", json={"messages": [{"role": "user", "content": "Hello"}]})
    body: dict[str, object] = response.json()
    return body


async def test_the_kill_switch_sends_the_next_answer_to_the_fallback(http: httpx.AsyncClient) -> None:
    thrown = await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": True, "reason": "drill"})
    assert thrown.json()["active"]
    status = (await http.get("/api/providers/status")).json()
    assert status["simulated-primary"]["kill_switch"]
    assert (await answer(http))["provider_used"] == "simulated-fallback"
    await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": False})
    assert (await answer(http))["provider_used"] == "simulated-primary"


@pytest.mark.parametrize("target", ["simulated-primary/sim-large", "tier:primary"])
async def test_a_kill_switch_may_name_a_model_or_a_tier(http: httpx.AsyncClient, target: str) -> None:
    await http.put(f"/api/chaos/kill-switch/{target}", json={"active": True})
    assert (await answer(http))["provider_used"] == "simulated-fallback"


async def test_a_kill_switch_with_a_time_says_when_it_ends(http: httpx.AsyncClient) -> None:
    switch = await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": True, "ttl_seconds": 60})
    assert switch.json()["expires_at"] > switch.json()["since"]


async def test_when_everything_is_off_the_answer_is_one_honest_problem(http: httpx.AsyncClient) -> None:
    await http.put("/api/chaos/kill-switch/all", json={"active": True})
    refused = await answer(http)
    assert refused["code"] == "all_providers_failed"
    assert isinstance(refused["attempts"], list)
    assert [row["cause"] for row in refused["attempts"]] == ["kill_switch", "kill_switch"]
    events = await read_events(http, "/api/chat/stream", method="POST", json={"input": "Hello"})
    assert events[-1].event == "error"


async def test_a_tripped_circuit_is_passed_over_until_it_is_reset(http: httpx.AsyncClient) -> None:
    key = "provider:simulated-primary"
    tripped = (await http.post("/api/breakers/trip", json={"key": key, "reason": "drill"})).json()
    assert tripped["state"] == "open"
    assert tripped["retry_at"] is not None
    body = await answer(http)
    assert body["failover_chain"] == ["simulated-primary/sim-large", "simulated-fallback/sim-small"]
    status = (await http.get("/api/providers/status")).json()["simulated-primary"]
    assert (status["status"], status["circuit_breaker"]["state"]) == ("down", "open")
    reset = (await http.post("/api/breakers/reset", json={"key": key})).json()
    assert reset["state"] == "closed"
    assert (await answer(http))["provider_used"] == "simulated-primary"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "/api/chaos/kill-switch/nobody", {"active": True}, 404, "unknown_target"),
        ("PUT", "/api/chaos/kill-switch/nobody", {"active": False}, 404, "unknown_target"),
        ("PUT", "/api/chaos/kill-switch/all", {"active": True, "ttl_seconds": -1}, 422, "invalid_request"),
        ("PUT", "/api/chaos/kill-switch/all", {}, 422, "invalid_request"),
        ("POST", "/api/breakers/trip", {"key": "provider:nobody"}, 404, "unknown_breaker"),
        ("POST", "/api/breakers/trip", {"key": "nonsense"}, 404, "unknown_breaker"),
        ("POST", "/api/nothing", {}, 404, "not_found"),
        ("GET", "/api/nothing", None, 404, "not_found"),
        ("GET", "/health/nothing", None, 404, "not_found"),
        ("DELETE", "/api/breakers", None, 405, "method_not_allowed"),
    ],
)
async def test_bad_commands_are_problems_with_a_code(
    http: httpx.AsyncClient, method: str, path: str, body: object, status: int, code: str
) -> None:
    response = await http.request(method, path, json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_plan_is_told_without_calling_anybody(http: httpx.AsyncClient) -> None:
    before = (await http.get("/api/routes/default/explain")).json()
    assert before["first"] == "simulated-primary/sim-large"
    assert before["chain"] == ["simulated-primary/sim-large", "simulated-fallback/sim-small"]
    await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": True})
    await http.post("/api/breakers/trip", json={"key": "provider:simulated-fallback"})
    after = (await http.get("/api/routes/default/explain")).json()
    assert [row["cause"] for row in after["targets"]] == ["kill_switch", "circuit_open"]
    assert (after["first"], after["gives_up"]) == (None, "exhausted")
    assert 0 < after["retry_after_seconds"] <= 36
    missing = await http.get("/api/routes/nowhere/explain")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_route")


async def test_the_command_line_explains_what_the_server_would_do(server: Server, http: httpx.AsyncClient) -> None:
    await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": True})
    said = await asyncio.to_thread(explained, server)
    assert "1. simulated-primary/sim-large (primary): passed over: kill switch" in said
    assert "first: simulated-fallback/sim-small" in said


def explained(server: Server) -> str:
    """What `sentinel explain` prints beside that server."""
    environment = {"PATH": os.environ["PATH"], "PORT": str(server.port), "HOME": str(server.folder)}
    command = [str(Path(sys.executable).parent / "sentinel"), "explain", "--route", "default"]
    return subprocess.check_output(command, env=environment, cwd=server.folder, text=True, timeout=30)


async def test_health_names_every_dependency(http: httpx.AsyncClient) -> None:
    report = (await http.get("/health")).json()
    assert report["status"] in {"healthy", "degraded"}
    assert set(report["checks"]) == {"database", "queue", "redis", "providers", "tools"}
    assert (await http.get("/health/live")).json() == {"status": "alive"}
    for path in ("/health/live", "/health/ready", "/health"):
        asked = await http.head(path)
        assert (asked.status_code, asked.content) == (200, b"")


async def test_without_redis_url_redis_is_off_and_no_worry(http: httpx.AsyncClient) -> None:
    check = (await http.get("/health")).json()["checks"]["redis"]
    assert (check["status"], check["detail"]) == ("off", "REDIS_URL is not set")


async def test_info_says_that_the_providers_are_simulated(http: httpx.AsyncClient) -> None:
    info = (await http.get("/api/info")).json()
    assert info["simulated"]
    assert info["routes"][0]["targets"] == ["simulated-primary/sim-large", "simulated-fallback/sim-small"]


async def test_every_response_has_an_id_and_its_time(http: httpx.AsyncClient) -> None:
    kept = await http.get("/api/info", headers={"X-Request-ID": "my-id.1"})
    replaced = await http.get("/api/info", headers={"X-Request-ID": "no spaces allowed"})
    assert kept.headers["x-request-id"] == "my-id.1"
    assert replaced.headers["x-request-id"] != "no spaces allowed"
    assert kept.headers["x-response-time"].endswith("ms")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_pages_of_other_origins_change_nothing(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    refused = await http.put("/api/chaos/kill-switch/all", json={"active": True}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_forbidden")
    assert (await http.get("/api/chaos")).json()["kill_switches"] == []


async def test_a_foreign_host_name_is_not_answered(http: httpx.AsyncClient) -> None:
    refused = await http.get("/api/info", headers={"Host": "evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (421, "host_forbidden")


async def test_a_server_behind_a_proxy_answers_to_the_name_it_is_given(http: httpx.AsyncClient) -> None:
    hosts = (f"{NAME_AT_THE_PROXY}:8443", "localhost", "evil.example")
    given, own, other = [await http.get("/health/live", headers={"Host": host}) for host in hosts]
    assert [answer.status_code for answer in (given, own, other)] == [200, 200, 421]


async def test_the_consoles_own_pages_may_change_state(http: httpx.AsyncClient) -> None:
    own = str(http.base_url).rstrip("/")
    allowed = await http.put("/api/chaos/kill-switch/all", json={"active": False}, headers={"Origin": own})
    assert allowed.status_code == 200
