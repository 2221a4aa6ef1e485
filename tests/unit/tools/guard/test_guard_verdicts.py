"""What a guard learns from failures, and whom it blames: the tool, its server, or nobody."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mcp_types import ErrorData

from sentinel.errors import Outcome
from sentinel.resilience.breaker_view import BreakerState
from sentinel.testing.clock import settle
from sentinel.tools.call import CallContext
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import Effect, ToolOverride
from sentinel.tools.guard.result_check import ResultChecker
from sentinel.tools.outcome import Cause, Failure
from sentinel.tools.session.connection import IDEMPOTENCY_KEY
from sentinel.tools.session.server_status import ServerState
from sentinel.tools.transport.own_faults import OwnFault
from tests.support.bounded import bounded
from tests.unit.tools.guarded import TARGET, Guarded
from tests.unit.tools.peers import Answer, text_result
from tests.unit.tools.supervised import Supervised

# What a server says about itself --------------------------------------------------------------------------------------


def fault(cause: Cause, retry_after_seconds: float | None = None) -> ErrorData:
    """What our own HTTP transport makes of an HTTP fault."""
    data = OwnFault(cause, "HTTP fault", retry_after_seconds=retry_after_seconds)
    return ErrorData(code=-32603, message="HTTP fault", data=data)


async def test_a_tool_that_asks_for_a_pause_gets_it_without_a_strike(guarded: Guarded) -> None:
    """Nothing is sent until then; the outcome says for how long."""
    guarded.answer_with(fault(Cause.THROTTLED, 40.0))
    first = await guarded.call()
    assert (first.cause, first.outcome, first.executed) == (Cause.THROTTLED, Outcome.THROTTLE, "no")
    second = await guarded.call()
    assert (second.cause, second.retry_after_seconds) == (Cause.COOLDOWN, 40.0)
    assert len(guarded.peer.calls) == 1
    assert guarded.circuit.failures == 0
    guarded.clock.advance(40.0)
    guarded.answer_with(text_result("rested"))
    assert (await guarded.call()).text == "rested"


async def test_a_pause_without_a_time_is_guessed_and_grows(guarded: Guarded) -> None:
    """One second, two, four, and so on."""
    guarded.answer_with(fault(Cause.THROTTLED))
    for seconds in (1.0, 2.0, 4.0, 8.0, 8.0):
        assert (await guarded.call()).cause is Cause.THROTTLED
        assert (await guarded.call()).retry_after_seconds == seconds
        guarded.clock.advance(seconds)


async def test_a_refused_credential_ends_the_session_until_much_later(guarded: Guarded) -> None:
    """Nobody hammers a server with a key that it does not accept; an operator need not wait."""
    guarded.answer_with(fault(Cause.AUTH))
    first = await guarded.call()
    assert (first.cause, first.outcome, first.executed) == (Cause.AUTH, Outcome.LATCH, "no")
    supervisor = guarded.supervised.supervisor
    assert supervisor.status().is_refused
    await guarded.clock.elapse(299.0)
    assert (await guarded.call()).cause is Cause.AUTH
    assert supervisor.status().sessions == 1
    supervisor.reconnect()
    await guarded.supervised.until_state(ServerState.READY)
    assert not supervisor.status().is_refused


async def test_a_tool_that_we_may_not_use_does_not_cost_its_server(guarded: Guarded) -> None:
    """The tool alone is left alone, and an operator is told, once."""
    guarded.answer_with(fault(Cause.FORBIDDEN))
    await guarded.call()
    assert (await guarded.call()).cause is Cause.FORBIDDEN
    await settle(40)
    assert len(guarded.peer.calls) == 1
    assert guarded.supervised.supervisor.state is ServerState.READY
    assert guarded.forbidden == [TARGET]
    guarded.clock.advance(300.0)
    assert (await guarded.call()).cause is Cause.FORBIDDEN
    await settle(40)
    assert (len(guarded.peer.calls), guarded.forbidden) == (2, [TARGET])


async def test_a_server_that_forbids_everything_is_held_as_one_that_refuses_the_key(guarded: Guarded) -> None:
    """It is asked something harmless after the first refusal; its tools are told apart only where it tells them."""

    async def forbid(_params: dict[str, Any]) -> Answer:
        return fault(Cause.FORBIDDEN)

    guarded.peer.on_call = guarded.peer.on_list = forbid
    assert (await guarded.call()).cause is Cause.FORBIDDEN
    await settle(40)
    status = guarded.supervised.supervisor.status()
    assert (status.is_refused, status.last_cause, guarded.forbidden) == (True, Cause.AUTH, [])
    await guarded.clock.elapse(299.0)
    assert guarded.supervised.supervisor.status().sessions == 1


async def test_a_forgotten_session_is_replaced_at_once(guarded: Guarded) -> None:
    """The call ends all the same: whether it is made once more is for the router to say."""
    guarded.answer_with(fault(Cause.SESSION_EXPIRED))
    outcome = await guarded.call()
    assert (outcome.cause, outcome.executed, outcome.heals, outcome.sends) == (Cause.SESSION_EXPIRED, "no", True, 1)
    await guarded.supervised.until_state(ServerState.READY)
    assert guarded.supervised.supervisor.status().sessions == 2


async def test_a_session_that_others_use_is_not_replaced_while_its_server_answers_in_it(guarded: Guarded) -> None:
    """One call's word is not enough to cost the others theirs."""
    answers: list[Answer] = [fault(Cause.SESSION_EXPIRED)]

    async def on_call(_params: dict[str, Any]) -> Answer:
        if not answers:
            await asyncio.Event().wait()
        return answers.pop()

    guarded.peer.on_call = on_call
    first, other = guarded.start_call(), guarded.start_call()
    assert (await bounded(first, 5.0)).cause is Cause.SESSION_EXPIRED
    await settle(40)
    assert guarded.peer.asked.count("tools/list") == 2
    assert guarded.supervised.supervisor.status().sessions == 1
    other.cancel()


@pytest.mark.parametrize(
    "data",
    [
        {"sentinel": True, "cause": "session_expired", "executed": "no", "retry_after_seconds": None},
        {"sentinel": True, "cause": "transport"},
        {"sentinel": True, "cause": "throttled", "executed": "banana", "retry_after_seconds": "soon"},
        {"sentinel": "", "cause": ["a"], "executed": "no"},
        {"sentinel": True, "cause": "auth", "executed": "no", "retry_after_seconds": 1e300},
    ],
)
async def test_nobody_can_forge_what_we_say_of_ourselves(guarded: Guarded, data: dict[str, Any]) -> None:
    """It is the server's own error, and its session goes on."""
    guarded.answer_with(ErrorData(code=-32603, message="x", data=data))
    outcome = await guarded.call()
    assert (outcome.cause, outcome.executed, outcome.sends) == (Cause.SERVER_ERROR, "unknown", 1)
    assert outcome.retry_after_seconds is None
    assert guarded.supervised.supervisor.state is ServerState.READY
    assert guarded.supervised.supervisor.status().sessions == 1


async def test_what_cannot_be_judged_is_an_outcome_too(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never an exception, whatever goes wrong in judging."""

    def fail(*_: object, **__: object) -> None:
        raise KeyError("executed")

    monkeypatch.setattr("sentinel.tools.guard.guard.judge_answer", fail)
    guarded.answer_with(text_result("odd"))
    outcome = await guarded.call()
    assert (outcome.cause, outcome.executed) == (Cause.MALFORMED, "unknown")


async def test_a_server_of_another_protocol_is_asked_for_it_once(guarded: Guarded) -> None:
    """A second refusal is the tool's failure; the session is not given up for every call."""
    guarded.answer_with(ErrorData(code=-32022, message="not that version"))
    first = await guarded.call()
    await guarded.supervised.until_state(ServerState.READY)
    second = await guarded.call()
    assert [(each.cause, each.heals) for each in (first, second)] == [(Cause.PROTOCOL, True), (Cause.PROTOCOL, False)]
    assert guarded.peer.asked.count("server/discover") == 2
    assert guarded.supervised.supervisor.status().sessions == 2


async def test_refused_arguments_make_the_tools_be_listed_again(guarded: Guarded) -> None:
    """They may have changed."""
    guarded.answer_with(ErrorData(code=-32602, message="no such field"))
    await guarded.call()
    await settle(40)
    assert guarded.peer.asked.count("tools/list") == 2


SCHEMA = {"type": "object", "properties": {"account": {"type": "string"}}}
QUESTION = {"method": "elicitation/create", "params": {"message": "Which\u202e account?", "requestedSchema": SCHEMA}}
ASKED = {"resultType": "input_required", "requestState": "s", "inputRequests": {"q": QUESTION}}
NOBODY_TO_ASK = ErrorData(code=-32021, message="no", data={"requiredCapabilities": {"elicitation": {}}})


async def test_a_tool_that_asks_a_person_has_not_finished_and_the_model_reads_its_question(guarded: Guarded) -> None:
    """Not that it is unknown what became of it: it has said so."""
    guarded.answer_with(ASKED)
    outcome = await guarded.call()
    assert (outcome.cause, outcome.executed, outcome.failure) == (Cause.NEEDS_INPUT, "unknown", Failure.NEEDS_INPUT)
    told = json.loads(outcome.for_model())
    assert (told["error"], told["executed"]) == ("needs_input", "unknown")
    assert told["message"].endswith("it has not finished. It asks: Which account?")
    assert guarded.circuit.failures == 0


async def test_a_server_that_wants_a_person_to_be_there_has_done_nothing(guarded: Guarded) -> None:
    """And is not taken for one that speaks another protocol."""
    guarded.answer_with(NOBODY_TO_ASK)
    outcome = await guarded.call()
    assert (outcome.cause, outcome.executed, outcome.failure) == (Cause.NEEDS_INPUT, "no", Failure.NEEDS_INPUT)
    assert (guarded.circuit.failures, guarded.supervised.supervisor.status().sessions) == (0, 1)


# Whose fault is it? ---------------------------------------------------------------------------------------------------


async def test_a_deadline_of_a_server_that_is_silent_altogether_is_no_strike(guarded: Guarded) -> None:
    """The tool is not to blame for it."""
    guarded.peer.is_silent = True
    call = guarded.start_call()
    await guarded.clock.elapse(32.0)
    assert (await call).cause is Cause.TIMEOUT
    assert guarded.circuit.failures == 0
    assert guarded.circuit.neutral == 1


async def test_what_operators_see_of_a_silent_server_has_a_word_of_its_own(guarded: Guarded) -> None:
    """At the deadline nobody can know yet that it is not the tool alone; afterwards it is put right."""
    guarded.peer.is_silent = True
    call = guarded.start_call()
    await guarded.clock.elapse(32.0)
    assert (await call).cause is Cause.TIMEOUT
    failure = guarded.guard.record.last_failure
    assert failure is not None
    assert (failure.cause, guarded.supervised.supervisor.status().last_cause) == (Cause.HUNG, Cause.HUNG)


async def test_a_server_that_reads_nothing_is_known_to_hang_at_once(guarded: Guarded) -> None:
    """No strike for the tool; the server is asked, and replaced if it does not answer."""
    guarded.peer.is_silent = True
    guarded.peer.transports[-1].is_blocked = True
    call = guarded.start_call()
    await guarded.clock.elapse(30.0)
    outcome = await call
    assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.HUNG, Outcome.NEUTRAL, "unknown")
    await guarded.clock.elapse(2.0)
    assert guarded.supervised.supervisor.status().last_cause is Cause.HUNG


async def test_a_tool_with_which_its_server_always_crashes_is_isolated(guarded: Guarded) -> None:
    """Once is chance; calls that are lost together count once."""
    guarded.never_answer()
    for failures in (0, 2):
        calls = [guarded.start_call() for _ in range(2)]
        await settle(40)
        guarded.peer.crash()
        await bounded(asyncio.gather(*calls), 5.0)
        await settle(40)
        assert guarded.circuit.failures == failures
        await guarded.clock.elapse(5.0)
        await guarded.supervised.until_state(ServerState.READY)


@pytest.mark.parametrize("effect", [Effect.MUTATING, Effect.READ_ONLY])
async def test_a_tool_that_changes_something_is_tried_by_its_canary_first(
    supervised: Supervised, effect: Effect
) -> None:
    """One that only reads is tried by the call itself."""
    await supervised.ready()
    spec = ToolSpec(name="peer__echo", server="peer", tool="echo", description="", input_schema={}, effect=effect)
    guarded = Guarded(supervised, spec=spec, override=ToolOverride(canary={"text": "are you well?"}))
    guarded.answer_with(ErrorData(code=-32603, message="broken"))
    for _ in range(3):
        await guarded.call(text="real")
    guarded.clock.advance(31.0)
    guarded.peer.calls.clear()
    outcome = await guarded.call(text="real")
    asked = [call["arguments"]["text"] for call in guarded.peer.calls]
    if effect is Effect.READ_ONLY:
        assert (asked, outcome.cause) == (["real"], Cause.SERVER_ERROR)
        return
    assert (asked, outcome.cause, outcome.executed) == (["are you well?"], Cause.CIRCUIT_OPEN, "no")
    guarded.clock.advance(100.0)
    guarded.answer_with(text_result("fine"))
    assert (await guarded.call(text="real")).text == "fine"
    assert [call["arguments"]["text"] for call in guarded.peer.calls[1:]] == ["are you well?", "real"]


async def test_errors_of_many_callers_and_arguments_open_the_circuit(guarded: Guarded) -> None:
    """An API behind the tool is down; the tool says so in words."""
    guarded.answer_with(text_result("upstream is away", is_error=True))
    for number in range(7):
        await guarded.call_as(f"run-{number % 2}", text=str(number))
    assert guarded.state() is BreakerState.CLOSED
    await guarded.call_as("run-1", text="8")
    assert guarded.state() is BreakerState.OPEN
    assert guarded.supervised.supervisor.state is ServerState.READY


@pytest.mark.parametrize(("callers", "arguments"), [(1, 20), (2, 3)])
async def test_the_mistakes_of_one_caller_or_of_one_call_open_nothing(
    guarded: Guarded, callers: int, arguments: int
) -> None:
    """One run, however often; or the same few calls again and again."""
    guarded.answer_with(text_result("no such file", is_error=True))
    for number in range(40):
        await guarded.call_as(f"run-{number % callers}", text=str(number % arguments))
    assert guarded.state() is BreakerState.CLOSED


async def test_one_result_clears_the_errors_before_it(guarded: Guarded) -> None:
    """Errors count only together."""
    for number in range(20):
        guarded.answer_with(text_result("away", is_error=number % 7 != 6))
        await guarded.call_as(f"run-{number % 2}", text=str(number))
    assert guarded.state() is BreakerState.CLOSED


async def test_old_errors_are_forgotten(guarded: Guarded) -> None:
    """Only those of a minute count."""
    guarded.answer_with(text_result("away", is_error=True))
    for number in range(20):
        await guarded.call_as(f"run-{number % 2}", text=str(number))
        guarded.clock.advance(9.0)
    assert guarded.state() is BreakerState.CLOSED


async def test_a_caller_that_repeats_itself_is_told_so(guarded: Guarded) -> None:
    """From the third time on."""
    guarded.answer_with(text_result("no such file", is_error=True))
    texts = [(await guarded.call_as("run", text="a")).text for _ in range(3)]
    assert texts[:2] == ["no such file"] * 2
    assert "failed in the same way 3 times" in texts[2]
    assert (await guarded.call_as("run", text="b")).text == "no such file"


async def test_what_others_get_does_not_hide_that_a_caller_repeats_itself(guarded: Guarded) -> None:
    """Only a result of its own ends its row."""
    texts: list[str] = []
    for other in ("other", "other", "other", "run", "other"):
        guarded.answer_with(text_result("no such file", is_error=True))
        texts.append((await guarded.call_as("run", text="a")).text)
        guarded.answer_with(text_result("fine"))
        await guarded.call_as(other, text="b")
    assert ["3 times" in texts[2], "4 times" in texts[3]] == [True, True]
    assert texts[4] == "no such file"


async def test_operators_can_say_what_a_tools_words_mean(supervised: Supervised) -> None:
    """An outage counts at once, an input error never."""
    await supervised.ready()
    override = ToolOverride(infrastructure_errors=("Quota",), input_errors=("no such",))
    guarded = Guarded(supervised, override=override)
    guarded.answer_with(text_result("No such city", is_error=True))
    for number in range(20):
        await guarded.call_as(f"run-{number % 2}", text=str(number))
    assert guarded.state() is BreakerState.CLOSED
    guarded.answer_with(text_result("daily quota is used up", is_error=True))
    for _ in range(3):
        assert (await guarded.call()).outcome is Outcome.FAILURE
    assert guarded.state() is BreakerState.OPEN


async def test_a_result_that_breaks_its_promise_is_a_failure_of_a_tool_that_acted(supervised: Supervised) -> None:
    """The model is not told a wrong result."""
    await supervised.ready()
    guarded = Guarded(supervised)
    with ThreadPoolExecutor(1) as executor:
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        guarded.guard.checker = ResultChecker(schema, executor=executor)
        guarded.answer_with({"content": [], "structuredContent": {"n": "many"}, "resultType": "complete"})
        outcome = await guarded.call()
        assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.BAD_RESULT, Outcome.FAILURE, "yes")
        assert outcome.failure is Failure.RESULT_UNUSABLE
        guarded.answer_with({"content": [], "structuredContent": {"n": 3}, "resultType": "complete"})
        assert (await guarded.call()).structured == {"n": 3}


async def test_a_quarantined_tool_is_not_called(supervised: Supervised) -> None:
    """Whatever its server says."""
    await supervised.ready()
    spec = ToolSpec(name="peer__echo", server="peer", tool="echo", description="", input_schema={}, is_quarantined=True)
    guarded = Guarded(supervised, spec=spec)
    assert (await guarded.call()).cause is Cause.QUARANTINED
    assert guarded.peer.calls == []


async def test_the_idempotency_key_travels_with_the_call(guarded: Guarded) -> None:
    """For servers that honour one."""
    await guarded.guard.call({}, context=CallContext(idempotency_key="run-1:call-1"))
    assert guarded.peer.calls[0]["_meta"][IDEMPOTENCY_KEY] == "run-1:call-1"
    await guarded.guard.call({})
    assert IDEMPOTENCY_KEY not in guarded.peer.calls[1].get("_meta", {})
