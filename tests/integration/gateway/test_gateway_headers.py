"""What every answer of the real server has in its head, however it ended, and what clients find where they look."""

from typing import Any

import httpx
import openai
import pytest

from tests.support.kept_requests import HELLO, complete
from tests.support.openai_wire import Heard
from tests.support.server import Server

ALWAYS = {"x-request-id", "x-response-time", "content-type"}
RECEIPT = {
    *("x-sentinel-attempts", "x-sentinel-failover", "x-sentinel-cache", "x-sentinel-trace-id"),
    *("x-sentinel-request-id", "x-sentinel-provider", "x-sentinel-model"),
}
BROKEN = "simulated-primary/sim-large:reset"


def sentinels(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("x-sentinel-")}


def check_common(answer: httpx.Response) -> None:
    assert set(answer.headers) >= ALWAYS
    assert answer.headers["x-response-time"].endswith("ms")


@pytest.mark.parametrize("changes", [{}, {"stream": True}, {"model": BROKEN}, {"model": BROKEN, "stream": True}])
async def test_whoever_reached_a_route_gets_a_receipt(api: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    answer = await complete(api, headers={"X-Request-ID": "mine-1", "X-Sentinel-Cache": "no-store"}, **changes)
    check_common(answer)
    assert sentinels(answer) == RECEIPT
    assert answer.headers["x-sentinel-cache"] == "bypass"
    assert answer.headers["x-sentinel-trace-id"] == answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-sentinel-provider"] == "simulated-primary"
    assert (answer.status_code == 200) is (changes.get("model") is None)
    assert ("retry-after" in answer.headers) is (answer.status_code == 502)


async def test_embeddings_have_a_receipt_too(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/embeddings", json={"model": "default", "input": "one"})
    check_common(answer)
    assert sentinels(answer) == RECEIPT


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/chat/completions", {"model": "default"}),
        ("GET", "/v1/chat/completions", None),
        ("POST", "/v1/nothing", {}),
        ("GET", "/v1/models", None),
    ],
)
async def test_what_reached_no_route_has_no_receipt(api: httpx.AsyncClient, method: str, path: str, body: Any) -> None:
    answer = await api.request(method, path, json=body)
    check_common(answer)
    assert sentinels(answer) == set()


async def test_a_stream_has_its_usage_at_the_end_whether_it_was_asked_for_or_not(api: httpx.AsyncClient) -> None:
    for options, behind in ((None, False), ({"include_usage": True}, True)):
        answer = await complete(api, stream=True, stream_options=options)
        heard = Heard(answer.status_code, answer.headers, answer.content)
        assert heard.is_whole()
        assert heard.chunks[-1]["usage"]["total_tokens"] > 0
        assert (heard.chunks[-1]["choices"] == []) is behind


async def test_models_are_found_one_by_one_by_openai_s_client(gateway_server: Server) -> None:
    async with openai.DefaultAsyncHttpxClient(verify=False) as transport:
        sdk = openai.AsyncOpenAI(base_url=f"{gateway_server.url}/v1", api_key="x", max_retries=0, http_client=transport)
        for name in [model.id async for model in await sdk.models.list()]:
            assert (await sdk.models.retrieve(name)).id == name
        with pytest.raises(openai.NotFoundError):
            await sdk.models.retrieve("unheard-of")


async def test_a_client_may_leave_the_usage_of_a_stream_unread(gateway_server: Server) -> None:
    """It stands in the chunk with the finish reason, where OpenAI has none; clients take that as it is."""
    messages: Any = HELLO
    async with openai.DefaultAsyncHttpxClient(verify=False) as transport:
        sdk = openai.AsyncOpenAI(base_url=f"{gateway_server.url}/v1", api_key="x", max_retries=0, http_client=transport)
        stream = await sdk.chat.completions.create(model="default", messages=messages, stream=True)
        chunks = [chunk async for chunk in stream]
        assert all(len(chunk.choices) == 1 for chunk in chunks)
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None
        async with sdk.chat.completions.stream(model="default", messages=messages) as helped:
            final = await helped.get_final_completion()
    assert final.choices[0].message.content == "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
