"""Answers that break after text was sent, and the targets that go on with them."""

from collections.abc import Callable

import pytest

from sentinel.domain.routes import Capabilities
from sentinel.domain.runs import RunStatus
from sentinel.errors import ProviderRejectedError, ProviderUnavailableError
from sentinel.providers.base import ToolRequest
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.testing.providers import Behaviour, ScriptedProvider
from sentinel.testing.tools import FakeToolbox
from tests.unit.graph.conftest import FALLBACK, Emitted, Rig

WHOLE = "The quick brown fox jumps over the lazy dog, and then it sleeps until the morning comes again."
BREAK = ProviderUnavailableError("cut", cause="connection_lost")
LAST_WORDS = "the lazy dog, and then it"


CALLING = Behaviour(
    words=["Let me see."],
    tool_requests=[ToolRequest("c1", "calculator__evaluate", {"expression": "6*7"})],
    finish_reason="tool_calls",
)


def provider(name: str, *script: Behaviour) -> ScriptedProvider:
    return ScriptedProvider(name, list(script))


def broken_at(words: int) -> Behaviour:
    return Behaviour(words=pieces(WHOLE)[:words], error=BREAK)


def pieces(text: str) -> list[str]:
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def after(words: int, *, repeating: int) -> Behaviour:
    """What a target says that was asked to repeat the last words."""
    return Behaviour(words=pieces(" ".join(WHOLE.split(" ")[words - repeating :])))


async def test_the_next_target_goes_on_and_the_seam_is_verified_by_the_repeated_words(rig: Callable[..., Rig]) -> None:
    setup = rig(one=provider("one", broken_at(12)), two=provider("two", after(12, repeating=6)))
    emitted = await setup.run()
    assert emitted.text == WHOLE == emitted.ending.text
    assert emitted.ending.status is RunStatus.COMPLETED
    assert emitted.phases == ["attempt_started", "attempt_failed", "failover", "attempt_started", "continued"]
    continued = emitted.status("continued")
    assert (continued["from"], continued["method"]) == ("one/large", "anchor")
    assert continued["offset"] == len(" ".join(WHOLE.split(" ")[:12]))
    assert emitted.ending.attempts[1].splice_offset == continued["offset"]
    asked = setup.two.calls[0].turns
    assert asked[-2]["role"] == "assistant"
    assert "Begin by repeating" in asked[-1]["content"]


async def test_a_target_that_says_everything_again_is_heard_from_where_it_broke(rig: Callable[..., Rig]) -> None:
    setup = rig(one=provider("one", broken_at(9)), two=provider("two", Behaviour(words=pieces(WHOLE))))
    emitted = await setup.run()
    assert emitted.text == WHOLE
    assert emitted.status("continued")["method"] == "replay"


async def test_a_target_that_says_something_else_is_not_spliced(rig: Callable[..., Rig]) -> None:
    other = Behaviour(words=pieces("I am sorry, but I would rather talk about something else entirely today."))
    emitted = await rig(one=provider("one", broken_at(12)), two=provider("two", other)).run()
    partial = " ".join(WHOLE.split(" ")[:12])
    assert emitted.text == partial == emitted.ending.text
    assert emitted.ending.status is RunStatus.FAILED
    assert [attempt.cause for attempt in emitted.ending.attempts] == ["connection_lost", "seam_diverged"]
    assert_broken(emitted, "one/large: connection lost; two/small: seam diverged")
    assert "continued" not in emitted.phases


def assert_broken(emitted: Emitted, tried: str) -> None:
    """The run says what `/v1` says of such a stream."""
    error = emitted.ending.error
    assert error is not None
    assert error["code"] == "stream_broken"
    assert error["detail"] == f"the answer broke off, and the text so far is all there is ({tried})"


async def test_an_answer_that_nobody_can_go_on_with_is_a_broken_stream(rig: Callable[..., Rig]) -> None:
    setup = rig(one=provider("one", broken_at(12)))
    setup.kill_switches.set("two", True, actor="test")
    emitted = await setup.run()
    assert_broken(emitted, "one/large: connection lost; two/small: kill switch")
    assert emitted.ending.text == " ".join(WHOLE.split(" ")[:12])


@pytest.mark.parametrize("cause", ["bad_request", "context_length", "content_filter"])
async def test_a_target_that_refuses_to_go_on_does_not_make_it_the_caller_s_fault(
    rig: Callable[..., Rig], cause: str
) -> None:
    refusing = Behaviour(error=ProviderRejectedError("no", cause=cause))
    emitted = await rig(one=provider("one", broken_at(12)), two=provider("two", refusing)).run()
    assert_broken(emitted, f"one/large: connection lost; two/small: {cause.replace('_', ' ')}")


async def test_a_filter_that_ends_an_answer_of_its_own_is_a_refusal(rig: Callable[..., Rig]) -> None:
    filtered = Behaviour(words=pieces(WHOLE)[:12], finish_reason="content_filter")
    error = (await rig(one=provider("one", filtered)).run()).ending.error
    assert error is not None
    assert error["code"] == "request_rejected"


async def test_a_failure_after_whole_answers_of_earlier_rounds_is_no_broken_stream(rig: Callable[..., Rig]) -> None:
    down = Behaviour(error=BREAK)
    setup = rig(
        one=provider("one", CALLING, down),
        two=provider("two", down),
        toolbox=FakeToolbox({"calculator__evaluate": lambda _: "42"}),
    )
    error = (await setup.run()).ending.error
    assert error is not None
    assert error["code"] == "all_providers_failed"


async def test_after_a_tool_round_event_and_receipt_count_the_whole_answer_before_the_seam(
    rig: Callable[..., Rig],
) -> None:
    setup = rig(
        one=provider("one", CALLING, broken_at(12)),
        two=provider("two", after(12, repeating=6)),
        toolbox=FakeToolbox({"calculator__evaluate": lambda _: "42"}),
    )
    emitted = await setup.run()
    assert emitted.text == f"Let me see.\n\n{WHOLE}"
    before = len("Let me see.\n\n" + " ".join(WHOLE.split(" ")[:12]))
    assert emitted.status("continued")["offset"] == before
    assert emitted.ending.attempts[-1].splice_offset == before


async def test_a_target_declared_to_continue_gets_the_partial_answer_as_its_own(rig: Callable[..., Rig]) -> None:
    rest = Behaviour(words=[f" {' '.join(WHOLE.split(' ')[12:])}"])
    setup = rig(
        one=provider("one", broken_at(12)),
        two=provider("two", rest),
        planner=RecoveryPlanner(capabilities={FALLBACK: Capabilities(prefill=True)}),
    )
    emitted = await setup.run()
    assert emitted.text == WHOLE
    assert setup.two.calls[0].turns[-1]["role"] == "assistant"
    assert emitted.status("continued")["method"] == "prefill"


@pytest.mark.parametrize("cut", range(9, 18))
async def test_wherever_it_breaks_no_word_is_lost_or_doubled(rig: Callable[..., Rig], cut: int) -> None:
    setup = rig(one=provider("one", broken_at(cut)), two=provider("two", after(cut, repeating=7)))
    assert (await setup.run()).text == WHOLE


async def test_a_break_right_before_the_end_needs_nothing_but_the_end(rig: Callable[..., Rig]) -> None:
    setup = rig(one=provider("one", broken_at(18)), two=provider("two", after(18, repeating=6)))
    emitted = await setup.run()
    assert emitted.text == WHOLE
    assert emitted.ending.status is RunStatus.COMPLETED


async def test_a_turn_that_was_calling_a_tool_is_asked_for_anew(rig: Callable[..., Rig]) -> None:
    said = ["Let me calculate that for you right now."]
    request = ToolRequest("c1", "calculator__evaluate", {"expression": "6*7"})
    calling = Behaviour(words=said, tool_requests=[request], finish_reason=None)
    again = Behaviour(words=said, tool_requests=[request], finish_reason="tool_calls")
    setup = rig(
        one=provider("one", calling),
        two=provider("two", again, Behaviour(words=["It is 42."])),
        toolbox=FakeToolbox({"calculator__evaluate": lambda _: "42"}),
    )
    emitted = await setup.run()
    assert emitted.text == "Let me calculate that for you right now.\n\nIt is 42."
    assert len(setup.toolbox.calls) == 1
    assert [turn["role"] for turn in setup.two.calls[0].turns] == ["system", "user"]


async def test_the_limit_of_the_answer_is_lowered_by_what_was_said(rig: Callable[..., Rig]) -> None:
    setup = rig(one=provider("one", broken_at(12)), two=provider("two", after(12, repeating=6)), max_tokens=100)
    await setup.run()
    limit = setup.two.calls[0].max_tokens
    assert limit is not None
    assert 80 <= limit < 100


async def test_a_tool_call_does_not_stand_for_the_rest_of_the_text_before_it(rig: Callable[..., Rig]) -> None:
    """Nobody knows whether the text that a reader has was all there was to say."""
    calling = Behaviour(tool_requests=[ToolRequest("c1", "calculator__evaluate", {})], finish_reason="tool_calls")
    toolbox = FakeToolbox({"calculator__evaluate": lambda _: "42"})
    emitted = await rig(one=provider("one", broken_at(12)), two=provider("two", calling), toolbox=toolbox).run()
    assert emitted.ending.status is RunStatus.FAILED
    assert [attempt.cause for attempt in emitted.ending.attempts] == ["connection_lost", "seam_diverged"]
    assert toolbox.calls == []


async def test_a_continuation_that_breaks_while_it_is_held_is_a_failure_and_no_other_text(
    rig: Callable[..., Rig],
) -> None:
    cut = Behaviour(words=["the lazy"], finish_reason=None)
    setup = rig(one=provider("one", broken_at(12)), two=provider("two", cut))
    emitted = await setup.run()
    assert [attempt.cause for attempt in emitted.ending.attempts] == ["connection_lost", "truncated"]
    assert setup.board.get("provider:two").snapshot().failures == 1


async def test_a_filter_that_ends_a_continuation_is_the_end_and_nobody_else_is_asked(rig: Callable[..., Rig]) -> None:
    filtered = Behaviour(words=["the lazy"], finish_reason="content_filter")
    setup = rig(one=provider("one", broken_at(12), Behaviour(words=pieces(WHOLE))), two=provider("two", filtered))
    emitted = await setup.run()
    assert [attempt.cause for attempt in emitted.ending.attempts] == ["connection_lost", "content_filter"]
    assert (emitted.ending.status, len(setup.one.calls)) == (RunStatus.FAILED, 1)
    assert emitted.text == " ".join(WHOLE.split(" ")[:12])
