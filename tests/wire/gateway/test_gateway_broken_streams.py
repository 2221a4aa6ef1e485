"""A stream that breaks after text was sent: never a duplicate, never a gap, never an end that is none."""

from typing import Any

import httpx
import pytest

from sentinel.domain.requests import RequestOutcome
from sentinel.domain.routes import Deadlines
from sentinel.errors import Outcome
from simulator.server import Simulator
from tests.support.canned import CannedProvider, chunk, frames, usage
from tests.support.gateway import FALLBACK, PRIMARY, Gateway, Plan, over, route, running_gateway
from tests.support.openai_wire import ask, client_of, hear

BREAKS: dict[str, tuple[str, dict[str, Any], str]] = {
    "cut": ("cut", {"after": 5}, "connection_lost"),
    "cut with a clean end": ("cut", {"after": 5, "how": "fin"}, "connection_lost"),
    "truncated": ("truncate", {"after": 5}, "truncated"),
    "error event": ("error_event", {"after": 5}, "server_error"),
    "overloaded event": ("error_event", {"after": 5, "type": "overloaded_error"}, "overloaded"),
    "malformed frame": ("malformed_frame", {"after": 5}, "malformed_frame"),
    "stall": ("stall", {"after": 5}, "stall"),
    "keep-alives only": ("keepalive_only", {"after": 5, "interval_seconds": 0.05}, "stall"),
}
COUNTED: dict[str, Any] = {"usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}
STOP_THERE = {"X-Sentinel-Midstream": "error"}
SHORT = Deadlines(connect_seconds=5, first_token_seconds=10, stall_seconds=1, total_seconds=60)
SCHEMA = {"type": "object", "properties": {"expression": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "calculate", "parameters": SCHEMA}}
SUM: dict[str, Any] = {"messages": [{"role": "user", "content": "What is 12*(3+4)?"}], "tools": [TOOL]}
each_break = pytest.mark.parametrize(("kind", "parameters", "cause"), BREAKS.values(), ids=BREAKS)


@each_break
async def test_where_the_caller_wants_no_continuation_the_break_is_said_and_nothing_is_invented(
    simulator: Simulator, direct: httpx.AsyncClient, kind: str, parameters: dict[str, Any], cause: str
) -> None:
    whole = await hear(direct, model="sim-large")
    simulator.openai.arm("pace", words_per_second=50)  # what comes in one piece with the break is not sent on
    simulator.openai.arm(kind, **parameters)
    async with (
        running_gateway(over(simulator, routes=route(deadlines=SHORT))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller, headers=STOP_THERE)
        (record,) = await gateway.recorded()
        assert gateway.failures(PRIMARY) == 1
    assert heard.is_honestly_broken()
    assert whole.text.startswith(heard.text)
    assert 0 < len(heard.text) < len(whole.text)
    assert heard.errors[0]["error"]["code"] == "stream_broken"
    assert (record.outcome, record.error_code) == (RequestOutcome.FAILED, "stream_broken")
    assert [(a.target, a.cause) for a in record.attempts] == [(PRIMARY, cause)]
    assert not simulator.requests.find(wire="ollama")


@each_break
async def test_what_the_caller_gets_is_whole_or_honestly_broken(
    simulator: Simulator, kind: str, parameters: dict[str, Any], cause: str
) -> None:
    simulator.openai.arm(kind, **parameters)
    async with (
        running_gateway(over(simulator, routes=route(deadlines=SHORT))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller)
        (record,) = await gateway.recorded()
    assert heard.is_whole() != heard.is_honestly_broken()
    assert record.attempts[0].cause == cause
    assert (record.outcome is RequestOutcome.COMPLETED) == heard.is_whole()


@each_break
async def test_a_broken_tool_call_is_made_again_from_its_start(
    simulator: Simulator, kind: str, parameters: dict[str, Any], cause: str
) -> None:
    simulator.openai.arm(kind, **{**parameters, "after": 1})
    async with (
        running_gateway(over(simulator, routes=route(deadlines=SHORT))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller, **SUM)
        (record,) = await gateway.recorded()
    assert heard.is_whole()
    assert heard.arguments == ['{"expression":"12*(3+4)"}']
    assert heard.finishes == ["tool_calls"]
    assert record.attempts[0].cause == cause
    assert record.serving == FALLBACK


@each_break
async def test_broken_json_is_made_again_from_its_start(
    simulator: Simulator, kind: str, parameters: dict[str, Any], cause: str
) -> None:
    json_only = {"response_format": {"type": "json_object"}}
    simulator.openai.arm(kind, **{**parameters, "after": 1})
    async with (
        running_gateway(over(simulator, routes=route(deadlines=SHORT))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller, **json_only)
        undisturbed = await hear(caller, model="fallback/sim-small", **json_only)
    assert heard.is_whole()
    assert heard.text == undisturbed.text


async def test_a_garbled_frame_is_skipped_only_when_nobody_else_is_left_and_the_receipt_says_so(
    simulator: Simulator, direct: httpx.AsyncClient
) -> None:
    simulator.openai.arm("malformed_frame", after=3)
    async with (
        running_gateway(over(simulator, routes=route(PRIMARY))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller)
        (record,) = await gateway.recorded()
    whole = await hear(direct, model="sim-large")
    assert heard.is_whole()
    assert heard.text == whole.text
    assert record.skipped_frames == 1
    assert [(attempt.outcome.value, attempt.skipped_frames) for attempt in record.attempts] == [("success", 1)]
    assert {"event": "frames_skipped", "count": 1} in heard.comments


async def test_an_answer_in_one_single_frame_is_whole() -> None:
    """Some servers send the last text together with the finish reason, and short answers in one frame."""
    provider = CannedProvider(frames(chunk({"role": "assistant", "content": "Hi"}, "stop", **COUNTED), "[DONE]"))
    async with (
        provider.running() as primary,
        running_gateway(Plan(wires={"primary": primary}, routes=route(PRIMARY))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller)
    assert (heard.is_whole(), heard.text, heard.finishes) == (True, "Hi", ["stop"])


async def test_an_error_beside_a_choice_is_an_error() -> None:
    """As some routers of models send it: a choice that is finished by an error."""
    failing = frames(
        chunk({"role": "assistant", "content": "H"}), chunk(finish="error", error={"message": "no", "code": 502})
    )
    good = frames(chunk({"role": "assistant", "content": "Good"}), chunk(finish="stop"), usage(), "[DONE]")
    odd, other = CannedProvider(failing), CannedProvider(good)
    async with (
        odd.running() as primary,
        other.running() as fallback,
        running_gateway(Plan(wires={"primary": primary, "fallback": fallback}, routes=route())) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller)
        (record,) = await gateway.recorded()
    assert record.attempts[0].outcome is Outcome.FAILURE
    assert heard.is_whole() != heard.is_honestly_broken()


async def test_an_answer_that_is_cut_by_its_length_is_an_answer(
    caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.openai.arm("finish_length", after=3)
    heard = await hear(caller)
    assert (heard.is_whole(), heard.finishes) == (True, ["length"])
    assert (await ask(caller)).json()["choices"][0]["finish_reason"] == "length"
    assert not simulator.requests.find(wire="ollama")


@pytest.mark.parametrize("mode", ["absent", "nulled", "negative"])
@pytest.mark.parametrize("wants_usage", [True, False])
async def test_usage_that_the_provider_does_not_give_is_estimated_and_says_so(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator, mode: str, wants_usage: bool
) -> None:
    simulator.openai.arm("missing_usage", mode=mode)
    heard = await hear(caller, stream_options={"include_usage": wants_usage})
    assert heard.is_whole()
    (counted,) = heard.usages
    assert counted["estimated"] is True
    assert counted["prompt_tokens"] > 0
    assert counted["completion_tokens"] == pytest.approx(len(heard.text) / 4, abs=1)
    assert counted["total_tokens"] == counted["prompt_tokens"] + counted["completion_tokens"]
    (record,) = await gateway.recorded()
    assert record.usage.estimated


@pytest.mark.parametrize("mode", ["absent", "nulled", "negative"])
async def test_usage_that_a_whole_answer_lacks_is_estimated_and_says_so(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator, mode: str
) -> None:
    simulator.openai.arm("missing_usage", mode=mode)
    answer = (await ask(caller)).json()
    said = len(answer["choices"][0]["message"]["content"]) / 4
    assert answer["usage"]["estimated"] is True
    assert answer["usage"]["completion_tokens"] == pytest.approx(said, abs=1)
    (record,) = await gateway.recorded()
    assert record.usage.estimated


@pytest.mark.parametrize("is_stream", [True, False])
async def test_usage_adds_up_what_failed_attempts_have_spent(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator, is_stream: bool
) -> None:
    simulator.openai.arm("bad_tool_json")
    if is_stream:
        (counted,) = (await hear(caller, **SUM)).usages
    else:
        counted = (await ask(caller, **SUM)).json()["usage"]
    (record,) = await gateway.recorded()
    spent = [a.usage for a in record.attempts if a.usage]
    assert len(spent) == 3
    assert counted["prompt_tokens"] == sum(each.input_tokens for each in spent) == record.usage.input_tokens
    assert counted["completion_tokens"] == sum(each.output_tokens for each in spent)


HOSTILE: dict[str, list[dict[str, Any] | str]] = {
    "numbers for choices": [{"choices": 7}],
    "a list for a chunk": ["[1]"],
    "text for a delta": [chunk() | {"choices": [{"index": 0, "delta": "x"}]}],
    "a list for tool calls": [chunk({"tool_calls": [1]})],
    "text for an index": [chunk({"content": "a"}, index="zero")],  # type: ignore[arg-type]
    "an object for content": [chunk({"content": {"a": 1}})],
    "a number for arguments": [chunk({"tool_calls": [{"index": 0, "function": {"arguments": 7}}]})],
    "a number for a finish": [chunk({"content": "a"}, finish=7)],  # type: ignore[arg-type]
    "usage of another kind": [chunk({"content": "a"}), usage("many", [])],
    "usage beyond all numbers": [chunk({"content": "a"}), usage(2**63, 10**30)],
    "null for a choice": [{"choices": [None]}],
    "nothing": [""],
}


@pytest.mark.parametrize("chunks", HOSTILE.values(), ids=HOSTILE)
async def test_frames_of_the_wrong_shape_never_become_our_own_error(chunks: list[dict[str, Any] | str]) -> None:
    good = frames(chunk({"role": "assistant", "content": "Good"}), chunk(finish="stop"), usage(), "[DONE]")
    odd, other = CannedProvider(frames(*chunks)), CannedProvider(good)
    async with (
        odd.running() as primary,
        other.running() as fallback,
        running_gateway(Plan(wires={"primary": primary, "fallback": fallback}, routes=route())) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller, headers=STOP_THERE)
        (record,) = await gateway.recorded()
    assert heard.is_whole() != heard.is_honestly_broken()
    assert record.attempts[0].outcome.value in ("failure", "quality")
    assert "Error" not in (record.attempts[0].detail or "")
