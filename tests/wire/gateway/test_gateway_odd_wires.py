"""Providers that speak the wire in an unusual way: what can be understood is an answer, and reaches every client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import openai
import pytest

from sentinel.domain.routes import Target
from tests.support.canned import Canned, CannedProvider, chunk, frames, usage, whole
from tests.support.gateway import Gateway, Plan, route, running_gateway
from tests.support.openai_wire import client_of, hear

ODD, SOUND = Target("odd", "m"), Target("sound", "m")
TEXT = "One two three."
WORDS = [
    chunk({"role": "assistant", "content": ""}),
    *(chunk({"content": word}) for word in ("One", " two", " three.")),
]
STREAM = frames(*WORDS, chunk(finish="stop"), usage(), "[DONE]")
ANSWER: dict[str, Any] = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 1,
    "model": "canned",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def rewritten(old: bytes, new: bytes) -> Canned:
    return replace(STREAM, body=[part.replace(old, new) for part in STREAM.body])


UNDERSTOOD = {
    "CR LF": rewritten(b"\n", b"\r\n"),
    "CR": rewritten(b"\n", b"\r"),
    "no space after the colon": rewritten(b"data: ", b"data:"),
    "other fields before the data": rewritten(b"data: ", b"event: message\nid: 4\nretry: 9\ndata: "),
    "data in two lines": rewritten(b', "choices"', b',\ndata: "choices"'),
    "a byte order mark": replace(STREAM, body=[b"\xef\xbb\xbf", *STREAM.body]),
    "another content type": replace(STREAM, content_type="application/json"),
    "no end marker behind the finish": frames(*WORDS, chunk(finish="stop")),
    "no blank line at the end": replace(STREAM, body=[*STREAM.body[:-1], b"data: [DONE]"]),
    "the finish with the last word": frames(*WORDS[:3], chunk({"content": " three."}, "stop"), "[DONE]"),
    "one piece instead of a stream": whole(ANSWER),
}
FAILED = {
    "an event named error": replace(
        frames(WORDS[0]), body=[b'event: error\ndata: {"message": "no", "type": "overloaded_error"}\n\n']
    ),
    "an error in one piece with 200": whole({"error": {"message": "no", "type": "overloaded_error"}}),
    "a finish that is an error": frames(*WORDS[:1], chunk(finish="error"), "[DONE]"),
}


@asynccontextmanager
async def gateway_before(odd: Canned) -> AsyncIterator[tuple[Gateway, openai.AsyncOpenAI]]:
    async with CannedProvider(odd).running() as first, CannedProvider(STREAM).running() as second:
        plan = Plan(wires={"odd": first, "sound": second}, routes=route(ODD, SOUND))
        transport = openai.DefaultAsyncHttpxClient(verify=False)
        async with (
            running_gateway(plan) as gateway,
            openai.AsyncOpenAI(
                base_url=gateway.base_url, api_key="sk-test", max_retries=0, http_client=transport
            ) as sdk,
        ):
            yield gateway, sdk


async def heard(sdk: openai.AsyncOpenAI) -> tuple[str, list[str]]:
    """Give the text and the finish reasons, as OpenAI's own client reads them."""
    stream = await sdk.chat.completions.create(
        model="default", messages=[{"role": "user", "content": "Count."}], stream=True
    )
    choices = [choice async for each in stream for choice in each.choices]
    return "".join(c.delta.content or "" for c in choices), [c.finish_reason for c in choices if c.finish_reason]


@pytest.mark.parametrize("odd", UNDERSTOOD.values(), ids=UNDERSTOOD)
async def test_what_can_be_understood_is_an_answer(odd: Canned) -> None:
    async with gateway_before(odd) as (gateway, sdk):
        assert await heard(sdk) == (TEXT, ["stop"])
    assert [attempt.target for attempt in gateway.attempts] == [ODD]


@pytest.mark.parametrize("odd", FAILED.values(), ids=FAILED)
async def test_an_error_in_another_dress_is_somebody_else_s_turn(odd: Canned) -> None:
    async with gateway_before(odd) as (gateway, sdk):
        assert await heard(sdk) == (TEXT, ["stop"])
    assert [attempt.cause for attempt in gateway.attempts] in (["overloaded", None], ["server_error", None])


async def test_tool_calls_in_one_piece_are_streamed_with_their_places() -> None:
    calls = [{"id": f"t{n}", "type": "function", "function": {"name": "f", "arguments": "{}"}} for n in (1, 2)]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    odd = whole({**ANSWER, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})
    async with gateway_before(odd) as (_, sdk):
        stream = await sdk.chat.completions.create(
            model="default", messages=[{"role": "user", "content": "Act."}], stream=True
        )
        deltas = [choice.delta async for each in stream for choice in each.choices]
    assert [(call.index, call.id) for delta in deltas for call in delta.tool_calls or ()] == [(0, "t1"), (1, "t2")]


async def test_a_filter_that_ends_a_continued_answer_lets_its_last_words_through_once() -> None:
    broken = frames(*WORDS[:3])
    filtered = frames(*WORDS[:3], chunk({"content": " three. And"}, "content_filter"), usage(), "[DONE]")
    async with CannedProvider(broken).running() as first, CannedProvider(filtered).running() as second:
        plan = Plan(wires={"odd": first, "sound": second}, routes=route(ODD, SOUND))
        async with running_gateway(plan) as gateway, client_of(gateway.base_url) as caller:
            answer = await hear(caller)
    assert (answer.text, answer.finishes) == ("One two three. And", ["content_filter"])
