"""Which calls the router makes once more for a session that a server has refused, and what it then believes."""

import asyncio
from typing import Any

import pytest
from mcp_types import ErrorData

from sentinel.testing.clock import settle
from sentinel.tools.config import Effect
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from sentinel.tools.transport.own_faults import OwnFault
from tests.support.bounded import bounded
from tests.unit.tools.peers import Answer, text_result
from tests.unit.tools.routed import SAY, Routed, routed

FORGOTTEN = ErrorData(code=-32603, message="HTTP 404", data=OwnFault(Cause.SESSION_EXPIRED, "HTTP 404"))
OTHER_VERSION = ErrorData(code=-32022, message="not that version")
NO_SUCH_METHOD = ErrorData(code=-32601, message="downstream method not found")


def answer(tools: Routed, server: str, *answers: Answer) -> None:
    """Let a server give these answers, and the last one for ever."""
    left = list(answers)

    async def on_call(_params: dict[str, Any]) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    tools.peers[server].on_call = on_call


@pytest.mark.parametrize("refusal", [FORGOTTEN, OTHER_VERSION], ids=["forgotten", "other version"])
async def test_a_call_that_was_refused_for_its_session_is_made_once_more(refusal: ErrorData) -> None:
    """It was not carried out, so this is safe even where the tool changes something."""
    async with routed("one") as tools:
        answer(tools, "one", refusal, text_result("done"))
        outcome = await tools.call("one__echo")
        assert (outcome.text, tools.sessions("one"), len(tools.peers["one"].calls)) == ("done", 2, 2)
        assert [each.sends for each in outcome.attempts] == [1, 1]


async def test_it_is_asked_again_before_its_equivalent_is() -> None:
    """Its server is there: a new session costs next to nothing."""
    async with routed("one", "two", capabilities=SAY) as tools:
        answer(tools, "one", FORGOTTEN, text_result("done"))
        outcome = await tools.call("say")
        assert (outcome.text, [each.server for each in outcome.attempts]) == ("done", ["one", "one"])


@pytest.mark.parametrize("refusal", [FORGOTTEN, OTHER_VERSION], ids=["forgotten", "other version"])
async def test_a_session_that_is_refused_as_soon_as_it_is_opened_is_not_believed(refusal: ErrorData) -> None:
    """The call ends, and does not claim that nothing was done; nor is an equivalent asked, which might do it twice."""
    async with routed("one", "two", capabilities=SAY) as tools:
        answer(tools, "one", refusal)
        outcome = await tools.call("say")
        assert [(each.server, each.executed) for each in outcome.attempts] == [("one", "no"), ("one", "unknown")]
        assert outcome.executed == "unknown"
        assert "Nothing was done" not in outcome.text
        assert (len(tools.peers["one"].calls), len(tools.peers["two"].calls)) == (2, 0)


async def test_a_call_that_changes_something_is_sent_twice_in_all_whoever_refuses_it() -> None:
    """The equivalent, too, has forgotten its session; that is believed, as nothing was opened for this call."""
    async with routed("one", "two", capabilities=SAY) as tools:
        answer(tools, "one", ErrorData(code=-32603, message="", data=OwnFault(Cause.THROTTLED, "HTTP 429")))
        answer(tools, "two", FORGOTTEN)
        outcome = await tools.call("say")
        assert [(each.server, each.sends) for each in outcome.attempts] == [("one", 1), ("two", 1)]
        assert outcome.executed == "no"


@pytest.mark.parametrize(("effect", "calls"), [(Effect.MUTATING, 1), (Effect.IDEMPOTENT, 2), (Effect.READ_ONLY, 2)])
async def test_a_server_that_lists_tools_and_knows_no_calls_may_have_acted(effect: Effect, calls: int) -> None:
    """It passes on what somebody else has told it; its session ends only where the call is made once more."""
    async with routed("one", effect=effect) as tools:
        answer(tools, "one", NO_SUCH_METHOD)
        outcome = await tools.call("one__echo")
        assert (outcome.cause, outcome.executed) == (Cause.PROTOCOL, "unknown")
        assert (len(tools.peers["one"].calls), tools.sessions("one")) == (calls, calls)


async def test_a_tool_that_may_have_acted_has_no_stand_in_that_changes_something() -> None:
    """Also where it was refused before anything was sent when it was asked once more."""
    effects = {"one": Effect.IDEMPOTENT, "two": Effect.MUTATING}
    async with routed("one", "two", effects=effects, capabilities=SAY) as tools:

        async def switch_off(_params: dict[str, Any]) -> Answer:
            tools.switched_off.add("tool:one/echo")
            return NO_SUCH_METHOD

        tools.peers["one"].on_call = switch_off
        outcome = await tools.call("say")
        assert [(each.server, each.cause) for each in outcome.attempts] == [("one", "protocol"), ("one", "kill_switch")]
        assert (outcome.executed, tools.sessions("one"), tools.peers["two"].calls) == ("unknown", 2, [])


async def test_a_call_that_found_its_server_away_may_still_be_refused_for_its_session() -> None:
    """Nothing had been sent when the server was away. A second opening within a second waits for the back-off."""
    async with routed("one") as tools:
        tools.peers["one"].crash()
        await tools.until_state("one", ServerState.DOWN)
        answer(tools, "one", OTHER_VERSION, text_result("done"))
        call = asyncio.create_task(tools.router.call("one__echo", {}))
        await settle(100)
        await tools.clock.elapse(0.4)
        outcome = await bounded(call, 5.0)
        assert [(each.cause, each.sends) for each in outcome.attempts] == [("connect", 0), ("protocol", 1), (None, 1)]
