"""One key, one answer: repeats get the same bytes, wait for the first, and never meet another's answer."""

import asyncio
from typing import Any

import httpx
import openai
import pytest

from sentinel.domain.requests import RequestOutcome
from simulator.server import Simulator
from tests.support.canned import Canned, CannedProvider, chunk, frames, usage, whole
from tests.support.gateway import PRIMARY, Gateway, Plan, over, route, running_gateway
from tests.support.openai_wire import HELLO, Heard, ask, client_of, hear

KEY = {"Idempotency-Key": "order-66"}
REPLAY = "x-sentinel-idempotent-replay"
OWN = {"x-request-id", "x-response-time", "x-sentinel-trace-id", "date", REPLAY}


def answer(text: str) -> Canned:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return whole({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})


def text_of(got: httpx.Response) -> str:
    return str(got.json()["choices"][0]["message"]["content"])


def receipt(headers: httpx.Headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OWN}


async def asked_once(simulator: Simulator) -> None:
    """Wait until the provider has been asked."""
    await simulator.requests.wait_for(1, wire="openai", outcome="in_progress")


class Gate(CannedProvider):
    """A provider that answers when it is let; `is_asked` tells that somebody waits."""

    def __init__(self, *answers: Canned) -> None:
        super().__init__(*answers)
        self.is_asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.is_asked.set()
        await self.may_answer.wait()
        await super()._serve(reader, writer)


@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings"])
async def test_the_same_key_and_body_get_the_same_answer_without_asking_again(
    caller: httpx.AsyncClient, simulator: Simulator, gateway: Gateway, path: str
) -> None:
    body = {"model": "default", "messages": HELLO, "input": "one"}
    first, second, third = [await caller.post(path, json=body, headers=KEY) for _ in range(3)]
    assert first.status_code == 200
    assert second.content == third.content == first.content
    assert receipt(second.headers) == receipt(first.headers)
    assert [each.headers.get(REPLAY) for each in (first, second, third)] == [None, "true", "true"]
    for each in (first, second):
        assert each.headers["x-sentinel-trace-id"] == each.headers["x-request-id"]
    assert len(simulator.requests.find()) == 1
    assert len(gateway.records) == 1


async def test_without_a_key_every_request_is_its_own(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    first, second = await ask(caller), await ask(caller)
    assert REPLAY not in second.headers
    assert first.headers["x-sentinel-request-id"] != second.headers["x-sentinel-request-id"]
    assert len(simulator.requests.find()) == 2


async def test_a_whole_stream_is_given_again_byte_for_byte(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    simulator.openai.arm("cut", after=5)
    first = await hear(caller, headers=KEY)
    second = await hear(caller, headers=KEY)
    assert first.is_whole()
    assert [comment["event"] for comment in first.comments] == ["failover"]
    assert second.raw == first.raw
    assert receipt(second.headers) == receipt(first.headers)
    assert second.headers[REPLAY] == "true"
    assert len(simulator.requests.find()) == 2  # the broken one, and the one that went on


async def test_the_same_key_with_another_request_is_a_conflict(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    first = await ask(caller, headers=KEY)
    for changed in ({"temperature": 0.5}, {"stream": True}):
        other = await ask(caller, headers=KEY, **changed)
        assert other.status_code == 409
        error = other.json()["error"]
        assert (error["code"], error["param"]) == ("idempotency_conflict", "Idempotency-Key")
    assert (await ask(caller, headers={**KEY, "X-Sentinel-Midstream": "error"})).status_code == 409
    assert (await ask(caller, headers=KEY)).content == first.content
    assert len(simulator.requests.find()) == 1


async def test_openai_s_client_raises_a_conflict_at_once(gateway: Gateway, simulator: Simulator) -> None:
    messages: Any = HELLO
    async with (
        openai.DefaultAsyncHttpxClient(verify=False) as transport,
        openai.AsyncOpenAI(
            base_url=gateway.base_url, api_key="sk", max_retries=5, http_client=transport, default_headers=KEY
        ) as sdk,
    ):
        await sdk.chat.completions.create(model="default", messages=messages)
        with pytest.raises(openai.ConflictError):
            await sdk.chat.completions.create(model="another", messages=messages)
    assert len(simulator.requests.find()) == 1


async def test_a_key_belongs_to_a_credential_and_an_address(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    mine, yours = {**KEY, "Authorization": "Bearer mine"}, {**KEY, "Authorization": "Bearer yours"}
    for headers in (mine, yours, KEY):
        assert REPLAY not in (await ask(caller, headers=headers)).headers
    body = {"model": "default", "input": "one"}
    assert REPLAY not in (await caller.post("/embeddings", json=body, headers=KEY)).headers
    assert (await ask(caller, headers=mine)).headers[REPLAY] == "true"
    assert len(simulator.requests.find()) == 4


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_failure_is_not_remembered(is_stream: bool) -> None:
    broken = frames(chunk({"role": "assistant", "content": "Half an ans"}))
    good = frames(chunk({"role": "assistant", "content": "Hi"}), chunk(finish="stop"), usage(), "[DONE]")
    provider = CannedProvider(broken, good) if is_stream else CannedProvider(whole({}, status=500), answer("Hi"))
    plan = {"routes": route(PRIMARY), "max_attempts": 1}
    async with (
        provider.running() as primary,
        running_gateway(Plan(wires={"primary": primary}, **plan)) as gateway,  # type: ignore[arg-type]  # as written above
        client_of(gateway.base_url) as caller,
    ):
        if is_stream:
            assert (await hear(caller, headers=KEY)).is_honestly_broken()
            again: Heard | httpx.Response = await hear(caller, headers=KEY)
        else:
            assert (await ask(caller, headers=KEY)).status_code == 502
            again = await ask(caller, headers=KEY)
    assert REPLAY not in again.headers
    assert len(provider.bodies) == 2
    assert gateway.records[1].outcome is RequestOutcome.COMPLETED


async def test_a_refused_request_is_not_remembered(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    assert (await ask(caller, headers=KEY, n=0)).status_code == 400
    assert (await ask(caller, headers=KEY)).status_code == 200
    assert len(simulator.requests.find()) == 1


@pytest.mark.parametrize("is_stream", [True, False])
async def test_who_asks_again_meanwhile_waits_for_the_same_answer(is_stream: bool) -> None:
    stream = frames(chunk({"role": "assistant", "content": "Hi"}), chunk(finish="stop"), usage(), "[DONE]")
    provider = Gate(stream if is_stream else answer("Hi"))
    async with (
        provider.running() as primary,
        running_gateway(Plan(wires={"primary": primary}, routes=route(PRIMARY))) as gateway,
        client_of(gateway.base_url) as caller,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(caller.post("/chat/completions", json=_body(is_stream), headers=KEY)) for _ in "123"]
        await provider.is_asked.wait()
        provider.may_answer.set()
        answers = [await task for task in tasks]
    assert len({got.content for got in answers}) == 1
    assert sorted(got.headers.get(REPLAY, "") for got in answers) == ["", "true", "true"]
    assert len(provider.bodies) == 1


def _body(is_stream: bool) -> dict[str, Any]:
    return {"model": "default", "messages": HELLO, "stream": is_stream}


async def test_another_request_under_the_same_key_is_refused_meanwhile() -> None:
    provider = Gate(answer("Hi"))
    async with (
        provider.running() as primary,
        running_gateway(Plan(wires={"primary": primary}, routes=route(PRIMARY))) as gateway,
        client_of(gateway.base_url) as caller,
        asyncio.TaskGroup() as group,
    ):
        first = group.create_task(ask(caller, headers=KEY))
        await provider.is_asked.wait()
        assert (await ask(caller, headers=KEY, temperature=0)).status_code == 409
        provider.may_answer.set()
        assert (await first).status_code == 200


async def test_when_the_first_caller_leaves_the_next_one_asks_anew(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    """A client that gave up waiting, and asks again, is what keys are for: nothing runs twice at the same time."""
    simulator.openai.arm("no_response", times=1)
    first = asyncio.create_task(ask(caller, headers=KEY))
    await asked_once(simulator)
    second = asyncio.create_task(ask(caller, headers=KEY))
    first.cancel()
    got = await second
    assert got.status_code == 200
    assert REPLAY not in got.headers
    assert (await ask(caller, headers=KEY)).headers[REPLAY] == "true"
    assert [record.outcome for record in gateway.records] == [RequestOutcome.CANCELLED, RequestOutcome.COMPLETED]


async def test_who_waited_for_a_failure_asks_for_himself() -> None:
    provider = Gate(whole({}, status=500), answer("Hi"))
    plan = Plan(wires={}, routes=route(PRIMARY), max_attempts=1)
    async with provider.running() as primary:
        plan.wires = {"primary": primary}
        async with (
            running_gateway(plan) as gateway,
            client_of(gateway.base_url) as caller,
            asyncio.TaskGroup() as group,
        ):
            tasks = [group.create_task(ask(caller, headers=KEY)) for _ in range(2)]
            await provider.is_asked.wait()
            provider.may_answer.set()
            statuses = sorted([(await task).status_code for task in tasks])
    assert statuses == [200, 502]


async def test_an_answer_that_is_too_large_is_given_and_not_remembered(simulator: Simulator) -> None:
    async with (
        running_gateway(over(simulator, max_repeated_bytes=50)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        first, second = await ask(caller, headers=KEY), await ask(caller, headers=KEY)
    assert (first.status_code, second.status_code) == (200, 200)
    assert REPLAY not in second.headers
    assert len(simulator.requests.find()) == 2


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_that_is_none_is_refused(caller: httpx.AsyncClient, simulator: Simulator, key: str) -> None:
    refused = await ask(caller, headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "Idempotency-Key")
    assert simulator.requests.find() == []
