"""Whatever is sent to the API: a result, or a problem that blames the request; never a fault of ours."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.server import Server

RAW = {
    "nothing": b"",
    "half of it": b'{"input": "a"',
    "not UTF-8": b'{"input": "\xff"}',
    "endless nesting": b"[" * 20_000,
    "deep nesting": b'{"input": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "a number of 5,000 figures": b'{"input": "a", "max_tokens": ' + b"9" * 5_000 + b"}",
    "no number": b'{"input": "a", "temperature": NaN}',
    "an endless number": b'{"input": "a", "temperature": Infinity}',
}
WRONG: dict[str, tuple[Any, ...]] = {
    "temperature": (True, "hot", -0.1, 2.1, [1]),
    "max_tokens": (True, "many", 0, -1, 1.5, 1e12, 2**31),
    "input": (None, 7, ["a"], {}),
    "route": (7, None),
    "mode": ("slow", 7),
    "thread_id": (7, {}),
    "unheard_of": (1,),
}
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["input", "thread_id", "route", "mode", "temperature", "max_tokens", "parent_message_id", "messages"]
BODIES = JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON))
PATHS = st.sampled_from(
    ["/api/runs", "/api/chat", "/api/chat/stream", "/api/threads", "/api/breakers/trip", "/api/breakers/reset"]
)
JSON_TYPE = {"content-type": "application/json"}


def check_refused(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 422, answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == "invalid_request"
    return problem


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
async def test_a_body_that_is_none_is_refused(http: httpx.AsyncClient, raw: bytes) -> None:
    check_refused(await http.post("/api/runs", content=raw, headers=JSON_TYPE))


@pytest.mark.parametrize(("field", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
async def test_a_field_of_the_wrong_kind_is_refused_by_name(http: httpx.AsyncClient, field: str, value: Any) -> None:
    problem = check_refused(await http.post("/api/runs", json={"input": "Hello", field: value}))
    assert [fault["field"] for fault in problem["errors"]] == [field]


async def post(url: str, path: str, body: Any) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=20, verify=False) as client:
        answer = await client.post(path, content=json.dumps(body).encode(), headers=JSON_TYPE)
    assert answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR, answer.text


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(path=PATHS, body=BODIES)
def test_any_json_gets_a_result_or_is_refused(server: Server, path: str, body: Any) -> None:
    asyncio.run(post(server.url, path, body))
