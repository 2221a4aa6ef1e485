"""What bad requests get: OpenAI's errors, said before anybody is asked; and what headers and limits do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from simulator.server import Simulator
from tests.support.canned import CannedProvider, whole
from tests.support.gateway import PRIMARY, Gateway, Plan, route, running_gateway
from tests.support.openai_wire import HELLO, ask, client_of

ANSWER: dict[str, Any] = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
GOOD: dict[str, Any] = {"model": "default", "messages": HELLO}
DEEP = b'{"model":"m","messages":[{"role":"user","content":' + b"[" * 300 + b"]" * 300 + b"}]}"
NOT_JSON: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello",
    "half of it": b'{"model": "default", "messa',
    "two of it": b"{}{}",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "not UTF-8": b'{"model": "\xff"}',
    "half a character": b'{"model": "\\ud800"}',
    "no number": b'{"model": NaN}',
    "endless nesting": b"[" * 100_000,
    "deep nesting": DEEP,
}
NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
NO_NUMBERS: tuple[object, ...] = (True, "hot", [1], {})
LIMITS = ("max_tokens", "max_completion_tokens")
NO_LIMITS: tuple[object, ...] = (*NO_NUMBERS, 0, -2, 1.5, 1e12, 2**31)
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"messages": HELLO}, "model"),
    "an empty model": ({**GOOD, "model": ""}, "model"),
    "a number for a model": ({**GOOD, "model": 7}, "model"),
    "no messages": ({"model": "default"}, "messages"),
    "empty messages": ({**GOOD, "messages": []}, "messages"),
    "text for messages": ({**GOOD, "messages": "hello"}, "messages"),
    "text for a message": ({**GOOD, "messages": [*HELLO, "hello"]}, "messages[1]"),
    "a message without a role": ({**GOOD, "messages": [{"content": "hi"}]}, "messages[0]"),
    "no answers": ({**GOOD, "n": 0}, "n"),
    "too many answers": ({**GOOD, "n": 1000}, "n"),
    "half an answer": ({**GOOD, "n": 1.5}, "n"),
    "true answers": ({**GOOD, "n": True}, "n"),
    "text for stream": ({**GOOD, "stream": "yes"}, "stream"),
    "a list for stream options": ({**GOOD, "stream_options": []}, "stream_options"),
    "text for the format": ({**GOOD, "response_format": "json"}, "response_format"),
    "an object for tools": ({**GOOD, "tools": {}}, "tools"),
    "text for n": ({**GOOD, "n": "2"}, "n"),
    "a megabyte for a model": ({**GOOD, "model": "m" * 900_000}, "model"),
    "a number for a role": ({**GOOD, "messages": [{"role": 7, "content": "hi"}]}, "messages[0]"),
    "a number for a text": ({**GOOD, "messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
    "a list for a tool choice": ({**GOOD, "tool_choice": []}, "tool_choice"),
    **{f"{value!r} for {name}": ({**GOOD, name: value}, name) for name in NUMBERS for value in NO_NUMBERS},
    **{f"{value!r} for {name}": ({**GOOD, name: value}, name) for name in LIMITS for value in NO_LIMITS},
}
HEADERS: dict[str, tuple[dict[str, str], str]] = {
    "policy": ({"X-Sentinel-Midstream": "perhaps"}, "X-Sentinel-Midstream"),
    "no time": ({"X-Sentinel-Timeout-Seconds": "0"}, "X-Sentinel-Timeout-Seconds"),
    "less than no time": ({"X-Sentinel-Timeout-Seconds": "-1"}, "X-Sentinel-Timeout-Seconds"),
    "words for time": ({"X-Sentinel-Timeout-Seconds": "soon"}, "X-Sentinel-Timeout-Seconds"),
    "no number for time": ({"X-Sentinel-Timeout-Seconds": "nan"}, "X-Sentinel-Timeout-Seconds"),
    "endless time": ({"X-Sentinel-Timeout-Seconds": "inf"}, "X-Sentinel-Timeout-Seconds"),
    "thirty years": ({"X-Sentinel-Timeout-Seconds": "1e9"}, "X-Sentinel-Timeout-Seconds"),
    "a compressed body": ({"Content-Encoding": "gzip"}, "Content-Encoding"),
}


def check_error(answer: httpx.Response, status: int, code: str, param: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["message"]
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", code, param)
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings"])
@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON)
async def test_a_body_that_is_no_json_object_is_refused(
    caller: httpx.AsyncClient, simulator: Simulator, gateway: Gateway, raw: bytes, path: str
) -> None:
    check_error(await caller.post(path, content=raw), 400, "invalid_request")
    assert simulator.requests.find() == []
    assert gateway.records == []


@pytest.mark.parametrize(("body", "param"), WRONG.values(), ids=WRONG)
async def test_a_field_of_the_wrong_kind_is_refused_by_name(
    caller: httpx.AsyncClient, simulator: Simulator, body: dict[str, Any], param: str
) -> None:
    answer = await caller.post("/chat/completions", json=body)
    check_error(answer, 400, "invalid_request", param)
    assert param in answer.json()["error"]["message"]
    assert simulator.requests.find() == []


@pytest.mark.parametrize(
    ("body", "param"),
    [({"input": "a"}, "model"), ({"model": 7, "input": "a"}, "model"), ({"model": "default", "input": ""}, "input")],
)
async def test_embeddings_of_nothing_are_refused(
    caller: httpx.AsyncClient, simulator: Simulator, body: dict[str, Any], param: str
) -> None:
    check_error(await caller.post("/embeddings", json=body), 400, "invalid_request", param)
    assert simulator.requests.find() == []


@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings"])
@pytest.mark.parametrize(("headers", "param"), HEADERS.values(), ids=HEADERS)
async def test_a_header_that_makes_no_sense_is_refused_by_name(
    caller: httpx.AsyncClient, simulator: Simulator, headers: dict[str, str], param: str, path: str
) -> None:
    answer = await caller.post(path, json={**GOOD, "input": "a"}, headers=headers)
    check_error(answer, 400, "invalid_request", param)
    assert simulator.requests.find() == []


@pytest.mark.parametrize("name", ["sk-proj-0123456789abcdef", "simulated-primary/sk-proj-0123456789abcdef"])
@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings"])
async def test_a_key_in_the_place_of_the_model_is_neither_kept_nor_sent_nor_repeated(
    caller: httpx.AsyncClient, simulator: Simulator, gateway: Gateway, name: str, path: str
) -> None:
    answer = await caller.post(path, json={**GOOD, "input": "a", "model": name})
    check_error(answer, 400, "invalid_request", "model")
    assert "0123456789" not in answer.text
    assert (simulator.requests.find(), gateway.records) == ([], [])


async def test_a_route_that_does_not_exist_is_not_found(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    answer = await ask(caller, headers={"X-Sentinel-Route": "nowhere"})
    check_error(answer, 404, "unknown_route", "X-Sentinel-Route")
    assert "default" in answer.json()["error"]["message"]
    assert simulator.requests.find() == []


async def test_what_a_caller_made_up_is_not_repeated_at_length(caller: httpx.AsyncClient) -> None:
    assert len((await ask(caller, headers={"X-Sentinel-Route": "r" * 50_000})).content) < 500
    assert len((await caller.get(f"/{'p' * 50_000}")).content) < 500


@pytest.mark.parametrize(
    "field",
    [
        {"temperature": -0.5},
        {"temperature": 3},
        {"temperature": None},
        {"max_tokens": -1},
        {"max_tokens": 50.0},
        {"messages": [{"role": "developer", "content": "Be brief."}, *HELLO]},
        {"messages": [{"role": "wizard", "content": [{"type": "runes", "runes": "ᚠ"}], "mood": 7}]},
        {"seed": 2**40, "top_k": 5, "stop": "x", "metadata": {"deep": [[[{}]]]}, "logit_bias": {"1": -100}},
        {"service_tier": "unheard-of", "reasoning_effort": "extreme", "web_search_options": {}},
    ],
    ids=str,
)
async def test_what_some_provider_may_take_is_left_to_the_provider(field: dict[str, Any]) -> None:
    provider = CannedProvider(whole(ANSWER))
    async with (
        provider.running() as primary,
        running_gateway(Plan(wires={"primary": primary}, routes=route(PRIMARY))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        answer = await ask(caller, **field)
    assert answer.json() == ANSWER
    assert provider.bodies == [{**GOOD, **field, "model": PRIMARY.model}]


async def test_of_two_fields_with_one_name_the_last_one_counts_for_the_provider_too() -> None:
    provider = CannedProvider(whole(ANSWER))
    raw = orjson.dumps(GOOD)[:-1] + b',"temperature":1,"temperature":0.5}'
    async with (
        provider.running() as primary,
        running_gateway(Plan(wires={"primary": primary}, routes=route(PRIMARY))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        await caller.post("/chat/completions", content=raw)
    assert [body["temperature"] for body in provider.bodies] == [0.5]


async def test_json_is_read_whatever_type_it_says_it_has(caller: httpx.AsyncClient) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8"):
        answer = await caller.post("/chat/completions", content=orjson.dumps(GOOD), headers={"content-type": kind})
        assert answer.status_code == httpx.codes.OK


@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_body_over_the_limit_is_refused(
    caller: httpx.AsyncClient, simulator: Simulator, is_announced: bool
) -> None:
    raw = orjson.dumps({**GOOD, "messages": [{"role": "user", "content": "x" * 2_000_000}]})

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 65_536):
            yield raw[start : start + 65_536]

    answer = await caller.post("/chat/completions", content=raw if is_announced else parts())
    check_error(answer, 413, "body_too_large")
    assert simulator.requests.find() == []
    assert (await ask(caller)).status_code == httpx.codes.OK


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/chat/completions", 405, "method_not_allowed"),
        ("DELETE", "/models", 405, "method_not_allowed"),
        ("POST", "/models", 405, "method_not_allowed"),
        ("HEAD", "/chat/completions", 405, "method_not_allowed"),
        ("OPTIONS", "/chat/completions", 405, "method_not_allowed"),
        ("GET", "/embeddings", 405, "method_not_allowed"),
        ("POST", "/models/default", 405, "method_not_allowed"),
        ("GET", "/models/unheard-of", 404, "not_found"),
        ("POST", "/completions", 404, "not_found"),
        ("POST", "/audio/speech", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
    ],
)
async def test_addresses_and_methods_that_are_not_there_are_refused(
    caller: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await caller.request(method, path)
    if method == "HEAD":  # has no body by its nature
        assert answer.status_code == status
    else:
        check_error(answer, status, code)
    assert ("allow" in answer.headers) is (status == 405)


async def test_a_page_of_another_origin_may_not_use_the_gateway(
    caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    check_error(await ask(caller, headers={"Origin": "https://evil.example"}), 403, "origin_forbidden")
    assert simulator.requests.find() == []


async def test_another_host_s_name_is_not_answered_for(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    check_error(await ask(caller, headers={"Host": "evil.example"}), 421, "host_forbidden")
    check_error(await caller.get("/models", headers={"Host": "evil.example"}), 421, "host_forbidden")
    assert simulator.requests.find() == []


async def test_the_caller_s_own_request_id_is_kept(caller: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await ask(caller, headers={"X-Request-ID": "mine-1"})
    again = await ask(caller, headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == answer.headers["x-sentinel-trace-id"] == "mine-1"
    records = await gateway.recorded(2)
    assert [record.trace_id for record in records] == ["mine-1", "mine-1"]
    ours = [answer.headers["x-sentinel-request-id"], again.headers["x-sentinel-request-id"]]
    assert [record.request_id for record in records] == ours
    assert len(set(ours)) == 2


async def test_a_model_s_name_cannot_add_headers(caller: httpx.AsyncClient) -> None:
    answer = await ask(caller, model="primary/sim-large\r\nX-Evil: 1\u2028ü")
    assert "x-evil" not in answer.headers
    assert answer.headers["x-sentinel-model"] == "sim-large??X-Evil: 1??"


@pytest.mark.parametrize("path", ["/models", "/models/"])
async def test_routes_and_models_are_listed(caller: httpx.AsyncClient, path: str) -> None:
    listed = (await caller.get(path)).json()
    assert listed["object"] == "list"
    assert [(m["id"], m["object"], m["owned_by"]) for m in listed["data"]] == [
        ("default", "model", "sentinel"),
        ("primary/sim-large", "model", "primary"),
        ("fallback/sim-small", "model", "fallback"),
    ]
    assert (await caller.get("/models/primary/sim-large")).json() == listed["data"][1]


async def test_a_bug_of_our_own_is_openai_shaped_too(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, simulator: Simulator
) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sentinel.gateway.routing.Router.resolve", explode)
    async with client_of(gateway.base_url) as caller:
        answer = await ask(caller)
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "ZeroDivision" not in answer.text


async def test_a_connection_stays_open_through_refusals(gateway: Gateway) -> None:
    port = int(gateway.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\n\r\nhello"
    for _ in range(2):
        writer.write(head.encode())
        assert b"400" in await reader.readline()
        rest = await reader.readuntil(b"\r\n\r\n")
        length = int(rest.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()
