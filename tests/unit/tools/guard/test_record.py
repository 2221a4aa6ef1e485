"""The figures of a tool, and what would keep a call from it."""

import pytest
from mcp_types import ErrorData

from sentinel.tools.config import ToolOverride
from sentinel.tools.guard.record import ToolRecord
from sentinel.tools.outcome import OUR_OWN, VERDICTS, Cause
from sentinel.tools.session.server_status import ServerState
from tests.unit.tools.guarded import TARGET, Guarded
from tests.unit.tools.peers import Answer, text_result
from tests.unit.tools.supervised import Supervised


async def answered_after(guarded: Guarded, seconds: float) -> None:
    async def on_call(_params: object) -> Answer:
        await guarded.clock.sleep(seconds)
        return text_result("done")

    guarded.peer.on_call = on_call
    call = guarded.start_call()
    await guarded.clock.elapse(seconds)
    await call


def record(guarded: Guarded) -> ToolRecord:
    return guarded.guard.record


async def test_before_the_first_call_nothing_is_known(guarded: Guarded) -> None:
    """Which is not the same as a rate of nought."""
    assert (record(guarded).success_rate, record(guarded).latency_ms(0.5)) == (None, None)


async def test_times_are_those_of_results(guarded: Guarded) -> None:
    """A call that fails at once would make a tool look quick."""
    for seconds in (0.1, 0.2, 0.9):
        await answered_after(guarded, seconds)
    guarded.switched_off.add(TARGET)
    await guarded.call()
    assert record(guarded).latency_ms(0.5) == pytest.approx(200)
    assert record(guarded).latency_ms(0.95) == pytest.approx(900)


async def test_arguments_that_are_refused_say_nothing_about_the_tool(supervised: Supervised) -> None:
    """Whether its server refuses them or, by the operator's words for it, the tool; its own errors are named apart."""
    await supervised.ready()
    guarded = Guarded(supervised, override=ToolOverride(input_errors=("no such",)))
    await guarded.call(text="fine")
    for answer in (
        ErrorData(code=-32602, message="no such field"),
        text_result("no such account", is_error=True),
        text_result("the disk is full", is_error=True),
    ):
        guarded.answer_with(answer)
        await guarded.call()
    figures = record(guarded)
    assert (figures.calls, figures.failures, figures.caller_errors, figures.tool_errors) == (4, 3, 2, 1)
    assert figures.success_rate == pytest.approx(0.5)


async def test_calls_that_were_not_sent_say_nothing_about_the_tool(guarded: Guarded) -> None:
    """They are failures, but not the tool's."""
    await guarded.call(text="fine")
    guarded.switched_off.add(TARGET)
    await guarded.call()
    figures = record(guarded)
    assert (figures.calls, figures.failures, figures.unsent, figures.success_rate) == (2, 1, 1, 1.0)
    assert figures.last_failure is not None
    assert figures.last_failure.cause is Cause.KILL_SWITCH


def test_what_was_not_sent_was_not_executed() -> None:
    """The two tables agree."""
    assert {VERDICTS[cause].executed for cause in OUR_OWN} == {"no"}


async def test_an_obstacle_is_what_the_next_call_would_meet(guarded: Guarded) -> None:
    """Asked without a call."""
    assert guarded.guard.obstacle() is None
    guarded.board.get(TARGET).trip(actor="ann")
    assert guarded.guard.obstacle() is Cause.CIRCUIT_OPEN
    guarded.peer.refuses_to_list = True
    guarded.peer.crash()
    await guarded.supervised.until_state(ServerState.DOWN)
    assert guarded.guard.obstacle() is Cause.CONNECT
    guarded.switched_off.add(TARGET)
    assert guarded.guard.obstacle() is Cause.KILL_SWITCH
    assert (await guarded.call()).cause is Cause.KILL_SWITCH
