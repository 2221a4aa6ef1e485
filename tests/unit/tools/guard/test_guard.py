"""One guarded call: it always ends, in time, as a value that says what happened and whether the tool acted."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from mcp_types import ErrorData

from sentinel.errors import Outcome
from sentinel.resilience.breaker_view import BreakerState
from sentinel.testing.clock import settle
from sentinel.tools.config import Effect, ToolLimits, ToolOverride
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from tests.support.bounded import bounded
from tests.unit.tools.guarded import SPEC, TARGET, Guarded
from tests.unit.tools.peers import Answer, text_result
from tests.unit.tools.supervised import Supervised


async def test_a_result_is_its_text(guarded: Guarded) -> None:
    """The circuit learns of the success."""
    outcome = await guarded.call(text="hello")
    assert (outcome.text, outcome.is_error, outcome.cause) == ("hello", False, None)
    assert (outcome.server, outcome.tool) == ("peer", "echo")
    assert (outcome.outcome, outcome.executed) == (Outcome.SUCCESS, "yes")
    assert guarded.circuit.successes == 1
    assert guarded.peer.calls[0]["arguments"] == {"text": "hello"}


async def test_a_call_ends_at_its_deadline_and_counts_against_the_tool(guarded: Guarded) -> None:
    """Whether the tool acted is then unknown; the call is given up, not waited for."""
    guarded.never_answer()
    call = guarded.start_call()
    await guarded.clock.elapse(29.9)
    assert not call.done()
    await guarded.clock.elapse(0.1)
    outcome = await call
    assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.TIMEOUT, Outcome.FAILURE, "unknown")
    assert outcome.duration_ms == pytest.approx(30_000)
    await settle(40)
    assert guarded.circuit.failures == 1
    assert len(guarded.detached) == 0


async def test_a_callers_shorter_deadline_says_nothing_about_the_tool(guarded: Guarded) -> None:
    """A run that is nearly out of time must not open circuits."""
    guarded.never_answer()
    call = guarded.start_call(timeout_seconds=2.0)
    await guarded.clock.elapse(2.0)
    outcome = await call
    assert (outcome.cause, outcome.outcome) == (Cause.TIMEOUT, Outcome.NEUTRAL)
    assert guarded.circuit.failures == 0


async def test_a_caller_cannot_give_a_tool_more_than_its_time(guarded: Guarded) -> None:
    """The tool's own limit holds."""
    guarded.never_answer()
    call = guarded.start_call(timeout_seconds=1000.0)
    await guarded.clock.elapse(30.0)
    assert (await call).outcome is Outcome.FAILURE


async def test_without_time_nothing_is_sent(guarded: Guarded) -> None:
    """A call that cannot end in time is not begun."""
    outcome = await guarded.call(timeout_seconds=0.0)
    assert (outcome.cause, outcome.executed) == (Cause.DEADLINE_EXCEEDED, "no")
    assert guarded.peer.calls == []


async def test_a_timeout_with_foreign_output_is_malformed(guarded: Guarded) -> None:
    """The server did speak, but not the protocol."""
    guarded.never_answer()
    call = guarded.start_call()
    await settle(40)
    guarded.peer.transports[-1].noise += 1
    await guarded.clock.elapse(30.0)
    assert (await call).cause is Cause.MALFORMED


async def test_a_crash_fails_the_calls_in_flight_and_strikes_no_tool(guarded: Guarded) -> None:
    """Server down is not tool bad; whether the tool acted is unknown."""
    guarded.never_answer()
    calls = [guarded.start_call() for _ in range(5)]
    await settle(40)
    guarded.peer.crash()
    outcomes = await bounded(asyncio.gather(*calls), 5.0)
    assert {outcome.cause for outcome in outcomes} == {Cause.TRANSPORT}
    assert {outcome.executed for outcome in outcomes} == {"unknown"}
    assert guarded.circuit.failures == 0


async def test_a_server_that_is_down_is_not_asked(guarded: Guarded) -> None:
    """The outcome says that nothing was done, and operators see why."""
    guarded.peer.crash()
    await guarded.supervised.until_state(ServerState.DOWN)
    outcome = await guarded.call()
    assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.CONNECT, Outcome.NEUTRAL, "no")
    assert outcome.detail


async def test_a_tool_that_is_switched_off_is_not_called(guarded: Guarded) -> None:
    """The switch is asked before everything else."""
    guarded.switched_off.add(TARGET)
    outcome = await guarded.call()
    assert (outcome.cause, outcome.executed) == (Cause.KILL_SWITCH, "no")
    assert guarded.peer.calls == []


async def test_an_open_circuit_sends_nothing(guarded: Guarded) -> None:
    """Three failures open it; the outcome says when to try again."""
    guarded.answer_with(ErrorData(code=-32603, message="broken"))
    for _ in range(3):
        assert (await guarded.call()).cause is Cause.SERVER_ERROR
    outcome = await guarded.call()
    assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.CIRCUIT_OPEN, Outcome.NEUTRAL, "no")
    assert outcome.retry_after_seconds == pytest.approx(30.0)
    assert len(guarded.peer.calls) == 3


async def test_a_probe_that_is_cancelled_gives_its_slot_back(guarded: Guarded) -> None:
    """Or the circuit could never close again."""
    await guarded.open_circuit()
    guarded.clock.advance(31.0)
    guarded.never_answer()
    probe = guarded.start_call()
    await settle(40)
    assert guarded.circuit.is_probe_in_flight
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    guarded.answer_with(text_result("back"))
    assert (await guarded.call()).text == "back"


async def test_a_server_that_is_down_uses_up_no_probe(guarded: Guarded) -> None:
    """A circuit that may be probed waits until the server can be reached."""
    await guarded.open_circuit()
    guarded.clock.advance(31.0)
    guarded.peer.refuses_to_list = True
    guarded.peer.crash()
    call = guarded.start_call()
    await guarded.clock.elapse(3.0)
    assert (await call).cause is Cause.CONNECT
    assert guarded.state() is BreakerState.OPEN


async def test_a_trial_call_opens_the_session_first(guarded: Guarded) -> None:
    """A probe over a dead session would never come back to life."""
    await guarded.open_circuit()
    guarded.clock.advance(31.0)
    guarded.answer_with(text_result("back"))
    guarded.peer.crash()
    assert (await guarded.call()).text == "back"
    assert guarded.supervised.supervisor.status().sessions == 2


async def test_a_cancellation_of_the_caller_passes_through_and_frees_the_place(supervised: Supervised) -> None:
    """The caller's cancellation is not a failure of the tool."""
    await supervised.ready()
    guarded = Guarded(supervised, ToolLimits(max_concurrency=1))
    guarded.never_answer()
    call = guarded.start_call()
    await settle(40)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    guarded.answer_with(text_result("free"))
    assert (await guarded.call()).text == "free"
    assert guarded.circuit.failures == 0


async def test_what_the_tool_says_of_its_failure_reaches_the_model(guarded: Guarded) -> None:
    """A tool's own error is text for the model and no strike: bad arguments must not take a tool down."""
    guarded.answer_with(text_result("division by zero", is_error=True))
    outcome = await guarded.call()
    assert (outcome.text, outcome.is_error, outcome.cause) == ("division by zero", True, Cause.TOOL_ERROR)
    for _ in range(9):
        await guarded.call()
    assert (outcome.outcome, outcome.executed) == (Outcome.QUALITY, "yes")
    assert guarded.state() is BreakerState.CLOSED


async def test_a_result_over_the_cap_is_refused_although_the_tool_acted(guarded: Guarded) -> None:
    """The model never sees a part of it."""
    guarded.answer_with(text_result("x" * 1_000_001))
    outcome = await guarded.call()
    assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.OVERSIZE, Outcome.FAILURE, "yes")
    assert len(outcome.text) < 200


@pytest.mark.parametrize(
    ("answer", "cause", "outcome"),
    [
        (ErrorData(code=-32602, message="no"), Cause.INVALID_ARGUMENTS, Outcome.NEUTRAL),
        (ErrorData(code=-32601, message="no"), Cause.PROTOCOL, Outcome.FAILURE),
        (ErrorData(code=-32000, message="disk full"), Cause.SERVER_ERROR, Outcome.FAILURE),
        (ErrorData(code=-32700, message="no"), Cause.MALFORMED, Outcome.FAILURE),
        ({"content": "not a list", "resultType": "complete"}, Cause.MALFORMED, Outcome.FAILURE),
        ({"resultType": "input_required", "requestState": "s"}, Cause.NEEDS_INPUT, Outcome.NEUTRAL),
    ],
)
async def test_an_answer_has_one_cause(guarded: Guarded, answer: Answer, cause: Cause, outcome: Outcome) -> None:
    """Errors of the protocol are told apart; the server stays in use."""
    guarded.answer_with(answer)
    given = await guarded.call()
    assert (given.cause, given.outcome) == (cause, outcome)
    assert given.is_error
    assert guarded.supervised.supervisor.state is ServerState.READY


async def test_arguments_that_are_no_json_are_not_sent(guarded: Guarded) -> None:
    """The caller's mistake, told as such."""
    outcome = await guarded.call(text=object())
    assert (outcome.cause, outcome.executed) == (Cause.INVALID_ARGUMENTS, "no")
    assert guarded.peer.calls == []


async def test_calls_over_the_cap_wait_for_a_place(supervised: Supervised) -> None:
    """In the order they came."""
    await supervised.ready()
    guarded = Guarded(supervised, ToolLimits(max_concurrency=2))
    release = asyncio.Event()

    async def on_call(_params: dict[str, Any]) -> Answer:
        await release.wait()
        return text_result("done")

    guarded.peer.on_call = on_call
    calls = [guarded.start_call() for _ in range(5)]
    await settle(60)
    assert len(guarded.peer.calls) == 2
    release.set()
    outcomes = await bounded(asyncio.gather(*calls), 5.0)
    assert [outcome.text for outcome in outcomes] == ["done"] * 5


@pytest.mark.parametrize("hold", ["kill switch", "quarantine"])
async def test_what_holds_a_tool_also_holds_the_calls_that_wait_in_line(supervised: Supervised, hold: str) -> None:
    """They may have waited for as long as the tool's time; an operator who has switched it off has done so by now."""
    await supervised.ready()
    guarded = Guarded(supervised, ToolLimits(max_concurrency=1))
    release = asyncio.Event()

    async def on_call(_params: dict[str, Any]) -> Answer:
        await release.wait()
        return text_result("done")

    guarded.peer.on_call = on_call
    calls = [guarded.start_call() for _ in range(2)]
    await settle(60)
    if hold == "kill switch":
        guarded.switched_off.add(TARGET)
    else:
        guarded.guard.spec = replace(SPEC, is_quarantined=True)
    release.set()
    causes = [outcome.cause for outcome in await bounded(asyncio.gather(*calls), 5.0)]
    assert causes == [None, Cause.KILL_SWITCH if hold == "kill switch" else Cause.QUARANTINED]
    assert len(guarded.peer.calls) == 1


@pytest.mark.parametrize("hold", ["kill switch", "quarantine"])
async def test_what_holds_a_tool_holds_a_trial_call_that_waits_for_its_session(guarded: Guarded, hold: str) -> None:
    """Also what comes with that session: another definition."""
    await guarded.open_circuit()
    guarded.clock.advance(31.0)
    guarded.peer.crash()
    call = guarded.start_call()
    await settle(1)
    if hold == "kill switch":
        guarded.switched_off.add(TARGET)
    else:
        guarded.guard.spec = replace(SPEC, is_quarantined=True)
    guarded.peer.calls.clear()
    outcome = await bounded(call, 5.0)
    assert outcome.cause is (Cause.KILL_SWITCH if hold == "kill switch" else Cause.QUARANTINED)
    assert (outcome.executed, guarded.peer.calls) == ("no", [])


async def test_what_holds_a_tool_after_its_canary_holds_the_call(supervised: Supervised) -> None:
    """The canary may take as long as the tool's time."""
    await supervised.ready()
    guarded = Guarded(supervised, override=ToolOverride(canary={"text": "well?"}))
    await guarded.open_circuit()
    guarded.clock.advance(31.0)
    guarded.peer.calls.clear()

    async def on_call(_params: dict[str, Any]) -> Answer:
        guarded.switched_off.add(TARGET)
        return text_result("fine")

    guarded.peer.on_call = on_call
    outcome = await guarded.call(text="real")
    assert (outcome.cause, outcome.executed) == (Cause.KILL_SWITCH, "no")
    assert [call["arguments"]["text"] for call in guarded.peer.calls] == ["well?"]


@pytest.mark.parametrize("listed", [Effect.READ_ONLY, Effect.IDEMPOTENT])
async def test_the_effect_of_a_call_is_that_of_the_tool_it_was_sent_to(guarded: Guarded, listed: Effect) -> None:
    """What the server lists while the call is in flight is about another tool."""
    guarded.never_answer()
    call = guarded.start_call()
    await settle(40)
    guarded.guard.spec = replace(SPEC, effect=listed)
    await guarded.clock.elapse(30.0)
    outcome = await call
    assert (outcome.executed, outcome.effect) == ("unknown", Effect.MUTATING)


async def test_who_finds_no_place_in_time_has_sent_nothing(supervised: Supervised) -> None:
    """A busy tool is no bad tool."""
    await supervised.ready()
    guarded = Guarded(supervised, ToolLimits(max_concurrency=1))
    guarded.never_answer()
    first, second = guarded.start_call(), guarded.start_call(timeout_seconds=1.0)
    await guarded.clock.elapse(1.0)
    outcome = await second
    assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.BULKHEAD_FULL, Outcome.NEUTRAL, "no")
    assert len(guarded.peer.calls) == 1
    first.cancel()


async def test_a_late_answer_counts_as_slow(supervised: Supervised) -> None:
    """Enough of them open the circuit although every one came."""
    await supervised.ready()
    guarded = Guarded(supervised, ToolLimits(slow_after_seconds=5.0))
    release = asyncio.Event()

    async def on_call(_params: dict[str, Any]) -> Answer:
        await release.wait()
        return text_result("late")

    guarded.peer.on_call = on_call
    call = guarded.start_call()
    await guarded.clock.elapse(6.0)
    release.set()
    assert (await bounded(call, 5.0)).text == "late"
    assert guarded.circuit.slow == 1


async def test_a_timeout_makes_the_supervisor_look_after_the_server(guarded: Guarded) -> None:
    """A server that is silent altogether is replaced without another call."""
    guarded.peer.is_silent = True
    call = guarded.start_call()
    await guarded.clock.elapse(30.0)
    assert (await call).cause is Cause.TIMEOUT
    await guarded.clock.elapse(2.0)
    assert "sign of life" in str(guarded.supervised.supervisor.status().last_error)


async def test_trial_calls_open_a_server_that_is_down_at_most_once_a_second(guarded: Guarded) -> None:
    """Each opening starts a process; however many calls come, they share what is opened."""
    await guarded.open_circuit()
    guarded.peer.refuses_to_list = True
    guarded.peer.crash()
    await guarded.clock.elapse(120.0)
    opened = len(guarded.peer.transports)
    calls = []
    for _ in range(8):
        calls.append(guarded.start_call())
        await guarded.clock.elapse(0.1)
    assert len(guarded.peer.transports) - opened == 1
    await guarded.clock.elapse(3.0)
    assert {call.result().cause for call in calls} == {Cause.CONNECT}
