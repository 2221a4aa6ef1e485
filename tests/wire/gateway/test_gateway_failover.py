"""A target that fails before its first content: the caller gets the next one's answer, whole, and a receipt of it."""

from typing import Any

import httpx
import pytest

from sentinel.domain.routes import Deadlines
from sentinel.errors import Outcome
from simulator.server import Simulator
from tests.support.gateway import FALLBACK, PRIMARY, Gateway, over, route, running_gateway
from tests.support.openai_wire import ask, client_of, hear

F, N, T, L, Q = Outcome.FAILURE, Outcome.NEUTRAL, Outcome.THROTTLE, Outcome.LATCH, Outcome.QUALITY
REROUTED: dict[str, tuple[str, dict[str, Any], str, Outcome]] = {
    "refused connection": ("refuse_connection", {"seconds": None}, "connection_refused", F),
    "reset": ("reset", {}, "connection_lost", F),
    "500": ("status", {"code": 500}, "server_error", F),
    "502 with a web page": ("status", {"code": 502, "variant": "html"}, "server_error", F),
    "503 without a body": ("status", {"code": 503, "variant": "empty"}, "server_error", F),
    "504": ("status", {"code": 504}, "server_error", F),
    "529 overloaded": ("status", {"variant": "overloaded"}, "overloaded", F),
    "408": ("status", {"code": 408}, "request_timeout", F),
    "429": ("status", {"variant": "rate_limit", "retry_after": 30}, "rate_limit", T),
    "429 without money": ("status", {"variant": "insufficient_quota"}, "quota", L),
    "402": ("status", {"code": 402}, "quota", L),
    "401": ("status", {"variant": "invalid_api_key"}, "auth", L),
    "403": ("status", {"code": 403}, "auth", L),
    "404 unknown model": ("status", {"variant": "model_not_found"}, "unknown_model", L),
    "a web page with 200": ("html", {}, "not_json", F),
    "an error instead of an answer": ("error_event", {"after": 0, "type": "overloaded_error"}, "overloaded", F),
    "a rate limit instead of an answer": ("error_event", {"after": 0, "type": "rate_limit_error"}, "rate_limit", T),
}
"""The fault at the primary, the cause in the receipt, and its class."""
ONLY_STREAMS: dict[str, tuple[str, dict[str, Any], str, Outcome]] = {
    "cut": ("cut", {"after": 0}, "connection_lost", F),
    "cut with a clean end": ("cut", {"after": 0, "how": "fin"}, "connection_lost", F),
    "truncated": ("truncate", {"after": 0}, "truncated", F),
    "malformed frame": ("malformed_frame", {"after": 0}, "malformed_frame", F),
}
ONLY_WHOLE: dict[str, tuple[str, dict[str, Any], str, Outcome]] = {
    "cut": ("cut", {"after": 3}, "connection_lost", F),
    "half of the body": ("truncate", {"after": 3}, "not_json", F),
    "malformed": ("malformed_frame", {"after": 3}, "not_json", F),
}
AT_ONCE_AGAIN = {"empty": "empty_answer", "bad_tool_json": "bad_tool_json"}
"""The transport worked, so the same target is asked once more before another one."""


Table = dict[str, tuple[str, dict[str, Any], str, Outcome]]


def _each(table: Table) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("kind", "parameters", "cause", "outcome"), table.values(), ids=table)


def check_receipt(headers: httpx.Headers, *, attempts: int) -> None:
    expected = {
        "x-sentinel-provider": FALLBACK.provider,
        "x-sentinel-model": FALLBACK.model,
        "x-sentinel-attempts": str(attempts),
        "x-sentinel-failover": "true",
        "x-sentinel-cache": "bypass",
    }
    assert {name: headers[name] for name in expected} == expected
    assert headers["x-sentinel-trace-id"] == headers["x-request-id"]


@_each(REROUTED | ONLY_STREAMS)
async def test_a_stream_that_fails_before_its_first_content_is_another_s(
    gateway: Gateway,
    caller: httpx.AsyncClient,
    simulator: Simulator,
    kind: str,
    parameters: dict[str, Any],
    cause: str,
    outcome: Outcome,
) -> None:
    whole = await hear(caller, model="fallback/sim-small")
    simulator.openai.arm(kind, **parameters)
    heard = await hear(caller)
    assert heard.is_whole()
    assert heard.text == whole.text
    assert heard.comments == []
    check_receipt(heard.headers, attempts=2)
    record = (await gateway.recorded(2))[-1]
    assert [(a.target, a.outcome, a.cause) for a in record.attempts] == [
        (PRIMARY, outcome, cause),
        (FALLBACK, Outcome.SUCCESS, None),
    ]


@_each(REROUTED | ONLY_WHOLE)
async def test_a_whole_answer_that_fails_is_another_s(
    gateway: Gateway,
    caller: httpx.AsyncClient,
    simulator: Simulator,
    kind: str,
    parameters: dict[str, Any],
    cause: str,
    outcome: Outcome,
) -> None:
    simulator.openai.arm(kind, **parameters)
    answer = await ask(caller)
    assert answer.status_code == httpx.codes.OK
    assert answer.json()["model"] == FALLBACK.model
    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    check_receipt(answer.headers, attempts=2)
    (record,) = await gateway.recorded()
    assert [(a.target, a.outcome, a.cause) for a in record.attempts] == [
        (PRIMARY, outcome, cause),
        (FALLBACK, Outcome.SUCCESS, None),
    ]


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize(("kind", "cause"), AT_ONCE_AGAIN.items())
async def test_an_answer_with_nothing_in_it_is_asked_for_again_and_then_elsewhere(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator, kind: str, cause: str, is_stream: bool
) -> None:
    simulator.openai.arm(kind)
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    body: dict[str, Any] = {"tools": [tool]} if kind == "bad_tool_json" else {}
    response = (await hear(caller, **body)).headers if is_stream else (await ask(caller, **body)).headers
    check_receipt(response, attempts=3)
    (record,) = await gateway.recorded()
    assert [a.cause for a in record.attempts] == [cause, cause, None]
    assert gateway.failures(PRIMARY) == 0


async def test_embeddings_fail_over_like_answers(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    simulator.openai.arm("status", code=503)
    answer = await caller.post("/embeddings", json={"model": "default", "input": "one"})
    assert len(answer.json()["data"][0]["embedding"]) == 64
    check_receipt(answer.headers, attempts=2)


async def test_embeddings_are_no_stream_whatever_their_body_says(caller: httpx.AsyncClient, gateway: Gateway) -> None:
    await caller.post("/embeddings", json={"model": "default", "input": "one", "stream": True})
    (record,) = await gateway.recorded()
    assert (record.is_stream, record.ttft_ms) == (False, None)


SILENT: dict[str, tuple[str, dict[str, Any]]] = {
    "no response": ("no_response", {}),
    "a late first token": ("slow_first_token", {"seconds": 60}),
    "keep-alives only": ("keepalive_only", {"interval_seconds": 0.05}),
    "a stall before any word": ("stall", {"after": 0}),
}


@pytest.mark.parametrize(("kind", "parameters"), SILENT.values(), ids=SILENT)
async def test_a_silent_stream_is_given_up_after_the_first_token_limit(
    simulator: Simulator, kind: str, parameters: dict[str, Any]
) -> None:
    simulator.openai.arm(kind, **parameters)
    limits = Deadlines(connect_seconds=5, first_token_seconds=1.0, stall_seconds=10, total_seconds=60)
    async with (
        running_gateway(over(simulator, routes=route(deadlines=limits))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller)
        assert heard.is_whole()
        (record,) = await gateway.recorded()
    assert [(a.outcome, a.cause) for a in record.attempts] == [(F, "first_token_timeout"), (Outcome.SUCCESS, None)]
    await simulator.requests.wait_for(1, wire="openai", outcome="client_closed")


@pytest.mark.parametrize("kind", ["no_response", "keepalive_only"])
async def test_a_silent_target_of_a_whole_answer_leaves_time_for_another(simulator: Simulator, kind: str) -> None:
    simulator.openai.arm(kind)
    limits = Deadlines(connect_seconds=5, first_token_seconds=1, stall_seconds=1, total_seconds=4)
    async with (
        running_gateway(over(simulator, routes=route(deadlines=limits))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        answer = await ask(caller)
        (record,) = await gateway.recorded()
    assert answer.json()["model"] == FALLBACK.model
    assert [a.outcome for a in record.attempts] == [F, Outcome.SUCCESS]
    assert record.attempts[0].duration_ms > 1500
    await simulator.requests.wait_for(1, wire="openai", outcome="client_closed")


async def test_a_target_that_is_switched_off_is_not_called_and_the_receipt_says_so(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    gateway.kill_switches.set("primary", True, actor="ann")
    heard = await hear(caller)
    check_receipt(heard.headers, attempts=1)
    (record,) = await gateway.recorded()
    assert [(a.skipped, a.cause) for a in record.attempts] == [(True, "kill_switch"), (False, None)]
    assert record.failover_chain == (str(PRIMARY), str(FALLBACK))
    assert not simulator.requests.find(wire="openai")


async def test_a_target_whose_circuit_is_open_is_not_called(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.openai.arm("status", code=500)
    for _ in range(5):
        await ask(caller)
    simulator.requests.clear()
    check_receipt((await ask(caller)).headers, attempts=1)
    assert not simulator.requests.find(wire="openai")


async def test_a_target_that_asked_for_a_pause_gets_it(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.openai.arm("status", variant="rate_limit", retry_after=30, times=1)
    await ask(caller)
    check_receipt((await ask(caller)).headers, attempts=1)
    (first, second) = await gateway.recorded(2)
    assert [a.cause for a in second.attempts] == ["cooldown", None]
    assert len(simulator.requests.find(wire="openai")) == 1
    assert gateway.failures(PRIMARY) == 0
    assert first.failover_chain == second.failover_chain


async def test_a_target_whose_credential_is_refused_is_left_alone_from_then_on(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.openai.arm("status", variant="invalid_api_key", times=1)
    await ask(caller)
    await ask(caller)
    (_, second) = await gateway.recorded(2)
    assert [a.cause for a in second.attempts] == ["latched", None]


async def test_the_next_target_is_asked_for_its_own_model(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    simulator.openai.arm("reset")
    await hear(caller, seed=7)
    (first, second) = [record.describe()["body"] for record in simulator.requests.find()]
    assert first == {**second, "model": PRIMARY.model}
    assert second["model"] == FALLBACK.model


async def test_a_route_of_its_own_is_named_by_the_model_or_the_header(simulator: Simulator) -> None:
    routes = route() | route(FALLBACK, name="small")
    async with (
        running_gateway(over(simulator, routes=routes)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        by_model = await ask(caller, model="small")
        by_header = await ask(caller, model="gpt-4o", headers={"X-Sentinel-Route": "small"})
        by_target = await ask(caller, model="fallback/sim-small")
        records = await gateway.recorded(3)
    for answer in (by_model, by_header, by_target):
        assert answer.headers["x-sentinel-model"] == FALLBACK.model
        assert answer.headers["x-sentinel-failover"] == "false"
    assert [record.route for record in records] == ["small", "small", "fallback/sim-small"]
