"""Metrics over HTTP: what was asked shows in the figures, in the form that the caller wants, for our own hosts only."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

BODY = {"model": "default", "messages": [{"role": "user", "content": "Hello"}]}


async def samples(http: httpx.AsyncClient) -> dict[str, float]:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    found = [sample for family in families for sample in family.samples]
    return {f"{each.name}{sorted(each.labels.values())}": each.value for each in found}


async def test_a_failover_shows_in_the_figures(http: httpx.AsyncClient) -> None:
    before = await samples(http)
    await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": True})
    assert (await http.post("/v1/chat/completions", json=BODY)).headers["x-sentinel-failover"] == "true"
    await http.post("/api/chat", json={"messages": BODY["messages"]})
    after = await samples(http)
    grown = {name: value - before.get(name, 0) for name, value in after.items()}
    targets = ["kill_switch", "simulated-fallback/sim-small", "simulated-primary/sim-large"]
    assert grown[f"sentinel_failovers_total{targets}"] == 2
    assert grown["sentinel_gateway_requests_total['/chat/completions', 'completed', 'default']"] == 1
    assert grown["sentinel_runs_total['completed']"] == 1
    assert grown["sentinel_attempts_total['none', 'sim-small', 'simulated-fallback', 'success']"] == 2
    assert after["sentinel_kill_switches[]"] == 1
    assert after["sentinel_in_flight['sim-small', 'simulated-fallback']"] == 0
    assert after["sentinel_circuit_state['provider:simulated-primary']"] == 0


async def test_a_tripped_circuit_shows_in_the_figures(http: httpx.AsyncClient) -> None:
    key = "provider:simulated-primary"
    await http.post("/api/breakers/trip", json={"key": key})
    assert (await samples(http))[f"sentinel_circuit_state['{key}']"] == 2
    summary = (await http.get("/api/metrics")).json()
    assert summary["counts"]["circuits"]["open"] == 1
    assert summary["active_provider"] == "simulated-fallback"


async def test_who_accepts_json_gets_the_summary(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics", headers={"accept": "application/json"})
    summary = (await http.get("/api/metrics")).json()
    assert answer.json().keys() == summary.keys()
    assert summary["active_provider"] == "simulated-primary"
    assert summary["total_requests"] >= summary["total_successes"]


async def test_metrics_are_given_to_our_own_hosts_only(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics", headers={"host": "evil.example"})
    assert answer.status_code == 421
