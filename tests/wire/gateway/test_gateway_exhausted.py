"""When nobody can answer: the caller's own mistakes in the provider's words, all else as one honest error."""

from typing import Any

import httpx
import openai
import pytest

from sentinel.domain.requests import RequestOutcome
from sentinel.domain.routes import Deadlines
from simulator.server import Simulator
from tests.support.canned import CannedProvider, chunk, frames, usage, whole
from tests.support.gateway import PRIMARY, Gateway, Plan, over, route, running_gateway
from tests.support.openai_wire import HELLO, ask, client_of, hear

COUNTED = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
MESSAGE = {"role": "assistant", "content": "Hi"}
ANSWERS = {
    True: frames(chunk(MESSAGE), chunk(finish="stop"), usage(), "[DONE]"),
    False: whole({"choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}], "usage": COUNTED}),
}
CALLER_S_OWN: dict[str, tuple[dict[str, Any], int, str]] = {
    "context too long": ({"variant": "context_length_exceeded"}, 400, "context_length"),
    "content filter": ({"variant": "content_filter"}, 400, "content_filter"),
    "bad request": ({"code": 400}, 400, "bad_request"),
    "unprocessable": ({"code": 422}, 422, "bad_request"),
}


async def stream(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    """Ask for a stream and read whatever comes instead."""
    request = {"model": "default", "messages": HELLO, "stream": True, **body}
    return await client.post("/chat/completions", json=request)


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize(("parameters", "status", "cause"), CALLER_S_OWN.values(), ids=CALLER_S_OWN)
async def test_a_request_that_the_provider_refuses_is_refused_in_its_words_and_asked_of_nobody_else(
    gateway: Gateway,
    caller: httpx.AsyncClient,
    direct: httpx.AsyncClient,
    simulator: Simulator,
    parameters: dict[str, Any],
    status: int,
    cause: str,
    is_stream: bool,
) -> None:
    simulator.openai.arm("status", **parameters)
    send = stream if is_stream else ask
    words = ",".join(f"{name}={value}" for name, value in parameters.items())
    answer, original = await send(caller), await send(direct, model=f"sim-large:status,{words}")
    assert (answer.status_code, answer.content) == (status, original.content.replace(f":status,{words}".encode(), b""))
    assert "retry-after" not in answer.headers
    assert answer.headers["x-sentinel-attempts"] == "1"
    (record,) = await gateway.recorded()
    assert (record.outcome, record.status_code, record.error_code) == (
        RequestOutcome.FAILED,
        status,
        "request_rejected",
    )
    assert [a.cause for a in record.attempts] == [cause]
    assert not simulator.requests.find(wire="ollama")
    assert gateway.failures(PRIMARY) == 0


async def test_a_refusal_that_is_no_json_is_put_into_the_right_shape(
    caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.openai.arm("status", code=400, variant="html")
    answer = await ask(caller)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "request_rejected")


@pytest.mark.parametrize("is_stream", [True, False])
async def test_an_answer_that_a_filter_ended_is_the_answer(is_stream: bool) -> None:
    stream = frames(
        chunk({"role": "assistant", "content": "I will"}), chunk(finish="content_filter"), usage(), "[DONE]"
    )
    message = {"role": "assistant", "content": "I will"}
    answer = whole({"choices": [{"index": 0, "message": message, "finish_reason": "content_filter"}], "usage": COUNTED})
    provider, other = CannedProvider(stream if is_stream else answer), CannedProvider(answer)
    async with (
        provider.running() as primary,
        other.running() as fallback,
        running_gateway(Plan(wires={"primary": primary, "fallback": fallback}, routes=route())) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        if is_stream:
            heard = await hear(caller)
            assert (heard.text, heard.finishes, heard.has_done) == ("I will", ["content_filter"], True)
        else:
            assert (await ask(caller)).json()["choices"][0]["finish_reason"] == "content_filter"
        (record,) = await gateway.recorded()
        assert gateway.failures(PRIMARY) == 0
    assert [a.cause for a in record.attempts] == ["content_filter"]
    assert (record.outcome, record.serving, record.status_code) == (RequestOutcome.COMPLETED, PRIMARY, 200)
    assert other.bodies == []


FAILED: dict[str, tuple[str, dict[str, Any], int]] = {
    "server errors": ("status", {"code": 500}, 502),
    "resets": ("reset", {}, 502),
    "web pages": ("html", {}, 502),
    "rate limits": ("status", {"variant": "rate_limit", "retry_after": 17}, 503),
    "refused credentials": ("status", {"variant": "invalid_api_key"}, 502),
    "unknown models": ("status", {"variant": "model_not_found"}, 502),
    "spent quotas": ("status", {"variant": "insufficient_quota"}, 502),
    "empty answers": ("empty", {}, 502),
}


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize(("kind", "parameters", "status"), FAILED.values(), ids=FAILED)
async def test_when_every_target_fails_the_caller_is_told_once_and_when_to_come_back(
    gateway: Gateway,
    caller: httpx.AsyncClient,
    simulator: Simulator,
    kind: str,
    parameters: dict[str, Any],
    status: int,
    is_stream: bool,
) -> None:
    simulator.openai.arm(kind, **parameters)
    simulator.ollama.arm(kind, **parameters)
    answer = await (stream if is_stream else ask)(caller)
    assert answer.status_code == status
    assert int(answer.headers["retry-after"]) >= (17 if "retry_after" in parameters else 1)
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("upstream_error", "all_providers_failed", None)
    assert {each["provider"] for each in error["attempts"]} == {"primary", "fallback"}
    assert "sk-secret" not in answer.text
    (record,) = await gateway.recorded()
    assert (record.outcome, record.status_code) == (RequestOutcome.FAILED, status)
    assert len([a for a in record.attempts if not a.skipped]) <= 3


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_model_that_the_only_target_does_not_know_is_a_404_also_while_it_is_not_asked_again(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator, is_stream: bool
) -> None:
    simulator.openai.arm("status", variant="model_not_found")
    send = stream if is_stream else ask
    answers = [await send(caller, model="primary/sim-huge") for _ in range(3)]
    assert len(simulator.requests.find(wire="openai")) == 1
    for answer, (word, causes) in zip(answers, [("1", ["unknown_model"]), *[("0", ["latched"])] * 2], strict=True):
        assert (answer.status_code, answer.headers["x-sentinel-attempts"]) == (404, word)
        assert "retry-after" not in answer.headers
        error = answer.json()["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "model_not_found")
        assert "does not exist" in error["message"]
        assert [each["cause"] for each in error["attempts"]] == causes
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1
    records = await gateway.recorded(3)
    assert {(record.outcome, record.status_code, record.error_code) for record in records} == {
        (RequestOutcome.FAILED, 404, "model_not_found")
    }


async def test_another_target_is_asked_where_there_is_one_for_an_unknown_model(
    caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.openai.arm("status", variant="model_not_found")
    assert [(await ask(caller)).headers["x-sentinel-provider"] for _ in range(2)] == ["fallback", "fallback"]


async def test_a_refused_credential_is_not_taken_for_an_unknown_model(
    caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.openai.arm("status", variant="invalid_api_key")
    answers = [await ask(caller, model="primary/sim-huge") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [502, 503]


async def test_openai_s_client_raises_its_own_error_for_an_unknown_model(
    sdk: openai.AsyncOpenAI, simulator: Simulator
) -> None:
    simulator.openai.arm("status", variant="model_not_found")
    for _ in range(2):
        with pytest.raises(openai.NotFoundError) as refused:
            await sdk.chat.completions.create(model="primary/sim-huge", messages=HELLO)  # type: ignore[arg-type]
        assert refused.value.code == "model_not_found"


@pytest.mark.parametrize("status", [201, 204, 302, 307])
@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_status_that_no_provider_should_send_is_the_provider_s_fault(status: int, is_stream: bool) -> None:
    odd, good = CannedProvider(whole({"hello": "world"}, status=status)), CannedProvider(ANSWERS[is_stream])
    async with (
        odd.running() as primary,
        good.running() as fallback,
        running_gateway(Plan(wires={"primary": primary, "fallback": fallback}, routes=route())) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        answer = await (stream if is_stream else ask)(caller)
        (record,) = await gateway.recorded()
    assert (answer.status_code, answer.headers["x-sentinel-provider"]) == (200, "fallback")
    assert [a.outcome.value for a in record.attempts] == ["failure", "success"]


async def test_when_nobody_may_be_asked_the_caller_is_told_at_once(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    gateway.kill_switches.set("all", True, actor="ann")
    answer = await ask(caller)
    assert answer.status_code == 503
    assert [each["cause"] for each in answer.json()["error"]["attempts"]] == ["kill_switch", "kill_switch"]
    assert answer.headers["x-sentinel-attempts"] == "0"
    assert "x-sentinel-provider" not in answer.headers
    assert not simulator.requests.find()


@pytest.mark.parametrize("is_stream", [True, False])
async def test_the_caller_s_own_time_limit_ends_the_request_and_blames_nobody(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator, is_stream: bool
) -> None:
    simulator.openai.arm("no_response")
    body = {"model": "primary/sim-large", "messages": HELLO, "stream": is_stream}
    answer = await caller.post("/chat/completions", json=body, headers={"X-Sentinel-Timeout-Seconds": "0.2"})
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "deadline_exceeded"
    (record,) = await gateway.recorded()
    assert [(a.outcome.value, a.cause) for a in record.attempts] == [("neutral", "deadline_exceeded")]
    assert gateway.failures(PRIMARY) == 0
    await simulator.requests.wait_for(outcome="client_closed")


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_caller_cannot_wait_longer_than_the_route_allows(simulator: Simulator, is_stream: bool) -> None:
    simulator.openai.arm("no_response")
    limits = Deadlines(total_seconds=0.2)
    async with (
        running_gateway(over(simulator, routes=route(PRIMARY, deadlines=limits))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        body = {"model": "default", "messages": HELLO, "stream": is_stream}
        answer = await caller.post("/chat/completions", json=body, headers={"X-Sentinel-Timeout-Seconds": "600"})
    assert answer.status_code == 504


@pytest.mark.parametrize("is_stream", [True, False])
async def test_targets_that_were_all_too_slow_are_a_gateway_timeout(simulator: Simulator, is_stream: bool) -> None:
    simulator.openai.arm("no_response")
    simulator.ollama.arm("no_response")
    limits = Deadlines(first_token_seconds=0.2, total_seconds=60 if is_stream else 0.6)
    async with (
        running_gateway(over(simulator, routes=route(deadlines=limits))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        answer = await (stream if is_stream else ask)(caller)
    assert answer.status_code == 504
    assert "retry-after" in answer.headers


async def test_openai_s_client_raises_its_own_errors_for_ours(sdk: openai.AsyncOpenAI, simulator: Simulator) -> None:
    simulator.openai.arm("status", variant="context_length_exceeded", times=1)
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk.chat.completions.create(model="default", messages=HELLO)  # type: ignore[arg-type]
    assert refused.value.code == "context_length_exceeded"
    simulator.openai.arm("reset")
    simulator.ollama.arm("reset")
    with pytest.raises(openai.InternalServerError) as failed:
        await sdk.chat.completions.create(model="default", messages=HELLO)  # type: ignore[arg-type]
    assert (failed.value.status_code, failed.value.code) == (502, "all_providers_failed")
