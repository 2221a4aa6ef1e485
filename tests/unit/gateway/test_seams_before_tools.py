"""Streams that are gone on with by a model that calls a tool, or is filtered: what the caller has of them."""

from typing import Any

import aiohttp
import pytest

from sentinel.domain.routes import Deadlines, Route, Seam, Target
from sentinel.testing.virtual_time import run_in_virtual_time
from tests.support.canned import chunk, usage
from tests.support.openai_wire import WITH_USAGE, Heard
from tests.support.virtual_gateway import FakeUpstream, Reply, VirtualGateway
from tests.support.wire_faults import TEXT, WORDS, data, stream

BROKEN = Reply(parts=stream(WORDS)[:14], error=aiohttp.ClientPayloadError("cut"))
SAID = "".join(WORDS[:13])
FUNCTION = {"name": "calculate", "arguments": "{}"}
CALL = {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": FUNCTION}]}


def heard_with(*chunks: dict[str, Any], seam: Seam = Seam.VERIFIED) -> tuple[Heard, list[str | None]]:
    """Let the first model break off, and the second say this; give what the caller hears and the causes."""

    async def work() -> tuple[Heard, list[str | None]]:
        second = Reply(parts=data(chunk({"role": "assistant"}), *chunks, usage(), "[DONE]"))
        upstreams = {"one": FakeUpstream(lambda *_: BROKEN), "two": FakeUpstream(lambda *_: second)}
        targets = (Target("one", "large"), Target("two", "small"))
        route = Route(name="default", targets=targets, deadlines=Deadlines(), seam=seam)
        given = await VirtualGateway(upstreams, route).ask(stream=True, stream_options=WITH_USAGE, tools=[{}])
        assert given.record is not None
        return Heard(given.status, given.headers, given.raw), [attempt.cause for attempt in given.record.attempts]

    return run_in_virtual_time(work())


@pytest.mark.parametrize("finish", [[chunk(CALL), chunk(finish="tool_calls")], [chunk(CALL, "tool_calls")]])
def test_a_tool_call_does_not_stand_for_the_rest_of_the_text_before_it(finish: list[dict[str, Any]]) -> None:
    heard, causes = heard_with(*finish)
    assert heard.is_honestly_broken()
    assert (heard.text, heard.arguments) == (SAID, [])
    assert causes == ["connection_lost", "seam_diverged"]


@pytest.mark.parametrize("finish", [[chunk(CALL), chunk(finish="tool_calls")], [chunk(CALL, "tool_calls")]])
def test_a_tool_call_behind_a_verified_seam_arrives_whole(finish: list[dict[str, Any]]) -> None:
    heard, _ = heard_with(chunk({"content": TEXT}), *finish)
    assert heard.is_whole()
    assert (heard.text, heard.arguments, heard.finishes) == (TEXT, ["{}"], ["tool_calls"])


@pytest.mark.parametrize("finish", [None, "tool_calls"])
def test_a_tool_call_in_the_frame_of_text_that_is_trimmed_is_not_lost(finish: str | None) -> None:
    ends = [] if finish else [chunk(finish="tool_calls")]
    heard, _ = heard_with(chunk({"content": SAID, **CALL}, finish), *ends)
    assert heard.is_whole()
    assert (heard.text, heard.arguments) == (SAID, ["{}"])


def test_where_any_seam_is_accepted_a_tool_call_follows_at_once_and_the_comment_says_so() -> None:
    heard, _ = heard_with(chunk(CALL), chunk(finish="tool_calls"), seam=Seam.ANY)
    assert heard.is_whole()
    assert (heard.text, heard.arguments) == (SAID, ["{}"])
    assert [comment["method"] for comment in heard.comments] == ["unverified"]


def test_text_that_was_held_comes_before_the_tool_call_and_without_it() -> None:
    held = TEXT[4:20]
    heard, _ = heard_with(chunk({"content": held, **CALL}), chunk(finish="tool_calls"), seam=Seam.ANY)
    assert heard.is_whole()
    assert (heard.text, heard.arguments) == (SAID + held, ["{}"])


@pytest.mark.parametrize("said", [[], [chunk({"content": "the lazy"})], [chunk({"content": TEXT})]])
def test_a_filter_that_ends_a_continuation_ends_the_answer_in_the_likeness_of_the_first(
    said: list[dict[str, Any]],
) -> None:
    heard, causes = heard_with(*said, chunk({"content": ""}, "content_filter"))
    assert heard.is_whole()
    assert heard.finishes == ["content_filter"]
    assert heard.text in {SAID, TEXT}
    assert len({each["model"] for each in heard.chunks}) == 1
    assert causes == ["connection_lost", "content_filter"]
