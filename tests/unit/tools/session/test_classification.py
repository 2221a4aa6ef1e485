"""From what was observed to what it means."""

import asyncio

import anyio
import pytest
from mcp import MCPError
from mcp_types import (
    AudioContent,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from sentinel.errors import Outcome
from sentinel.tools.outcome import VERDICTS, Cause
from sentinel.tools.session.classification import judge_answer, judge_error, result_text
from sentinel.tools.transport.framing import OVERSIZE_CODE
from sentinel.tools.transport.own_faults import OwnFault


def test_every_cause_has_a_meaning() -> None:
    """A new cause without a row would fail at the worst moment."""
    assert set(VERDICTS) == set(Cause)


def test_what_was_not_sent_can_be_sent_again_and_never_strikes() -> None:
    """Only a failure that the tool's server answered itself is both."""
    for cause, verdict in VERDICTS.items():
        assert verdict.text
        if verdict.executed == "no" and cause is not Cause.PROTOCOL:
            assert verdict.outcome in {Outcome.NEUTRAL, Outcome.THROTTLE, Outcome.LATCH}


@pytest.mark.parametrize(
    "error",
    [
        asyncio.CancelledError(),
        anyio.BrokenResourceError(),
        anyio.ClosedResourceError(),
        ConnectionResetError(),
        MCPError(code=-32000, message="Connection closed"),
    ],
)
def test_a_lost_connection_is_the_servers_not_the_tools(error: BaseException) -> None:
    """Also when the SDK says it with a cancellation."""
    judged = judge_error(error, is_lost=False)
    assert (judged.cause, judged.verdict.outcome, judged.verdict.executed) == (
        Cause.TRANSPORT,
        Outcome.NEUTRAL,
        "unknown",
    )


def test_facts_count_more_than_codes() -> None:
    """The code of a closed connection may be a server's own; an end that was seen decides."""
    error = MCPError(code=-32000, message="disk full")
    assert judge_error(error, is_lost=False).cause is Cause.SERVER_ERROR
    assert judge_error(error, is_lost=True).cause is Cause.TRANSPORT
    assert judge_error(ValueError("odd"), is_lost=True).cause is Cause.TRANSPORT
    assert judge_error(MCPError(code=-32602, message="no"), is_lost=True).cause is Cause.INVALID_ARGUMENTS


def test_only_our_own_mark_makes_an_oversize() -> None:
    """A server's own error of that number is a server's error."""
    ours = MCPError(code=OVERSIZE_CODE, message="", data=OwnFault(Cause.OVERSIZE, ""))
    theirs = MCPError(code=OVERSIZE_CODE, message="", data={"sentinel": True})
    assert judge_error(ours, is_lost=False).cause is Cause.OVERSIZE
    assert judge_error(ours, is_lost=False).verdict.executed == "unknown"
    assert judge_error(theirs, is_lost=False).cause is Cause.SERVER_ERROR


def test_an_unforeseen_error_is_the_servers() -> None:
    """It is named for operators, at a bounded length, and not shown to the model."""
    judged = judge_error(RuntimeError("x" * 5000), is_lost=False)
    assert judged.cause is Cause.SERVER_ERROR
    assert judged.detail is not None
    assert len(judged.detail) <= 300
    assert "xxx" not in judged.verdict.text


def test_every_kind_of_content_has_a_text() -> None:
    """What is no text is named, so that the model knows it is there."""
    result = CallToolResult(
        content=[
            TextContent(type="text", text="words"),
            ImageContent(type="image", data="QUJD", mime_type="image/png"),
            AudioContent(type="audio", data="QUJD", mime_type="audio/wav"),
            EmbeddedResource(type="resource", resource=TextResourceContents(uri="file:///a", text="inside")),
            ResourceLink(type="resource_link", name="b", uri="file:///b"),
        ]
    )
    assert result_text(result).split("\n") == [
        "words",
        "[image, image/png, 3 bytes]",
        "[audio, audio/wav, 3 bytes]",
        "inside",
        "[resource file:///b]",
    ]


def test_structured_content_alone_is_shown_as_json() -> None:
    """A server need not repeat it as text."""
    assert result_text(CallToolResult(content=[], structured_content={"a": "ü"})) == '{"a": "ü"}'
    assert result_text(CallToolResult(content=[])) == ""


def test_a_silent_error_still_says_that_it_is_one() -> None:
    """The model must not take an empty text for a result."""
    judged = judge_answer(CallToolResult(content=[], is_error=True), max_bytes=100)
    assert judged.verdict.text == "The tool failed."


def test_the_cap_counts_bytes() -> None:
    """Not characters."""
    result = CallToolResult(content=[TextContent(type="text", text="ü" * 60)])
    assert judge_answer(result, max_bytes=120).cause is None
    assert judge_answer(result, max_bytes=119).cause is Cause.OVERSIZE


def test_pictures_and_sounds_are_kept_and_count() -> None:
    """The model reads what they are; who can show them gets them as they came, up to the same cap."""
    picture = ImageContent(type="image", data="A" * 200, mime_type="image/png")
    result = CallToolResult(content=[TextContent(type="text", text="look"), picture])
    judged = judge_answer(result, max_bytes=1_000)
    assert judged.content == tuple(result.content)
    assert "A" * 200 not in judged.verdict.text
    assert judge_answer(result, max_bytes=200).cause is Cause.OVERSIZE
