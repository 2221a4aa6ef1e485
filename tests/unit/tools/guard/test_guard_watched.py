"""What those hear who watch the calls of tools: every call once, however it ends."""

import asyncio

import pytest
from mcp_types import ErrorData

from sentinel.errors import Outcome
from sentinel.testing.clock import settle
from sentinel.tools.call import CallContext
from sentinel.tools.outcome import Cause
from sentinel.tools.transport.own_faults import OwnFault
from tests.unit.tools.guarded import TARGET, Guarded
from tests.unit.tools.peers import text_result


async def test_a_result_is_told_with_its_time_and_its_origin(guarded: Guarded) -> None:
    guarded.answer_with(text_result("fine"))
    await guarded.guard.call({}, context=CallContext(origin="mcp"))
    await guarded.call()
    first, second = guarded.seen
    assert (first.server, first.tool, first.outcome, first.cause) == ("peer", "echo", Outcome.SUCCESS, None)
    assert (first.was_sent, first.origin, second.origin) == (True, "mcp", "run")


async def test_a_refusal_is_told_as_one_that_was_not_sent(guarded: Guarded) -> None:
    guarded.switched_off.add(TARGET)
    await guarded.call()
    (call,) = guarded.seen
    assert (call.cause, call.outcome, call.was_sent) == ("kill_switch", Outcome.NEUTRAL, False)


async def test_a_call_whose_caller_leaves_is_told_as_cancelled(guarded: Guarded) -> None:
    guarded.never_answer()
    call = guarded.start_call()
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (told,) = guarded.seen
    assert (told.cause, told.outcome, told.was_sent) == ("cancelled", Outcome.NEUTRAL, True)


async def test_a_pause_with_the_cause_of_an_answer_is_told_as_not_sent(guarded: Guarded) -> None:
    data = OwnFault(Cause.FORBIDDEN, "HTTP fault")
    guarded.answer_with(ErrorData(code=-32603, message="HTTP fault", data=data))
    await guarded.call()
    await guarded.call()
    assert [(call.cause, call.was_sent) for call in guarded.seen] == [("forbidden", True), ("forbidden", False)]
