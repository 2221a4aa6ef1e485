"""The gateway of the real server: its clients, its guard, and what is kept of its requests."""

import asyncio
import sqlite3
from typing import Any

import httpx
import openai
import orjson
import pytest

from tests.support.kept_requests import HELLO, all_kept, complete, kept
from tests.support.server import NO_TOOLS, Serve, Server

CHAT_MODEL = """
providers:
  own:
    kind: langchain
    class: langchain_core.language_models.fake_chat_models:FakeListChatModel
    params: {responses: ["Good day"]}
routes:
  default: {targets: [own/echo]}
"""


PRICED = "models: {simulated-primary/sim-large: {price: {input: 2, output: 8}}}"


def client_of(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, timeout=30, verify=False)


async def test_openai_s_client_is_served(gateway_server: Server) -> None:
    async with openai.DefaultAsyncHttpxClient(verify=False) as transport:
        sdk = openai.AsyncOpenAI(base_url=f"{gateway_server.url}/v1", api_key="x", max_retries=0, http_client=transport)
        messages: Any = HELLO
        plain = await sdk.chat.completions.create(model="gpt-4o-mini", messages=messages)
        stream = await sdk.chat.completions.create(model="default", messages=messages, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        models = [model.id async for model in await sdk.models.list()]
        embedded = await sdk.embeddings.create(model="default", input="one")
    assert plain.choices[0].message.content == text
    assert models == ["default", "simulated-primary/sim-large", "simulated-fallback/sim-small"]
    assert len(embedded.data[0].embedding) == 64


async def test_a_request_is_kept_with_its_receipt(api: httpx.AsyncClient) -> None:
    await api.put("/api/chaos/kill-switch/simulated-primary", json={"active": True})
    answer = await complete(api, model="gpt-4o", headers={"X-Request-ID": "mine-7"})
    found = await kept(api, answer.headers["x-sentinel-request-id"])
    skipped, served = found.pop("attempts")
    assert (skipped["skipped"], skipped["cause"], skipped["class"]) == (True, "kill_switch", "neutral")
    assert (served["provider"], served["class"], served["cause"]) == ("simulated-fallback", "success", None)
    usage = answer.json()["usage"]
    assert found.pop("usage") == {
        "input_tokens": usage["prompt_tokens"],
        "output_tokens": usage["completion_tokens"],
        "total_tokens": usage["total_tokens"],
        "estimated": False,
    }
    for moment in ("started_at", "ended_at", "latency_ms"):
        assert found.pop(moment)
    assert found == {
        "ttft_ms": None,
        "request_id": answer.headers["x-sentinel-request-id"],
        "trace_id": "mine-7",
        "endpoint": "/chat/completions",
        "route": "default",
        "requested_model": "gpt-4o",
        "is_stream": False,
        "outcome": "completed",
        "status_code": 200,
        "error_code": None,
        "provider": "simulated-fallback",
        "model": "sim-small",
        "failover_occurred": True,
        "failover_chain": ["simulated-primary/sim-large", "simulated-fallback/sim-small"],
        "skipped_frames": 0,
        "cost_usd": None,
    }


async def test_costs_are_kept_as_they_were_whatever_becomes_of_the_price(serve: Serve) -> None:
    """Of runs and of requests alike; the second start has no price at all."""
    server = await serve({"SIMULATED_WORDS_PER_SECOND": "0"}, config=PRICED)
    async with client_of(server) as api:
        answer = await complete(api)
        run_id = (await api.post("/api/chat", json={"messages": HELLO})).json()["run_id"]
        run = (await api.get(f"/api/runs/{run_id}")).json()
        request = await kept(api, answer.headers["x-sentinel-request-id"])
        events = (await api.get(f"/api/runs/{run_id}/events")).text
    assert answer.headers["x-sentinel-cost-usd"] == f"{request['cost_usd']:.9f}"
    assert run["cost_usd"] == run["attempts"][0]["cost_usd"] == _price(run["usage"])
    assert request["cost_usd"] == _price(request["usage"])
    assert '"cost_usd":' + orjson.dumps(run["cost_usd"]).decode() in events.split("event: completion")[1]
    server.stop()
    (server.folder / "sentinel.yaml").write_text(NO_TOOLS, encoding="utf-8")
    await server.restart()
    async with client_of(server) as api:
        assert (await api.get(f"/api/runs/{run_id}")).json()["cost_usd"] == run["cost_usd"]
        assert (await kept(api, request["request_id"]))["cost_usd"] == request["cost_usd"]
        assert "x-sentinel-cost-usd" not in (await complete(api)).headers


def _price(usage: dict[str, Any]) -> float:
    return float((2_000 * usage["input_tokens"] + 8_000 * usage["output_tokens"]) / 1e9)


async def test_requests_are_found_by_how_they_ended_and_by_the_caller_s_id(api: httpx.AsyncClient) -> None:
    broken = await complete(api, model="simulated-primary/sim-large:reset", headers={"X-Request-ID": "find-me"})
    assert broken.status_code == 502
    good = await complete(api, headers={"X-Request-ID": "find-me"})
    await kept(api, good.headers["x-sentinel-request-id"])
    await kept(api, broken.headers["x-sentinel-request-id"])

    async def ids(**query: str) -> list[str]:
        items = (await api.get("/api/requests", params={"trace_id": "find-me", **query})).json()["items"]
        return [item["request_id"] for item in items]

    ours = [answer.headers["x-sentinel-request-id"] for answer in (good, broken)]
    assert await ids() == ours
    assert await ids(outcome="failed") == ours[1:]
    assert await ids(outcome="completed") == ours[:1]
    first = (await api.get("/api/requests", params={"trace_id": "find-me", "limit": 1})).json()
    assert await ids(limit="1", cursor=first["next_cursor"]) == ours[1:]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "many"}, {"outcome": "perhaps"}, {"cursor": "nonsense"}])
async def test_a_listing_that_makes_no_sense_is_a_problem(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await api.get("/api/requests", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_request_that_is_not_kept_is_a_problem(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/requests/unheard-of")
    assert (answer.status_code, answer.json()["code"]) == (404, "request_not_found")


async def test_what_the_gateway_does_is_seen_in_the_providers_status(api: httpx.AsyncClient) -> None:
    await complete(api, model="simulated-fallback/sim-small")
    status = (await api.get("/api/providers/status")).json()["simulated-fallback"]
    assert status["last_attempt_at"]
    assert status["status"] != "unknown"


async def test_the_guard_stands_before_the_gateway_too(api: httpx.AsyncClient) -> None:
    for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 421)):
        answer = await complete(api, headers=headers)
        assert (answer.status_code, answer.json()["error"]["type"]) == (status, "invalid_request_error")
    assert (await complete(api, messages=[{"role": "user", "content": "x" * 200_000}])).status_code == 413


async def test_an_absent_database_fails_no_request_and_is_caught_up_with(
    api: httpx.AsyncClient, gateway_server: Server
) -> None:
    intruder = sqlite3.connect(gateway_server.folder / "sentinel.db", isolation_level=None)
    intruder.execute("BEGIN IMMEDIATE")
    answers = [await complete(api) for _ in range(5)]
    intruder.rollback()
    intruder.close()
    assert [answer.status_code for answer in answers] == [200] * 5
    for answer in answers:
        await kept(api, answer.headers["x-sentinel-request-id"])


async def test_an_orderly_stop_finishes_what_is_under_way_and_loses_no_record(serve: Serve) -> None:
    server = await serve({"SIMULATED_WORDS_PER_SECOND": "60"})
    body = {"model": "default", "messages": HELLO, "stream": True}
    async with (
        client_of(server) as client,
        client.stream("POST", "/v1/chat/completions", json=body) as response,
    ):
        parts = response.aiter_text()
        first = await anext(parts)
        answers = await asyncio.gather(*(complete(client, max_tokens=1) for _ in range(60)))
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        rest = "".join([part async for part in parts])
        assert (first + rest).endswith("data: [DONE]\n\n")
        assert await stopping == 0
    await server.restart()
    async with client_of(server) as client:
        found = {item["request_id"]: item["outcome"] for item in await all_kept(client, len(answers) + 1)}
    ours = [answer.headers["x-sentinel-request-id"] for answer in (response, *answers)]
    assert found == dict.fromkeys(ours, "completed")
    assert "records_lost" not in server.log


async def test_a_chat_model_of_langchain_s_is_served(serve: Serve) -> None:
    server = await serve(config=CHAT_MODEL)
    async with client_of(server) as client:
        answer = await complete(client)
        assert answer.json()["choices"][0]["message"]["content"] == "Good day"
        assert answer.json()["usage"]["estimated"] is True
        refused = await complete(client, n=2)
        assert refused.status_code == 400
        found = await kept(client, answer.headers["x-sentinel-request-id"])
    assert (found["provider"], found["model"]) == ("own", "echo")
