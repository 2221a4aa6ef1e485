"""When an answer has begun: with the first frame the caller is sent, and for a target with the first it has written."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.errors import ProviderError
from sentinel.gateway.translated_upstream import TranslatedUpstream
from sentinel.ids import IdSource
from sentinel.providers.base import ChatStream, ModelCall, Piece, ToolRequest
from sentinel.providers.classification import from_exception
from sentinel.testing.virtual_time import LoopClock, run_in_virtual_time
from tests.support.canned import chunk
from tests.support.openai_wire import WITH_USAGE, Heard
from tests.support.virtual_gateway import FakeUpstream, Given, Reply, VirtualGateway
from tests.support.wire_faults import TEXT, TOOL, WORDS, data, stream, whole

LIMITS = Deadlines(connect_seconds=5, first_token_seconds=5, stall_seconds=5, total_seconds=100)
TARGETS = (Target("one", "large"), Target("two", "small"))
FINE = Reply(parts=stream(WORDS), every=1.0)


def asked(first: Reply, **body: Any) -> Given:
    """Ask two providers, of which the second is fine."""

    async def work() -> Given:
        upstreams = {"one": FakeUpstream(lambda *_: first), "two": FakeUpstream(lambda *_: FINE)}
        return await VirtualGateway(upstreams, Route(name="default", targets=TARGETS, deadlines=LIMITS)).ask(**body)

    return run_in_virtual_time(work())


def test_a_stream_begins_for_its_caller_with_the_first_frame_that_is_sent() -> None:
    given = asked(Reply(parts=stream(WORDS), every=2.0), stream=True, stream_options=WITH_USAGE)
    assert given.record is not None
    assert given.record.ttft_ms == given.record.attempts[0].ttft_ms == 4000.0


def test_words_that_were_held_back_and_lost_do_not_begin_a_stream() -> None:
    part = data(chunk({"role": "assistant"}), chunk({"tool_calls": [TOOL]}))
    given = asked(Reply(parts=part, every=1.0), stream=True, stream_options=WITH_USAGE, tools=[{}])
    assert given.record is not None
    assert [attempt.ttft_ms for attempt in given.record.attempts] == [2000.0, 2000.0]
    assert given.record.ttft_ms == 4000.0


def test_a_whole_answer_has_an_end_and_no_beginning() -> None:
    given = asked(Reply(before=7.0, parts=[whole(TEXT)], content_type="application/json"))
    assert given.record is not None
    assert (given.record.latency_ms, given.record.ttft_ms) == (7000.0, None)
    assert [(attempt.cause, attempt.ttft_ms) for attempt in given.record.attempts] == [(None, None)]


@dataclass(frozen=True)
class Writing:
    """A chat model that writes a tool call, a part every two seconds, and then stops or never ends."""

    parts: int
    hangs: bool = False
    name: str = "one"

    @asynccontextmanager
    async def stream(self, call: ModelCall) -> AsyncIterator[ChatStream]:
        yield self

    async def __aiter__(self) -> AsyncIterator[Piece]:
        for _ in range(self.parts):
            await LoopClock(asyncio.get_running_loop()).sleep(2.0)
            yield Piece(is_content=True, has_tool_parts=True)
        if self.hangs:
            await asyncio.Event().wait()
        yield Piece(finish_reason="tool_use")

    def tool_requests(self) -> tuple[list[ToolRequest], list[str]]:
        return [ToolRequest("c1", "add", {"a": 1})], []

    def map_error(self, error: Exception) -> ProviderError:
        return from_exception(error)


def written(model: Writing) -> tuple[Heard, Given]:
    async def work() -> Given:
        clock = LoopClock(asyncio.get_running_loop())
        own: Any = TranslatedUpstream(provider=model, clock=clock, ids=IdSource(clock))
        upstreams = {"one": own, "two": FakeUpstream(lambda *_: FINE)}
        route = Route(name="default", targets=TARGETS, deadlines=LIMITS)
        tool = {"type": "function", "function": {"name": "add"}}
        return await VirtualGateway(upstreams, route).ask(stream=True, stream_options=WITH_USAGE, tools=[tool])

    given = run_in_virtual_time(work())
    return Heard(given.status, given.headers, given.raw), given


def test_a_long_tool_call_of_a_translated_model_is_no_silence_and_comes_in_one_piece() -> None:
    heard, given = written(Writing(parts=20))
    assert given.record is not None
    assert [(a.cause, a.ttft_ms, a.duration_ms) for a in given.record.attempts] == [(None, 2000.0, 40_000.0)]
    assert heard.is_whole()
    deltas = [choice["delta"] for each in heard.chunks for choice in each["choices"]]
    (calls,) = [delta["tool_calls"] for delta in deltas if "tool_calls" in delta]
    assert [(call["id"], json.loads(call["function"]["arguments"])) for call in calls] == [("c1", {"a": 1})]


def test_a_translated_model_that_stops_within_a_tool_call_has_stalled() -> None:
    heard, given = written(Writing(parts=3, hangs=True))
    assert given.record is not None
    assert next((a.cause, a.duration_ms) for a in given.record.attempts) == ("stall", 11_000.0)
    assert (heard.is_whole(), heard.text, heard.arguments) == (True, TEXT, [])
