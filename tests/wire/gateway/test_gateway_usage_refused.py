"""Servers that refuse `stream_options`, which the gateway adds to streams to have their usage."""

import httpx
import pytest

from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.providers.usage_refusals import asks_usage
from tests.support.canned import Canned, CannedProvider, chunk, frames, usage, whole
from tests.support.gateway import PRIMARY, Gateway, Plan, route, running_gateway
from tests.support.openai_wire import HELLO, client_of, hear

STREAM = frames(chunk({"role": "assistant", "content": "Hi there"}), chunk(finish="stop"), "[DONE]")
UNKNOWN = {"error": {"message": "Unrecognized request argument supplied: stream_options", "code": None}}
EXTRA = {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "not permitted"}]}
REFUSALS = {"openai's words": whole(UNKNOWN, status=400), "pydantic's words": whole(EXTRA, status=422)}
BAD = whole({"error": {"message": "temperature must be below 2", "code": "invalid_value"}}, status=400)


class Asked:
    """Gateway and caller before one provider."""

    def __init__(self, provider: CannedProvider, gateway: Gateway, caller: httpx.AsyncClient) -> None:
        self.provider, self.gateway, self.caller = provider, gateway, caller

    @property
    def has_asked_for_usage(self) -> list[bool]:
        """Of each request to the provider."""
        return [asks_usage(body) for body in self.provider.bodies]

    async def record(self, number: int = 1) -> RequestRecord:
        return (await self.gateway.recorded(number))[number - 1]


def plan(url: str, **changes: object) -> Plan:
    return Plan(wires={"primary": url}, routes=route(PRIMARY), **changes)  # type: ignore[arg-type]


async def stream(caller: httpx.AsyncClient, **more: object) -> httpx.Response:
    body = {"model": "default", "messages": HELLO, "stream": True, **more}
    return await caller.post("/chat/completions", json=body)


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_the_same_target_is_asked_without_it_at_once_and_from_then_on(refusal: Canned) -> None:
    provider = CannedProvider(refusal, STREAM)
    async with (
        provider.running() as url,
        running_gateway(plan(url)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        asked = Asked(provider, gateway, caller)
        heard = await hear(caller, stream_options=None)
        assert (heard.text, heard.has_done) == ("Hi there", True)
        assert heard.chunks[-1]["usage"]["estimated"] is True
        record = await asked.record()
        assert (await hear(caller, stream_options=None)).text == "Hi there"
        assert gateway.failures(PRIMARY) == 0
    assert [attempt.cause for attempt in record.attempts] == ["usage_refused", None]
    assert record.outcome is RequestOutcome.COMPLETED
    assert asked.has_asked_for_usage == [True, False, False]


async def test_other_stream_options_of_the_caller_are_left_to_him() -> None:
    provider = CannedProvider(REFUSALS["openai's words"], STREAM)
    async with (
        provider.running() as url,
        running_gateway(plan(url)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        await hear(caller, stream_options={"include_obfuscation": False})
    sent = [body["stream_options"] for body in provider.bodies]
    assert sent == [{"include_obfuscation": False, "include_usage": True}, {"include_obfuscation": False}]


async def test_a_caller_who_asked_for_usage_gets_the_refusal() -> None:
    provider = CannedProvider(REFUSALS["openai's words"], STREAM)
    async with (
        provider.running() as url,
        running_gateway(plan(url)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        answer = await stream(caller, stream_options={"include_usage": True})
    assert (answer.status_code, answer.json()) == (400, UNKNOWN)
    assert len(provider.bodies) == 1


async def test_any_other_refusal_goes_to_the_caller_at_once() -> None:
    provider = CannedProvider(BAD)
    async with (
        provider.running() as url,
        running_gateway(plan(url)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        assert (await stream(caller)).json()["error"]["code"] == "invalid_value"
    assert len(provider.bodies) == 1


async def test_a_server_that_only_repeats_the_request_in_its_refusal_is_asked_for_usage_again() -> None:
    """Its second word shows what the matter was, and that goes to the caller."""
    echo = whole({"error": {"message": "bad temperature", "input": {"stream_options": {}}}}, status=422)
    provider = CannedProvider(echo, BAD, STREAM)
    async with (
        provider.running() as url,
        running_gateway(plan(url)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        asked = Asked(provider, gateway, caller)
        answer = await stream(caller)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")
        await hear(caller, stream_options=None)
    assert asked.has_asked_for_usage == [True, False, True]


async def test_the_limit_of_attempts_holds_and_the_refusal_is_not_blamed_on_the_caller() -> None:
    provider = CannedProvider(REFUSALS["openai's words"], STREAM)
    async with (
        provider.running() as url,
        running_gateway(plan(url, max_attempts=1)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        asked = Asked(provider, gateway, caller)
        refused = await stream(caller)
        assert (refused.status_code, refused.json()["error"]["code"]) == (502, "all_providers_failed")
        assert (await stream(caller)).status_code == 200
    assert asked.has_asked_for_usage == [True, False]


async def test_usage_that_is_counted_stays_as_it_is() -> None:
    counted = frames(chunk({"role": "assistant", "content": "Hi"}), chunk(finish="stop"), usage(), "[DONE]")
    provider = CannedProvider(counted)
    async with (
        provider.running() as url,
        running_gateway(plan(url)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller, stream_options=None)
    assert "estimated" not in heard.chunks[-1]["usage"]
