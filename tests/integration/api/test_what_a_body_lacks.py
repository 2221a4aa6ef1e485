"""Whoever sends a body that cannot be read is told what is wrong with it, in the words of the API."""

from typing import Any

import httpx
import pytest

from tests.integration.api.test_any_body import JSON_TYPE, check_refused

ASKING = ["/api/runs", "/api/chat", "/api/chat/stream"]
TYPE = 'the body is not declared as JSON; send it with the header "content-type: application/json"'
EITHER = "must be a JSON object with 'input' (a question) or 'messages' (a conversation)"


@pytest.mark.parametrize("path", ASKING)
@pytest.mark.parametrize("headers", [{"content-type": "application/x-www-form-urlencoded"}, {}], ids=["form", "none"])
async def test_a_body_that_is_not_declared_as_json_is_told_the_header(
    http: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    problem = check_refused(await http.post(path, content=b'{"input": "Hello"}', headers=headers))
    assert problem["detail"] == TYPE
    assert problem["errors"] == [{"field": "body", "message": TYPE}]


@pytest.mark.parametrize("path", ASKING)
async def test_broken_json_is_told_with_its_place(http: httpx.AsyncClient, path: str) -> None:
    raw = b'{\n  "input": "Hello"\n  "route": "default"\n}'
    problem = check_refused(await http.post(path, content=raw, headers=JSON_TYPE))
    assert problem["detail"] == "the body is not valid JSON: Expecting ',' delimiter (line 3, column 3)"
    assert [fault["field"] for fault in problem["errors"]] == ["body"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"message": "Hello"}, f"body: {EITHER}"),
        ([], f"body: {EITHER}"),
        ("Hello", f"body: {EITHER}"),
        (None, "body: Field required"),
        ({"input": "Hello", "temprature": 1}, "temprature: Extra inputs are not permitted"),
        ({"input": 7}, "input: Input should be a valid string"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        ({"messages": [], "mode": "auto"}, "messages: List should have at least 1 item after validation, not 0; mode:"),
        ({"input": "Hello", "messages": []}, "messages: Extra inputs are not permitted"),
    ],
)
async def test_a_stream_takes_a_question_or_a_conversation_and_says_what_it_lacks(
    http: httpx.AsyncClient, body: Any, detail: str
) -> None:
    problem = check_refused(await http.post("/api/chat/stream", json=body))
    assert problem["detail"].startswith(detail)
    assert "Request" not in problem["detail"], "the names of our classes are nobody's business"


@pytest.mark.parametrize("body", [[], "Hello", 7])
async def test_a_body_that_is_json_but_no_object_is_told_so(http: httpx.AsyncClient, body: Any) -> None:
    problem = check_refused(await http.post("/api/runs", json=body))
    assert problem["detail"] == "body: must be a JSON object"


async def test_a_stream_takes_a_conversation(http: httpx.AsyncClient) -> None:
    body = {"messages": [{"role": "user", "content": "Hello"}]}
    assert "event: completion" in (await http.post("/api/chat/stream", json=body)).text
