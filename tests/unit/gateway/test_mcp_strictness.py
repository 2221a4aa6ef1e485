"""What `/mcp` refuses, and how: each refusal is an error of JSON-RPC that says what is wrong, the same in both eras."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sentinel.testing.clock import FakeClock
from sentinel.testing.tools import FakeToolbox
from tests.support.mcp_agents import ACCEPT, LEGACY, MAX_BODY_BYTES, MODERN, Agent, agent_at

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
REQUEST = {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}}
pytestmark = pytest.mark.parametrize("era", [MODERN, LEGACY])


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    """An agent at a gateway with one tool."""
    async with agent_at(FakeToolbox({"desk__echo": str}), FakeClock()) as agent:
        yield agent


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in REQUEST.items() if key != name}).encode()


def having(**changes: Any) -> bytes:
    return json.dumps(REQUEST | changes).encode()


async def refusal(agent: Agent, content: bytes, era: str, **headers: str) -> tuple[int, int, Any]:
    """The status, the code and the id of an answer that is a refusal."""
    answer = await agent.post(content, era=era, **headers)
    body = answer.json()
    assert body["error"]["message"]
    return answer.status_code, body["error"]["code"], body["id"]


@pytest.mark.parametrize("request_id", [{}, [], True, False, None, 1.5, 1.0])
async def test_an_id_that_is_none_is_an_invalid_request(agent: Agent, era: str, request_id: object) -> None:
    assert await refusal(agent, having(id=request_id), era) == (400, INVALID_REQUEST, None)


@pytest.mark.parametrize("request_id", [-3, 0, 10**30, "", "x"])
async def test_any_text_and_any_whole_number_is_an_id(agent: Agent, era: str, request_id: object) -> None:
    assert await refusal(agent, having(id=request_id, params=[]), era) == (400, INVALID_PARAMS, request_id)


async def test_more_lists_than_can_be_read_at_once_are_too_many(agent: Agent, era: str) -> None:
    """Each is small, and reading them all would keep everybody waiting."""
    content = having(params={"x": [[]] * 20_001})
    assert await refusal(agent, content, era) == (413, INVALID_REQUEST, None)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}', b'{"jsonrpc":"2.0","id":-Infinity}',
     having() + b"x", having(params={"name": "\ud800"}), b"[" * 10_000 + b"]" * 10_000,
     having(params={}).replace(b"{}", b'{"x":' + b"[" * 1_000 + b"]" * 1_000 + b"}")],
    ids=["empty", "cut", "no-utf8", "nan", "infinity", "trailing", "half-character", "deep-body", "deep-params"],
)  # fmt: skip
async def test_what_is_no_json_is_a_parse_error(agent: Agent, era: str, content: bytes) -> None:
    assert await refusal(agent, content[: MAX_BODY_BYTES - 1], era) == (400, PARSE_ERROR, None)


@pytest.mark.parametrize(
    ("content", "request_id"),
    [(b"[]", None), (b"3", None), (b'"x"', None), (b"null", None), (json.dumps([REQUEST, REQUEST]).encode(), None),
     (without("jsonrpc"), 7), (having(jsonrpc="1.0"), 7), (having(jsonrpc=2.0), 7), (without("method"), 7),
     (having(method=3), 7), (having(method=None), 7), (having(method=""), 7), (having(result={}), 7),
     (b'{"jsonrpc":"2.0","result":{}}', None), (b'{"jsonrpc":"2.0","id":{},"result":{}}', None),
     (b'{"jsonrpc":"2.0","id":7,"result":{},"error":{}}', 7)],
)  # fmt: skip
async def test_what_is_no_message_is_an_invalid_request(
    agent: Agent, era: str, content: bytes, request_id: object
) -> None:
    assert await refusal(agent, content, era) == (400, INVALID_REQUEST, request_id)


@pytest.mark.parametrize("params", [[], [1], "x", 3, True])
async def test_params_are_an_object(agent: Agent, era: str, params: object) -> None:
    assert await refusal(agent, having(params=params), era) == (400, INVALID_PARAMS, 7)
    notification = {"jsonrpc": "2.0", "method": "notifications/initialized", "params": params}
    assert await refusal(agent, json.dumps(notification).encode(), era) == (400, INVALID_PARAMS, None)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [("tools/call", {}, INVALID_PARAMS), ("tools/call", {"name": "desk__echo", "arguments": [1]}, INVALID_PARAMS),
     ("tools/call", {"name": "desk__echo", "arguments": "{}"}, INVALID_PARAMS),
     ("tools/list", {"cursor": 5}, INVALID_PARAMS), ("tools/list", {"cursor": "made-up"}, INVALID_PARAMS),
     ("tools/nothing", {}, METHOD_NOT_FOUND), ("prompts/list", {}, METHOD_NOT_FOUND)],
)  # fmt: skip
async def test_wrong_parameters_and_unknown_methods_are_told_apart(
    agent: Agent, era: str, method: str, params: dict[str, Any], code: int
) -> None:
    answer = await agent.ask(method, params, era=era)
    event = answer.text.partition("data: ")[2] or answer.text
    assert json.loads(event)["error"]["code"] == code
    assert agent.toolbox.calls == []


async def test_a_body_over_the_limit_is_refused_whether_it_says_its_length_or_not(agent: Agent, era: str) -> None:
    content = having(padding="x" * MAX_BODY_BYTES)
    assert await refusal(agent, content, era) == (413, INVALID_REQUEST, None)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1_000):
            yield content[start : start + 1_000]

    answer = await agent.http.post("/mcp", content=pieces(), headers=ACCEPT | {"mcp-protocol-version": era})
    assert answer.status_code == 413


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/jsonx", "application/x-www-form-urlencoded"])
async def test_another_content_type_is_refused(agent: Agent, era: str, content_type: str) -> None:
    headers = {"content-type": content_type}
    assert await refusal(agent, having(), era, **headers) == (415, INVALID_REQUEST, None)


@pytest.mark.parametrize("accept", ["", "application/json", "text/event-stream", "text/html"])
async def test_a_client_accepts_both_forms_of_an_answer(agent: Agent, era: str, accept: str) -> None:
    assert await refusal(agent, having(), era, accept=accept) == (406, INVALID_REQUEST, None)


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS"])
async def test_other_methods_of_http_are_refused_and_told_which_there_are(agent: Agent, era: str, method: str) -> None:
    answer = await agent.http.request(method, "/mcp", headers=ACCEPT | {"mcp-protocol-version": era})
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, INVALID_REQUEST)
    assert answer.headers["allow"] == ("POST" if era == MODERN else "GET, POST")


async def test_notifications_are_taken_and_no_answer_is_owed(agent: Agent, era: str) -> None:
    answer = await agent.post(b'{"jsonrpc":"2.0","method":"notifications/initialized"}', era=era)
    assert (answer.status_code, answer.content) == (202, b"")
